// Time and what it costs the processor.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_between(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}

inline std::uint64_t nanoseconds_between(Clock::time_point start, Clock::time_point end) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count());
}

// What this process has used so far, and those of its children that it has waited for.
struct Usage {
  double cpu_seconds = 0;
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  std::uint64_t peak_kibibytes = 0;               // of this process; 0: nobody says
  std::optional<std::uint64_t> allocations = {};  // where they are counted: see allocations.cpp

  static Usage now();
};

}  // namespace bench
