// Python's threading.Event.
#pragma once
#include <cstdint>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::threading {

// A flag that threads can wait for. Neither copied nor moved.
// Threads  any number at once. A thread that has been let through may destroy the event.
// Order    what a thread did before set() is visible to those that wait() lets through and to
//          those that is_set() tells true. All threads agree on one order of set(), clear() and
//          is_set() of all events, as under Python's lock.
// Spec     threading.event
class TANDEM_API Event {
 public:
  constexpr Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool is_set() const noexcept { return (word_.load(std::memory_order_seq_cst) & flag) != 0; }
  // Lets all through that wait now, even if clear() follows at once, and all that come while it is
  // set.
  void set() noexcept;
  void clear() noexcept;

  // Waits until the event is set.
  //   timeout  longest wait; default for ever; zero or less polls
  // Returns whether it was set (in time).
  // Throws   OverflowError (only if it would have to wait).
  // Spec     threading.event.wait
  bool wait(Timeout timeout = {}) { return is_set() || wait_slowly(timeout); }

  // Python's repr: "<threading.Event at 0x7f12ab: unset>".
  TANDEM_API friend std::string to_string(const Event& event);
  friend std::ostream& operator<<(std::ostream& out, const Event& event) {
    return out << to_string(event);
  }

 private:
  // bit 0: the flag | bit 1: somebody may sleep (only while the flag is down)
  // bits 2-31: how often the flag has been put down, so that a waiter sees that it was up between
  static constexpr std::uint32_t flag = 1, sleepers = 2, round = 4;

  static bool lets_through(std::uint32_t now, std::uint32_t seen) noexcept {
    return (now & flag) != 0 || (now & ~sleepers) != (seen & ~sleepers);
  }
  bool wait_slowly(Timeout timeout);

  seam::atomic<std::uint32_t> word_{0};
  detail::AdaptiveSpin spin_;
};

}  // namespace tandem::inline v1::threading
