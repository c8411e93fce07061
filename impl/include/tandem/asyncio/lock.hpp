// asyncio.Lock: one task at a time.
#pragma once
#include <iosfwd>
#include <string>

#include "tandem/asyncio/coroutine.hpp"
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
 public:
  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // Takes the lock, waiting while it is held. Returns true.
  // Throws   CancelledError: then it is not taken; RuntimeError (it has to wait, and not in the
  //          loop where tasks have waited before).
  // Spec     asyncio.lock.acquire
  Coroutine<bool> acquire();
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
  bool locked_ = false;
  detail::Waiters waiters_;
  detail::LoopBinding binding_;
  detail::Referrers referrers_;
};

}  // namespace tandem::inline v1::asyncio
