// The rows that pools of processes run: tiny calls, each of which crosses to another process and
// back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checksum.hpp"
#include "clock.hpp"
#include "scenario.hpp"

namespace bench {

inline constexpr std::int64_t kMapCalls = 100'000;

inline std::int64_t tiny_of(std::int64_t x) { return 3 * x + 1; }

// Returns the sum of tiny_of(x). No chunk size: the pool's own.
using MapAndSum = std::function<std::int64_t(const std::vector<std::int64_t>& inputs,
                                             std::optional<std::size_t> chunksize)>;

inline double map_once(const MapAndSum& map, std::uint64_t calls,
                       std::optional<std::size_t> chunksize) {
  std::vector<std::int64_t> inputs;
  std::int64_t expected = 0;
  for (std::int64_t x = 0; x < static_cast<std::int64_t>(calls); ++x) {
    inputs.push_back(x);
    expected += tiny_of(x);
  }
  const auto start = Clock::now();
  const std::int64_t sum = map(inputs, chunksize);
  const double seconds = seconds_between(start, Clock::now());
  check_sum(static_cast<std::uint64_t>(sum), static_cast<std::uint64_t>(expected));
  return seconds;
}

inline void enter_process_map(const std::string& row, const std::string& impl, Kind kind,
                              const MapAndSum& map, std::optional<std::size_t> chunksize) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              return rate(plan, kMapCalls, 1, [&](std::uint64_t calls) {
                                return map_once(map, calls, chunksize);
                              });
                            }});
}

template <class Submit, class Take>
double calls_once(std::uint64_t calls, Submit submit, Take take) {
  const auto count = static_cast<std::int64_t>(calls);
  std::int64_t sum = 0;
  const auto start = Clock::now();
  std::vector<decltype(submit(count))> results;
  results.reserve(calls);
  for (std::int64_t x = 0; x < count; ++x) results.push_back(submit(x));
  for (auto& result : results) sum += take(result);
  const double seconds = seconds_between(start, Clock::now());
  check_sum(static_cast<std::uint64_t>(sum),
            static_cast<std::uint64_t>(3 * (count * (count - 1) / 2) + count));
  return seconds;
}

// Each tiny_of(x) is handed over by itself, by submit(x), then all results are fetched, by
// take(result).
template <class Submit, class Take>
void enter_process_calls(const std::string& row, const std::string& impl, Kind kind, Submit submit,
                         Take take) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              return rate(plan, kMapCalls, 1, [&](std::uint64_t calls) {
                                return calls_once(calls, submit, take);
                              });
                            }});
}

// call(x): tiny_of(x), handed over and waited for.
inline void enter_process_round_trip(const std::string& row, const std::string& impl, Kind kind,
                                     const std::function<std::int64_t(std::int64_t)>& call) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              return latency(plan, 10'000, [&](std::uint64_t n) {
                                const auto x = static_cast<std::int64_t>(n);
                                if (call(x) != tiny_of(x)) throw Broken("a wrong result");
                              });
                            }});
}

}  // namespace bench
