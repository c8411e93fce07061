// Who gets how much, when all want the same thing all the time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "scenario.hpp"
#include "start_line.hpp"

namespace bench {

using Stop = std::atomic<bool>;

// Runs body(i, stop) in so many threads until the plan's time is over; a body returns how much it
// got.
template <class Body>
std::vector<std::uint64_t> until_stopped(const Plan& plan, std::size_t threads, const Body& body) {
  std::vector<std::uint64_t> counts(threads);
  Stop stop{false};
  race(threads + 1, [&](std::size_t i) {
    if (i < threads) {
      counts[i] = body(i, stop);
      return;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(plan.min_time));
    stop.store(true, std::memory_order_relaxed);
  });
  return counts;
}

// Jain's index: 1 when all got the same, 1/n when one got all.
inline double jain(const std::vector<std::uint64_t>& counts) {
  double sum = 0;
  double squares = 0;
  for (const std::uint64_t count : counts) {
    const auto got = static_cast<double>(count);
    sum += got;
    squares += got * got;
  }
  return squares == 0 ? 1 : sum * sum / (static_cast<double>(counts.size()) * squares);
}

inline Measured shares(std::vector<std::uint64_t> counts) {
  Measured measured{.unit = "Jain's index", .value = jain(counts)};
  for (const std::uint64_t count : counts) measured.items += count;
  measured.passes.push_back(measured.value);
  measured.shares = std::move(counts);
  return measured;
}

}  // namespace bench
