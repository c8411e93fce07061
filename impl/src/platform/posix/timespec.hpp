// Times of the monotonic clock as the system takes them.
#pragma once
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

// No more than the system counts: 68 years where a time has 32 bits.
inline time_t to_seconds(std::chrono::seconds span) noexcept {
  constexpr std::int64_t most = std::numeric_limits<time_t>::max();
  return static_cast<time_t>(std::min<std::int64_t>(span.count(), most));
}

// None for a negative one.
inline timespec to_timespec(std::chrono::nanoseconds span) noexcept {
  using namespace std::chrono;
  span = std::max(span, nanoseconds::zero());
  const auto whole = duration_cast<seconds>(span);
  timespec spec{};
  spec.tv_sec = to_seconds(whole);
  spec.tv_nsec = static_cast<long>((span - whole).count());
  return spec;
}

inline timespec to_timespec(seam::clock::time_point when) noexcept {
  return to_timespec(when.time_since_epoch());
}

}  // namespace tandem::inline v1::platform
