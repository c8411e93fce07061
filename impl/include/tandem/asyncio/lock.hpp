// asyncio.Lock: one task at a time.
#pragma once
#include <iosfwd>
#include <string>

#include "tandem/asyncio/detail/attempt.hpp"
#include "tandem/asyncio/detail/referrers.hpp"
#include "tandem/asyncio/detail/waiter.hpp"

namespace tandem::inline v1::asyncio {

// A lock of tasks. It belongs to no task: any may release it. Neither copied nor moved.
// `async with lock` is auto guard = co_await asyncio::with(lock). Guards, conditions and tasks that
// wait may be left when the lock goes: a guard does nothing then; a task is never woken, and can be
// cancelled.
// Threads  those of its loop only.
// Order    who comes first gets it first, and nobody overtakes one that was woken.
// Spec     asyncio.lock
class TANDEM_API Lock {
  struct Acquiring;

 public:
  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // Takes the lock, waiting while it is held. Returns true. A coroutine without a frame of its own,
  // as Queue::get().
  // Throws   CancelledError: then it is not taken; RuntimeError (it has to wait, and not in the
  //          loop where tasks have waited before).
  // Spec     asyncio.lock.acquire
  detail::Attempt<Acquiring> acquire() { return detail::Attempt<Acquiring>(Acquiring{this}); }
  // Wakes the one that has waited longest.
  // Throws   RuntimeError (it is free).
  // Spec     asyncio.lock.release
  void release();
  bool locked() const noexcept { return locked_; }
  detail::Referrers& referrers() noexcept { return referrers_; }  // the library's own

  // Python's repr: "<asyncio.locks.Lock object at 0x7f12ab [locked, waiters:2]>".
  TANDEM_API friend std::string to_string(const Lock& lock);
  TANDEM_API friend std::ostream& operator<<(std::ostream& out, const Lock& lock);

 private:
  friend class Condition;
  // acquire(), as Attempt asks for it.
  struct Acquiring {
    using Result = bool;
    static constexpr bool looks_again = false;
    Lock* lock;

    // Fair: who comes waits for its turn, unless all before it have been cancelled.
    bool has_to_wait() const noexcept { return lock->locked_ || lock->waiters_.any_uncancelled(); }
    detail::Waiters& waiters() const noexcept { return lock->waiters_; }
    void bind_to(detail::LoopState& loop) const { lock->binding_.bind_to(loop, *lock); }
    void give_up(detail::Waiter&) const {
      // It may have been woken: then it is the next one's turn.
      if (!lock->locked_) lock->waiters_.wake_first();
    }
    bool is_gone() const noexcept { return true; }
    bool act(bool) const noexcept {
      lock->locked_ = true;
      return true;
    }
  };

  bool locked_ = false;
  detail::Waiters waiters_;
  detail::LoopBinding binding_;
  detail::Referrers referrers_;
};

}  // namespace tandem::inline v1::asyncio
