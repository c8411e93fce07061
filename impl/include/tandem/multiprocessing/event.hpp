// Python's multiprocessing.Event.
#pragma once
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"

namespace tandem::inline v1::multiprocessing {

// A flag that threads of several processes can wait for.
// A handle: a copy is the same event; it reaches other processes as an argument of Process and the
// like.
// Threads  any number at once, of any process.
// Order    what was done before set() is visible to those that wait() lets through and to those
//          that is_set() tells true.
// Spec     multiprocessing.event
class TANDEM_API Event {
 public:
  Event();
  explicit Event(const Context& context);

  bool is_set() const noexcept;
  // Lets all through that wait now, even if clear() follows at once, and all that come while it is
  // set.
  void set() const noexcept;
  void clear() const noexcept;

  // Waits until the event is set.
  //   timeout  longest wait; default for ever; zero or less polls
  // Returns whether it was set (in time).
  // Throws   OverflowError (only if it would have to wait).
  // Spec     multiprocessing.event.wait
  bool wait(Timeout timeout = {}) const;

  friend bool operator==(const Event&, const Event&) noexcept = default;
  // Python's repr: "<Event at 0x7f12ab unset>".
  TANDEM_API friend std::string to_string(const Event& event);
  friend std::ostream& operator<<(std::ostream& out, const Event& event) {
    return out << to_string(event);
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const;
  static Event unpickle(v1::pickle::Input& input);

 private:
  struct State;
  explicit Event(detail::SharedBlock block) noexcept;
  State& state() const noexcept;

  detail::SharedBlock block_;
};

inline auto Context::Event() const { return multiprocessing::Event(*this); }

}  // namespace tandem::inline v1::multiprocessing
