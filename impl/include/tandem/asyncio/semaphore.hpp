// asyncio.Semaphore and asyncio.BoundedSemaphore.
#pragma once
#include <cstddef>
#include <iosfwd>
#include <string>

#include "tandem/asyncio/detail/attempt.hpp"
#include "tandem/asyncio/detail/referrers.hpp"
#include "tandem/asyncio/detail/waiter.hpp"

namespace tandem::inline v1::asyncio {

// A count that acquire() takes one from, waiting while it is zero, and release() adds to. Neither
// copied nor moved. `async with semaphore` is auto guard = co_await asyncio::with(semaphore).
// Guards and tasks that wait may be left when it goes: as of a Lock.
// Threads  those of its loop only.
// Order    who comes first gets in first, and nobody overtakes one that was woken.
// Spec     asyncio.semaphore
class TANDEM_API Semaphore {
  struct Acquiring;

 public:
  //   value  the count at first
  // Throws   ValueError (negative).
  explicit Semaphore(std::ptrdiff_t value = 1);
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  virtual ~Semaphore();

  // Takes one, waiting until there is one. Returns true. A coroutine without a frame of its own, as
  // Queue::get().
  // Throws   CancelledError: then nothing is taken; RuntimeError (it has to wait, and not in the
  //          loop where tasks have waited before).
  // Spec     asyncio.semaphore.acquire
  detail::Attempt<Acquiring> acquire() { return detail::Attempt<Acquiring>(Acquiring{this}); }
  // Adds one, which belongs to the task that has waited longest, if there is one.
  // Spec     asyncio.semaphore.release
  virtual void release();
  // acquire() would wait: there is none, or others come first.
  bool locked() const noexcept { return value_ == 0 || waiters_.any_uncancelled(); }
  detail::Referrers& referrers() noexcept { return referrers_; }  // the library's own

  // Python's repr: "<asyncio.locks.Semaphore object at 0x7f12ab [unlocked, value:1]>".
  TANDEM_API friend std::string to_string(const Semaphore& semaphore);
  TANDEM_API friend std::ostream& operator<<(std::ostream& out, const Semaphore& semaphore);

 protected:
  std::ptrdiff_t value() const noexcept { return value_; }

 private:
  // acquire(), as Attempt asks for it.
  struct Acquiring {
    using Result = bool;
    static constexpr bool looks_again = false;
    Semaphore* semaphore;

    bool has_to_wait() const noexcept { return semaphore->locked(); }
    detail::Waiters& waiters() const noexcept { return semaphore->waiters_; }
    void bind_to(detail::LoopState& loop) const { semaphore->binding_.bind_to(loop, *semaphore); }
    void give_up(detail::Waiter& waiter) const {
      if (waiter.is_woken()) ++semaphore->value_;  // it was given one, and will not use it
      semaphore->let_others_in();
    }
    bool is_gone() const noexcept { return true; }
    bool act(bool has_waited) const {
      if (has_waited)
        semaphore->let_others_in();
      else
        --semaphore->value_;
      return true;
    }
  };

  virtual const char* name() const noexcept { return "Semaphore"; }
  bool wake_up_next();
  // They may have had to wait only because one that waits no more was before them.
  void let_others_in() {
    while (value_ > 0 && wake_up_next()) continue;
  }

  std::ptrdiff_t value_;
  detail::Waiters waiters_;
  detail::LoopBinding binding_;
  detail::Referrers referrers_;
};

// A semaphore whose count never passes its first value.
// Spec     asyncio.semaphore.bounded
class TANDEM_API BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(std::ptrdiff_t value = 1);
  ~BoundedSemaphore() override;

  // Throws   ValueError (released more often than acquired: nothing is changed then).
  void release() override;

 private:
  const char* name() const noexcept override { return "BoundedSemaphore"; }

  const std::ptrdiff_t bound_;
};

}  // namespace tandem::inline v1::asyncio
