// How long a call may wait (Timeout, what users write) and until when (Deadline, what we keep).
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "tandem/core/exceptions.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1 {

// The longest wait, from any std::chrono::duration. Python's `timeout` arguments.
//   default, std::nullopt   for ever (Python's None)
//   zero                    a poll
//   negative                kept: each function treats it as Python's does
//   beyond TIMEOUT_MAX      for ever, or OverflowError where Python raises it
// Throws   ValueError (NaN).
// A value; trivially destructible on purpose (g++ 12 destroys such temporaries twice in co_await).
class Timeout {
 public:
  constexpr Timeout() = default;
  constexpr Timeout(std::nullopt_t) {}
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> limit) : nanoseconds_(convert(limit)) {}

  constexpr bool is_forever() const { return nanoseconds_ == forever; }
  constexpr bool is_negative() const { return nanoseconds_ < 0; }
  constexpr bool is_too_large() const { return nanoseconds_ == too_large; }
  // Meaningful unless is_forever().
  constexpr std::chrono::nanoseconds limit() const {
    return std::chrono::nanoseconds(nanoseconds_);
  }

 private:
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t too_large = forever - 1;

  template <class Rep, class Period>
  static constexpr std::int64_t convert(std::chrono::duration<Rep, Period> limit) {
    using seconds = std::chrono::duration<long double>;
    if constexpr (std::is_floating_point_v<Rep>)
      if (limit.count() != limit.count()) throw ValueError("Invalid value NaN (not a number)");
    constexpr long double max_seconds = 9223372036.0L;  // CPython's TIMEOUT_MAX
    const long double count = std::chrono::duration_cast<seconds>(limit).count();
    if (count > max_seconds) return too_large;
    if (count < -max_seconds) return -1;
    return std::chrono::ceil<std::chrono::nanoseconds>(limit).count();
  }

  std::int64_t nanoseconds_ = forever;
};

namespace detail {

// For calls that wait no longer than CPython can, with its text.
// Throws   OverflowError (beyond TIMEOUT_MAX).
inline void refuse_too_large(Timeout timeout) {
  if (timeout.is_too_large()) throw OverflowError("timestamp out of range for platform time_t");
}

// A point on the monotonic clock, computed once when a blocking call begins.
class Deadline {
 public:
  using clock = seam::clock;

  constexpr Deadline() = default;  // never
  static constexpr Deadline never() { return {}; }
  // Now or earlier for a timeout of zero or less.
  static Deadline after(Timeout timeout) {
    if (timeout.is_forever() || timeout.is_too_large()) return {};
    const auto now = clock::now();
    if (timeout.limit() > clock::time_point::max() - now) return {};
    return Deadline(now + timeout.limit());
  }

  constexpr bool is_never() const { return when_ == clock::time_point::max(); }
  bool passed() const { return !is_never() && clock::now() >= when_; }
  constexpr clock::time_point when() const { return when_; }

 private:
  explicit constexpr Deadline(clock::time_point when) : when_(when) {}
  clock::time_point when_ = clock::time_point::max();
};

}  // namespace detail
}  // namespace tandem::inline v1
