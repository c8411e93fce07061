// asyncio.Condition: tasks that wait for a change of what a lock guards.
#pragma once
#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/referrers.hpp"
#include "tandem/asyncio/detail/waiter.hpp"
#include "tandem/asyncio/lock.hpp"

namespace tandem::inline v1::asyncio {

// A lock with a queue of tasks that wait until they are notified. Neither copied nor moved.
// `async with condition` is auto guard = co_await asyncio::with(condition). Guards and tasks that
// wait may be left when it goes, or its lock: as of a Lock.
// Threads  those of its loop only.
// Spec     asyncio.condition
class TANDEM_API Condition {
 public:
  Condition();  // over a lock of its own
  // Over that lock: taking either takes both. Once that is gone, so is the use of the condition:
  // acquire() and release() throw RuntimeError.
  explicit Condition(Lock& lock);
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;
  ~Condition();

  // The lock's own.
  detail::Attempt<Lock::Acquiring> acquire();
  void release();
  bool locked() const noexcept;
  detail::Referrers& referrers() noexcept { return referrers_; }  // the library's own

  // Frees the lock, waits until notified, takes the lock back. Returns true.
  // Throws   CancelledError, with the lock taken again; RuntimeError (the lock is free; or another
  //          loop than the one where tasks have waited before).
  // Spec     asyncio.condition.wait
  Coroutine<bool> wait() { return wait_in(state_); }

  // Waits until predicate() holds, asking it with the lock held: first, and after each wake-up.
  // Returns true.
  // Throws   as wait(), if it has to wait; what the predicate throws.
  // Spec     asyncio.condition.wait-for
  template <std::predicate P>
  Coroutine<bool> wait_for(P predicate) {
    const std::shared_ptr<State> state = state_;
    while (!predicate()) co_await wait_in(state);
    co_return true;
  }

  // Wakes the n tasks that have waited longest, or all that there are. They go on one by one, when
  // they have got the lock. One that is cancelled meanwhile has the next notified.
  // Throws   RuntimeError (the lock is free).
  // Spec     asyncio.condition.notify
  void notify(std::ptrdiff_t n = 1);
  void notify_all();

  // Python's repr: "<asyncio.locks.Condition object at 0x7f12ab [locked, waiters:2]>".
  TANDEM_API friend std::string to_string(const Condition& condition);
  TANDEM_API friend std::ostream& operator<<(std::ostream& out, const Condition& condition);

 private:
  struct State;  // outlives the condition in those who wait
  static Coroutine<bool> wait_in(std::shared_ptr<State> state);
  void check_locked() const;

  std::shared_ptr<State> state_;
  detail::Referrers referrers_;
};

}  // namespace tandem::inline v1::asyncio
