#include "tandem/multiprocessing/container_proxies.hpp"

#include <mutex>
#include <utility>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

namespace {

seam::atomic<const HeldType*> last_held{nullptr};

AttributeError no_attribute(const std::string& name) {
  return AttributeError("'Namespace' object has no attribute " + string_repr(name));
}

}  // namespace

HeldType::HeldType(const pickle::detail::KnownType& held_type, Load held_load, Dump held_dump,
                   Repr held_repr) noexcept
    : type(held_type), load(held_load), dump(held_dump), repr(held_repr), next(last_held.load()) {
  last_held.store(this);
}

void Held::check(const HeldType& expected) const {
  if (type_->type.hash != expected.type.hash)
    throw v1::pickle::UnpicklingError("expected " + v1::pickle::type_name_of(expected.type.hash) +
                                      ", got " + v1::pickle::type_name_of(type_->type.hash));
}

void Held::pickle(v1::pickle::Output& output) const {
  output.write_value(type_->type.hash);
  type_->dump(output, value_.get());
}

Held Held::unpickle(v1::pickle::Input& input) {
  const auto hash = input.read_value<std::uint64_t>();
  for (const HeldType* type = last_held.load(); type; type = type->next)
    if (type->type.hash == hash) return Held(*type, type->load(input));
  throw v1::pickle::UnpicklingError("a value of a type that this program does not hold");
}

ManagedNamespace::ManagedNamespace(std::map<std::string, Held> attributes)
    : attributes_(std::move(attributes)) {}

Held ManagedNamespace::get(const std::string& name) const {
  const std::scoped_lock guard(mutex_);
  const auto found = attributes_.find(name);
  if (found == attributes_.end()) throw no_attribute(name);
  return found->second;
}
void ManagedNamespace::set(const std::string& name, Held value) {
  const std::scoped_lock guard(mutex_);
  attributes_.insert_or_assign(name, std::move(value));
}
void ManagedNamespace::del(const std::string& name) {
  const std::scoped_lock guard(mutex_);
  if (attributes_.erase(name) == 0) throw no_attribute(name);
}
// What begins with _ is private.
std::string ManagedNamespace::repr() const {
  const std::scoped_lock guard(mutex_);
  std::string text;
  for (const auto& [name, value] : attributes_)
    if (!name.starts_with('_')) text += (text.empty() ? "" : ", ") + name + "=" + value.repr();
  return "Namespace(" + text + ")";
}

}  // namespace detail

namespace managers {

NamespaceProxy::NamespaceProxy(Lease lease) noexcept
    : detail::NamespaceProxyBase(std::move(lease), "NamespaceProxy") {}
NamespaceProxy NamespaceProxy::unpickle(v1::pickle::Input& input) {
  return NamespaceProxy(load(input));
}

}  // namespace managers
}  // namespace tandem::inline v1::multiprocessing
