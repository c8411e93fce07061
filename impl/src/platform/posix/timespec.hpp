// Times of the monotonic clock as the system takes them.
#pragma once
#include <time.h>

#include <chrono>

#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

inline timespec to_timespec(seam::clock::time_point when) noexcept {
  using namespace std::chrono;
  auto since = when.time_since_epoch();
  if (since < since.zero()) since = since.zero();
  const auto whole = duration_cast<seconds>(since);
  timespec spec{};
  spec.tv_sec = static_cast<time_t>(whole.count());
  spec.tv_nsec = static_cast<long>(duration_cast<nanoseconds>(since - whole).count());
  return spec;
}

}  // namespace tandem::inline v1::platform
