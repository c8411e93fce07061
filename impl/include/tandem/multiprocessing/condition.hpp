// Python's multiprocessing.Condition.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"
#include "tandem/multiprocessing/lock.hpp"

namespace tandem::inline v1::multiprocessing {

// A lock with a queue of threads, of any process, that wait for a change of what the lock guards.
// A handle, as Lock. Lockable: `with condition:` is std::scoped_lock guard(condition).
// Threads  any number at once, of any process, but no more than 1024 may wait; wait() and notify()
//          by the holder of the lock.
// Order    that of the lock.
// Errors   a thread that was killed while it waited takes no notification from others (Python's
//          notify() may hang then).
// Spec     multiprocessing.condition
class TANDEM_API Condition {
 public:
  Condition();  // over a lock of its own, an RLock
  // Over that lock: taking either takes both.
  explicit Condition(RLock lock);
  explicit Condition(Lock lock);
  explicit Condition(const Context& context);

  // The lock's own.
  bool acquire(AcquireOptions options = {}) const;
  void release() const;
  void lock() const { acquire(); }
  bool try_lock() const { return acquire({.block = false}); }
  void unlock() const { release(); }

  // Frees the lock (a recursive one entirely), waits until notified, takes the lock back.
  //   timeout  longest wait; default for ever; zero or less polls
  // Returns false iff nobody notified this thread. There are no spurious wake-ups.
  // Throws   AssertionError (the lock is not held by this thread); OverflowError; RuntimeError (too
  //          many wait).
  // Spec     multiprocessing.condition.wait
  bool wait(Timeout timeout = {}) const;

  // Waits until predicate() holds, asking it with the lock held: first, and after each wake-up.
  // Returns what it said last.
  // Throws   as wait(), if it has to wait; what the predicate throws.
  // Spec     multiprocessing.condition.wait-for
  template <std::predicate P>
  auto wait_for(P predicate, Timeout timeout = {}) const {
    auto result = predicate();
    if (result) return result;
    const auto until = detail::Deadline::after(timeout);
    while (!result && !until.passed()) {
      wait_until(until);
      result = predicate();
    }
    return result;
  }

  // Wakes the n threads that have waited longest, or all that there are. They go on once they have
  // the lock.
  // Throws   AssertionError (the lock is not held by this thread).
  // Spec     multiprocessing.condition.notify
  void notify(std::ptrdiff_t n = 1) const;
  void notify_all() const;

  friend bool operator==(const Condition& a, const Condition& b) noexcept {
    return a.block_ == b.block_;
  }
  // Python's repr: "<Condition(<RLock(None, 0)>, 0)>", with the number of those that wait.
  TANDEM_API friend std::string to_string(const Condition& condition);
  friend std::ostream& operator<<(std::ostream& out, const Condition& condition) {
    return out << to_string(condition);
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const;
  static Condition unpickle(v1::pickle::Input& input);

 private:
  using AnyLock = std::variant<RLock, Lock>;

  explicit Condition(AnyLock lock);
  Condition(AnyLock lock, detail::SharedBlock block);
  bool is_mine() const noexcept;
  std::uint32_t release_all() const;
  void acquire_again(std::uint32_t count) const;
  bool wait_until(std::optional<detail::Deadline> until) const;

  AnyLock lock_;
  detail::SharedBlock block_;  // those who wait
};

inline auto Context::Condition() const { return multiprocessing::Condition(*this); }
template <class L>
auto Context::Condition(L lock) const {
  return multiprocessing::Condition(std::move(lock));
}

}  // namespace tandem::inline v1::multiprocessing
