#include "tandem/pickle/modules.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "pickle/places.hpp"
#include "platform/modules.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::pickle {

namespace {

using platform::LoadedModule;
using platform::Range;

// The modules as they were when they were last asked for; looked at without a lock.
class Modules {
 public:
  // The first module that fits; null: none does, even after those loaded meanwhile were looked at.
  template <class Fits>
  const LoadedModule* find(const Fits& fits) {
    const Table* table = table_.load();
    if (table)
      if (const auto* module = find_in(*table, fits)) return module;
    if (table && table->changes == platform::module_changes()) return nullptr;
    return find_in(renewed(), fits);
  }
  const std::vector<LoadedModule>& all() { return renewed().modules; }

 private:
  struct Table {
    std::uint64_t changes;
    std::vector<LoadedModule> modules;
  };

  template <class Fits>
  static const LoadedModule* find_in(const Table& table, const Fits& fits) {
    const auto found = std::ranges::find_if(table.modules, fits);
    return found == table.modules.end() ? nullptr : &*found;
  }
  const Table& renewed() {
    std::scoped_lock guard(mutex_);
    const std::uint64_t changes = platform::module_changes();
    if (tables_.empty() || tables_.back()->changes != changes) {
      tables_.push_back(std::make_unique<Table>(Table{changes, platform::loaded_modules()}));
      table_.store(tables_.back().get());
    }
    return *tables_.back();
  }

  tandem::detail::ForkSafeMutex mutex_{tandem::detail::ForkStage::core};
  std::vector<std::unique_ptr<const Table>> tables_;  // somebody may still look at the old ones
  seam::atomic<const Table*> table_{nullptr};
};

Modules& modules() {
  static Modules& forever = *new Modules;  // never destroyed: statics send calls, too
  return forever;
}
[[maybe_unused]] const Modules& modules_at_start = modules();

bool is_in(const std::vector<Range>& ranges, std::uintptr_t address) {
  return std::ranges::any_of(ranges, [=](const Range& range) { return range.contains(address); });
}

}  // namespace

void detail::write_place(Output& output, std::uintptr_t address) {
  const auto* module =
      modules().find([=](const LoadedModule& candidate) { return is_in(candidate.all, address); });
  if (!module)
    throw PicklingError("cannot pickle what is at " +
                        tandem::detail::address_text(reinterpret_cast<void*>(address)) +
                        ": it belongs to no module of the program");
  output.write_value(module->identity);
  output.write_value<std::uint64_t>(address - module->base);
}

std::uintptr_t detail::read_place(Input& input, Part part) {
  const auto identity = input.read_value<std::uint64_t>();
  const auto offset = input.read_value<std::uint64_t>();
  const auto* module =
      modules().find([=](const LoadedModule& candidate) { return candidate.identity == identity; });
  if (!module) throw UnpicklingError("a function of a module that this process has not");
  const std::uint64_t place = module->base + offset;
  const auto address = static_cast<std::uintptr_t>(place);
  if (address != place || !is_in(part == Part::CODE ? module->code : module->all, address))
    throw UnpicklingError("there is no function at " + std::to_string(offset) + " of " +
                          module->path);
  return address;
}

std::vector<Module> module_table() {
  std::vector<Module> table;
  for (const auto& module : modules().all()) table.push_back({module.path, module.identity});
  return table;
}

void check_module_table(const std::vector<Module>& table) {
  const auto is_here = [](const Module& module) {
    return modules().find([&](const LoadedModule& candidate) {
      return candidate.identity == module.identity;
    }) != nullptr;
  };
  for (const Module& module : table)
    if (!is_here(module) && !(platform::load_module(module.path) && is_here(module)))
      throw UnpicklingError("the module " + tandem::detail::string_repr(module.path) +
                            " of the other process is another here, or missing");
}

}  // namespace tandem::inline v1::pickle
