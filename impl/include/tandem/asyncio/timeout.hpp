// asyncio.timeout, asyncio.timeout_at: a scope with a limit of time.
#pragma once
#include <chrono>
#include <exception>
#include <iosfwd>
#include <optional>
#include <string>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::asyncio {

// By the loop's clock, in seconds; none: never.
using When = std::optional<std::chrono::duration<double>>;

// What timeout() and timeout_at() give, to be entered once.
//   auto limit = asyncio::timeout(10s);
//   co_await asyncio::with(limit, fetch_all);
// When its time has come the task that entered it is cancelled, and if CancelledError comes out of
// the body, and nobody else has cancelled the task, TimeoutError leaves the scope instead. Neither
// copied nor moved. (tandem::Timeout, a length of time, is another class.)
// Spec     asyncio.timeout
class TANDEM_API Timeout {
 public:
  explicit Timeout(When when) noexcept : when_(when) {}
  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;
  ~Timeout();

  When when() const noexcept { return when_; }
  // Another deadline; one that is over cancels in the next turn of the loop.
  // Throws   RuntimeError (not entered yet; expiring; left).
  void reschedule(When when);
  // Whether its time had come before the body ended.
  bool expired() const noexcept { return state_ == State::expiring || state_ == State::expired; }

  // For with(). Throws RuntimeError (entered already; no task); TimeoutError.
  Coroutine<> aenter();
  Coroutine<bool> aexit(std::exception_ptr error);
  // The same without coroutines.
  void enter();
  void exit(const std::exception_ptr& error);

 private:
  enum class State { created, entered, expiring, expired, exited };
  friend TANDEM_API std::string to_string(const Timeout& timeout);
  void expire();
  void cancel_timer() noexcept;
  const char* state_text() const noexcept;

  State state_ = State::created;
  std::optional<TimerHandle> timer_;
  std::optional<Handle> soon_;
  std::optional<AnyTask> task_;  // that entered it, and runs in it
  int cancelling_ = 0;           // of the task when it was entered
  When when_;
};
// Python's repr: <Timeout [active] when=2.5>
TANDEM_API std::string to_string(const Timeout& timeout);
TANDEM_API std::ostream& operator<<(std::ostream& out, const Timeout& timeout);

// From now on; for ever; or, with zero or less, only as far as the first await that waits.
// Throws   RuntimeError (no loop runs).
// Spec     asyncio.timeout
TANDEM_API Timeout timeout(v1::Timeout delay);
inline Timeout timeout_at(When when) { return Timeout(when); }

}  // namespace tandem::inline v1::asyncio
