// Python's threading.Condition.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/lock.hpp"
#include "tandem/threading/rlock.hpp"

namespace tandem::inline v1::threading {

// A lock with a queue of threads that wait for a change of what the lock guards.
// Neither copied nor moved. Lockable: `with condition:` is std::scoped_lock guard(condition).
// Threads  any number at once; wait() and notify() by the holder of the lock.
// Order    that of the lock.
// Spec     threading.condition
class TANDEM_API Condition {
 public:
  Condition();  // over a lock of its own, an RLock
  // Over that lock: taking either takes both. It must outlive the condition.
  explicit Condition(Lock& lock) noexcept : plain_(&lock) {}
  explicit Condition(RLock& lock) noexcept : recursive_(&lock) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  // The lock's own.
  bool acquire(AcquireOptions options = {});
  void release();
  void lock() { acquire(); }
  bool try_lock() { return acquire({.blocking = false}); }
  void unlock() { release(); }

  // Frees the lock (a recursive one entirely), waits until notified, takes the lock back.
  //   timeout  longest wait; default for ever; zero or less polls
  // Returns false iff nobody notified this thread. There are no spurious wake-ups.
  // Throws   RuntimeError (the lock is not held); OverflowError.
  // Spec     threading.condition.wait
  bool wait(Timeout timeout = {});

  // Waits until predicate() holds, asking it with the lock held: first, and after each wake-up.
  // Returns what it said last.
  // Throws   as wait(), if it has to wait; what the predicate throws.
  // Spec     threading.condition.wait-for
  template <std::predicate P>
  bool wait_for(P predicate, Timeout timeout = {}) {
    if (predicate()) return true;
    const auto until = detail::Deadline::after(timeout);
    wait(timeout);
    while (!predicate()) {
      if (until.passed()) return false;
      wait_until(until);
    }
    return true;
  }

  // Wakes the n threads that have waited longest, or all that there are. They go on once they have
  // the lock.
  // Throws   RuntimeError (the lock is not held).
  // Spec     threading.condition.notify
  void notify(std::ptrdiff_t n = 1);
  void notify_all();

  // Python's repr: "<Condition(<unlocked _thread.lock object at 0x7f12ab>, 0)>", with the number
  // of those that wait.
  TANDEM_API friend std::string to_string(const Condition& condition);
  friend std::ostream& operator<<(std::ostream& out, const Condition& condition) {
    return out << to_string(condition);
  }

 private:
  struct Waiter;

  bool is_owned();
  std::size_t release_all();
  void acquire_again(std::size_t count);
  bool wait_until(detail::Deadline until);
  void forget_the_lost() noexcept;
  void enqueue(Waiter& waiter) noexcept;
  // Takes the waiter out of the queue; false: somebody has notified it already.
  bool withdraw(Waiter& waiter) noexcept;
  // Notifies the first in the queue. Returns the word that it sleeps on; null: there is none.
  const seam::atomic<std::uint32_t>* pop() noexcept;

  std::optional<RLock> own_;
  Lock* plain_ = nullptr;  // one of the two is set
  RLock* recursive_ = nullptr;

  // Its own, since a Lock has no owner: who notifies without holding it must not break the queue.
  mutable detail::Mutex mutex_;
  Waiter* first_ = nullptr;                                // guarded by mutex_
  Waiter* last_ = nullptr;                                 // guarded by mutex_
  std::size_t waiting_ = 0;                                // guarded by mutex_
  std::uint32_t generation_ = detail::process_generation;  // guarded by mutex_: of those who wait
  detail::AdaptiveSpin spin_;
};

}  // namespace tandem::inline v1::threading
