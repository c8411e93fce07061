// Open loop: things arrive when they arrive, whether the last one is done or not. The time of each
// counts from when it was due, so that whoever is held up pays for all that wait behind it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>

#include "clock.hpp"
#include "scenario.hpp"

namespace bench {

inline constexpr std::size_t kLoads[] = {10, 30, 50, 70, 90};  // percent of the peak
inline constexpr std::size_t kMiddleLoad = 50;
inline constexpr double kAllAtOnce =
    std::numeric_limits<double>::infinity();  // arrivals per second

// Calls send(due) `items` times, due in nanoseconds from `start` on, with the gaps of a Poisson
// process: the same ones for every contender.
template <class Send>
void arrive(Clock::time_point start, double per_second, std::uint64_t items, const Send& send) {
  std::mt19937_64 source{1};
  std::exponential_distribution<double> gap{per_second / 1e9};
  double due = 0;
  for (std::uint64_t n = 0; n < items; ++n) {
    due += gap(source);
    const auto when = static_cast<std::uint64_t>(due);
    while (nanoseconds_between(start, Clock::now()) < when) std::this_thread::yield();
    send(when);
  }
}

// pass(rate, items, latency) lets so many arrive, records each, and returns seconds. The peak is
// what it does with all that are due at once: what the loop itself costs, its clocks and its
// numbers, is in the peak as it is in the loads. The value is p99 at half of it.
template <class Pass>
Measured open_loop(const Plan& plan, std::uint64_t at_once, const Pass& pass) {
  Histogram ignored;
  pass(kAllAtOnce, at_once, ignored);
  const double most = static_cast<double>(at_once) / pass(kAllAtOnce, at_once, ignored);
  Measured measured{.unit = "ns", .before = Usage::now()};
  for (const std::size_t percent : kLoads) {
    const double rate = most * static_cast<double>(percent) / 100;
    const auto items = std::max<std::uint64_t>(
        1000, static_cast<std::uint64_t>(rate * plan.min_time / std::size(kLoads)));
    Load load{.percent = percent, .rate = rate};
    pass(rate, items, load.latency);
    measured.items += items;
    if (percent == kMiddleLoad) measured.value = load.latency.quantile(0.99);
    measured.loads.push_back(load);
  }
  measured.passes.push_back(measured.value);
  return measured;
}

}  // namespace bench
