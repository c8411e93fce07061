#include "tandem/multiprocessing/context.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include "multiprocessing/process_state.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/process.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

namespace {

constexpr std::array<std::string_view, 3> method_names{"fork", "spawn", "forkserver"};

struct DefaultContext {
  ForkSafeMutex mutex{ForkStage::core};
  std::optional<StartMethod> method;  // guarded by mutex; none: not set yet

  static DefaultContext& get() {
    static DefaultContext& forever = *new DefaultContext;  // never destroyed, as the book
    return forever;
  }
};
[[maybe_unused]] const DefaultContext& default_context_at_start = DefaultContext::get();

StartMethod method_of(const std::string& name) {
  const auto found = std::ranges::find(method_names, name);
  if (found == method_names.end()) throw ValueError("cannot find context for " + string_repr(name));
  return static_cast<StartMethod>(found - method_names.begin());
}

std::string name_of_method(StartMethod method) {
  return std::string(method_names[static_cast<std::size_t>(method)]);
}

}  // namespace

StartMethod start_method_in_force() {
  DefaultContext& context = DefaultContext::get();
  const std::scoped_lock guard(context.mutex);
  if (!context.method) context.method = StartMethod::fork;
  return *context.method;
}

void force_start_method(StartMethod method) {
  DefaultContext& context = DefaultContext::get();
  const std::scoped_lock guard(context.mutex);
  context.method = method;
}

}  // namespace detail

Context Context::get_context(std::optional<std::string> method) const {
  return method ? multiprocessing::get_context(std::move(method)) : *this;
}

std::string Context::get_start_method() const { return detail::name_of_method(method_); }

void Context::set_start_method(std::string, bool) const {
  throw ValueError("cannot set start method of concrete context");
}

Process Context::Process(ProcessOptions options) const {
  return multiprocessing::Process(std::move(options), method_);
}

int Context::cpu_count() const { return multiprocessing::cpu_count(); }

Process Context::current_process() const { return multiprocessing::current_process(); }

std::optional<Process> Context::parent_process() const { return multiprocessing::parent_process(); }

std::vector<Process> Context::active_children() const { return multiprocessing::active_children(); }

void Context::set_executable(std::string executable) const {
  multiprocessing::set_executable(std::move(executable));
}

void Context::freeze_support(int argc, char** argv) const {
  multiprocessing::freeze_support(argc, argv);
}

Context get_context(std::optional<std::string> method) {
  return Context(method ? detail::method_of(*method) : detail::start_method_in_force());
}

std::string get_start_method() { return detail::name_of_method(detail::start_method_in_force()); }

std::optional<std::string> get_start_method(bool allow_none) {
  if (!allow_none) return get_start_method();
  auto& context = detail::DefaultContext::get();
  const std::scoped_lock guard(context.mutex);
  if (!context.method) return {};
  return detail::name_of_method(*context.method);
}

void set_start_method(std::optional<std::string> method, bool force) {
  auto& context = detail::DefaultContext::get();
  const std::scoped_lock guard(context.mutex);
  if (context.method && !force) throw RuntimeError("context has already been set");
  if (method)
    context.method = detail::method_of(*method);
  else if (force)
    context.method.reset();
  else
    context.method = detail::StartMethod::fork;
}

std::vector<std::string> get_all_start_methods() {
  return {detail::method_names.begin(), detail::method_names.end()};
}

}  // namespace tandem::inline v1::multiprocessing
