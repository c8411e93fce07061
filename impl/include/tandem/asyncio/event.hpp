// asyncio.Event: a flag that tasks wait for.
#pragma once
#include <iosfwd>
#include <string>

#include "tandem/asyncio/detail/attempt.hpp"
#include "tandem/asyncio/detail/waiter.hpp"

namespace tandem::inline v1::asyncio {

// A flag, not set at first. Neither copied nor moved. Tasks may wait when it goes: they are never
// woken, and can be cancelled.
// Threads  those of its loop only.
// Spec     asyncio.event
class TANDEM_API Event {
  struct Waiting;

 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool is_set() const noexcept { return value_; }
  // Sets the flag and wakes all that wait, in the order of their coming: they return, whatever
  // becomes of the flag before they run.
  // Spec     asyncio.event.set
  void set();
  void clear() noexcept { value_ = false; }
  // Waits until the flag is set; not at all if it is. Returns true. A coroutine without a frame of
  // its own, as Queue::get().
  // Throws   CancelledError; RuntimeError (it has to wait, and not in the loop where tasks have
  //          waited before).
  // Spec     asyncio.event.wait
  detail::Attempt<Waiting> wait() { return detail::Attempt<Waiting>(Waiting{this}); }

  // Python's repr: "<asyncio.locks.Event object at 0x7f12ab [unset, waiters:2]>".
  TANDEM_API friend std::string to_string(const Event& event);
  TANDEM_API friend std::ostream& operator<<(std::ostream& out, const Event& event);

 private:
  // wait(), as Attempt asks for it.
  struct Waiting {
    using Result = bool;
    static constexpr bool looks_again = false;
    Event* event;

    bool has_to_wait() const noexcept { return !event->value_; }
    detail::Waiters& waiters() const noexcept { return event->waiters_; }
    void bind_to(detail::LoopState& loop) const { event->binding_.bind_to(loop, *event); }
    void give_up(detail::Waiter&) const noexcept {}
    bool is_gone() const noexcept { return true; }
    bool act(bool) const noexcept { return true; }
  };

  bool value_ = false;
  detail::Waiters waiters_;
  detail::LoopBinding binding_;
};

}  // namespace tandem::inline v1::asyncio
