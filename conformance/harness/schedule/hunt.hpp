// The whole of it: RapidCheck makes programs and schedules together, each program is also explored
// by the portfolio, and what fails is made small.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "explorer.hpp"

namespace tandem::conformance {

struct Hunt {
  std::uint64_t seed = 1;
  int programs = 100;
  std::size_t threads = 3;     // at most, at least two
  std::size_t operations = 4;  // of a thread, at most
  std::size_t schedules = 20;  // for each program, by the portfolio; one more is RapidCheck's
  scheduled::Options options{};
};

struct Hunted {
  std::optional<Failure> failure;
  std::size_t schedules = 0;
};

// The same seed, the same result. On the main thread: RapidCheck is not thread-safe.
Hunted hunt(const Target& target, const Hunt& hunt);

}  // namespace tandem::conformance
