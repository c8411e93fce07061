#include "tandem/os/register_at_fork.hpp"

#include <exception>
#include <memory>
#include <mutex>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::os {

namespace {

using Hook = std::function<void()> RegisterAtForkOptions::*;

void run(const RegisterAtForkOptions& hooks, Hook hook, const char* name) noexcept {
  try {
    if (hooks.*hook) (hooks.*hook)();
  } catch (...) {
    detail::log("Exception ignored in: os.register_at_fork(" + std::string(name) + ")\n" +
                detail::exception_text(std::current_exception()));
  }
}

class AtFork final : detail::ForkAware {
 public:
  static AtFork& get() {
    static AtFork& forever = *new AtFork;  // never destroyed: statics fork, too
    return forever;
  }

  void add(RegisterAtForkOptions hooks) {
    auto shared = std::make_shared<const RegisterAtForkOptions>(std::move(hooks));
    std::scoped_lock guard(mutex_);
    hooks_.push_back(std::move(shared));
  }

 private:
  using Hooks = std::vector<std::shared_ptr<const RegisterAtForkOptions>>;

  AtFork() : ForkAware(detail::ForkStage::users) {}

  // A copy: a hook may register others, which come into play at the next step.
  Hooks hooks() {
    std::scoped_lock guard(mutex_);
    return hooks_;
  }
  void before_fork() noexcept override {
    for (const auto& each : hooks() | std::views::reverse)
      run(*each, &RegisterAtForkOptions::before, "before");
  }
  void after_fork_in_parent() noexcept override {
    for (const auto& each : hooks())
      run(*each, &RegisterAtForkOptions::after_in_parent, "after_in_parent");
  }
  void after_fork_in_child() noexcept override {
    for (const auto& each : hooks())
      run(*each, &RegisterAtForkOptions::after_in_child, "after_in_child");
  }

  detail::ForkSafeMutex mutex_{detail::ForkStage::core};
  Hooks hooks_;  // guarded by mutex_
};
[[maybe_unused]] const AtFork& ready_at_start = AtFork::get();

}  // namespace

void register_at_fork(RegisterAtForkOptions options) {
  if (!options.before && !options.after_in_child && !options.after_in_parent)
    throw TypeError("At least one argument is required.");
  AtFork::get().add(std::move(options));
}

}  // namespace tandem::inline v1::os
