#include "tandem/core/exit.hpp"

#include <array>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

namespace {

using Hooks = std::vector<std::function<void()>>;

struct Registry {
  ForkSafeMutex mutex{ForkStage::core};
  std::array<Hooks, 4> stages;  // by ExitStage; guarded by mutex
  bool registered = false;      // run_exit_hooks() is, with the system; guarded by mutex
  seam::atomic<bool> exiting{false};
};
Registry& registry() {
  static Registry& forever = *new Registry;  // never destroyed: it is used while statics die
  return forever;
}
[[maybe_unused]] const Registry& exit_at_start = registry();

void run(const std::function<void()>& hook) noexcept {
  try {
    hook();
  } catch (...) {
    log("Exception ignored in exit hook:\n" + exception_text(std::current_exception()));
  }
}

// A hook may register another: taken one by one, until there is none.
void run_stage(ExitStage stage) {
  Hooks& hooks = registry().stages[static_cast<std::size_t>(stage)];
  for (;;) {
    std::unique_lock guard(registry().mutex);
    if (hooks.empty()) return;
    const auto hook = std::move(hooks.back());
    hooks.pop_back();
    guard.unlock();
    run(hook);
  }
}

}  // namespace

void run_exit_hooks(ExitStage last) {
  registry().exiting.store(true, std::memory_order_seq_cst);
  for (const auto stage :
       {ExitStage::executors, ExitStage::threads, ExitStage::processes, ExitStage::leftovers})
    if (stage <= last) run_stage(stage);
}

void at_exit(ExitStage stage, std::function<void()> hook) {
  std::scoped_lock guard(registry().mutex);
  Hooks& hooks = registry().stages[static_cast<std::size_t>(stage)];
  hooks.reserve(hooks.size() + 1);  // nothing is registered if there is no memory
  if (!registry().registered) {
    if (std::atexit([] { run_exit_hooks(); }) != 0) throw std::bad_alloc();
    registry().registered = true;
  }
  hooks.push_back(std::move(hook));
}

bool is_exiting() noexcept { return registry().exiting.load(std::memory_order_seq_cst); }

}  // namespace tandem::inline v1::detail
