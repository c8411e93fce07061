// Named times. A case never sleeps and never asserts an upper bound: it waits for `must_expire`
// where a timeout has to pass, for `must_not_expire` where it has to be woken long before.
// TANDEM_TIME_SCALE multiplies them all.
#pragma once

#include <chrono>

namespace tandem::conformance {

using Clock = std::chrono::steady_clock;

/// The clock that every case measures with.
inline Clock::time_point now() { return Clock::now(); }

/// The factor from TANDEM_TIME_SCALE (sanitizers, emulators); 1 when it is not set.
double time_scale();

namespace times {

std::chrono::nanoseconds scaled(std::chrono::nanoseconds unscaled);

inline const std::chrono::nanoseconds brief = scaled(std::chrono::milliseconds(10));
inline const std::chrono::nanoseconds must_expire = scaled(std::chrono::milliseconds(50));
inline const std::chrono::nanoseconds may_expire = scaled(std::chrono::seconds(1));
inline const std::chrono::nanoseconds must_not_expire = scaled(std::chrono::seconds(60));

}  // namespace times
}  // namespace tandem::conformance
