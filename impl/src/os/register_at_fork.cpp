#include "tandem/os/register_at_fork.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "platform/thread.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::os {

namespace {

using Hook = std::function<void()> RegisterAtForkOptions::*;

// Of the exception being handled.
void log_ignored(const char* name) noexcept {
  try {
    detail::log("Exception ignored in: os.register_at_fork(" + std::string(name) + ")\n" +
                detail::exception_text(std::current_exception()));
  } catch (...) {
    detail::log("Exception ignored in: os.register_at_fork");
  }
}

void run(const RegisterAtForkOptions& hooks, Hook hook, const char* name) noexcept {
  try {
    if (hooks.*hook) (hooks.*hook)();
  } catch (...) {
    log_ignored(name);
  }
}

// How many had been registered when this thread's fork() began. What other threads register
// meanwhile has not been told of its beginning, so it is not told of the rest.
constinit thread_local std::size_t at_begin = 0;
[[maybe_unused]] const bool begin_of_each_thread = seam::thread_word(at_begin);

class AtFork final : detail::ForkAware {
 public:
  static AtFork& get() {
    static AtFork& forever = *new AtFork;  // never destroyed: statics fork, too
    return forever;
  }

  void add(RegisterAtForkOptions hooks) {
    auto entry = std::make_shared<const Entry>(Entry{std::move(hooks), platform::thread_ident()});
    std::scoped_lock guard(mutex_);
    entries_.push_back(std::move(entry));
  }

 private:
  struct Entry {
    RegisterAtForkOptions hooks;
    std::uint64_t registrar;  // the thread
  };

  AtFork() : ForkAware(detail::ForkStage::users) {}

  // Asked once in each step: a hook may register others, which come into play at the next one.
  std::size_t count() noexcept {
    const std::scoped_lock guard(mutex_);
    return entries_.size();
  }
  std::shared_ptr<const Entry> entry(std::size_t index) noexcept {
    const std::scoped_lock guard(mutex_);
    return entries_[index];
  }
  void before_fork() noexcept override {
    const std::size_t told = count();
    for (std::size_t index = told; index-- > 0;)
      run(entry(index)->hooks, &RegisterAtForkOptions::before, "before");
    at_begin = told;  // last: a hook may fork, too
  }
  void after_fork_in_parent() noexcept override {
    after_fork(&RegisterAtForkOptions::after_in_parent, "after_in_parent");
  }
  void after_fork_in_child() noexcept override {
    after_fork(&RegisterAtForkOptions::after_in_child, "after_in_child");
  }
  void after_fork(Hook hook, const char* name) noexcept {
    const std::uint64_t self = platform::thread_ident();
    const std::size_t told = at_begin;  // a hook may fork, too
    const std::size_t all = count();
    for (std::size_t index = 0; index < all; ++index) {
      const auto each = entry(index);
      if (index < told || each->registrar == self) run(each->hooks, hook, name);
    }
  }

  detail::ForkSafeMutex mutex_{detail::ForkStage::core};
  std::vector<std::shared_ptr<const Entry>> entries_;  // guarded by mutex_; only grow
};
[[maybe_unused]] const AtFork& at_fork_at_start = AtFork::get();

}  // namespace

void register_at_fork(RegisterAtForkOptions options) {
  if (!options.before && !options.after_in_child && !options.after_in_parent)
    throw TypeError("At least one argument is required.");
  AtFork::get().add(std::move(options));
}

}  // namespace tandem::inline v1::os
