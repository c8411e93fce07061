#include "scenario.hpp"

#include <algorithm>
#include <utility>

namespace bench {
namespace {

std::uint64_t scaled(const Plan& plan, std::uint64_t items, std::uint64_t grain) {
  const auto wanted = static_cast<std::uint64_t>(static_cast<double>(items) * plan.scale);
  return std::max<std::uint64_t>(1, wanted / grain) * grain;
}

std::uint64_t tenth(std::uint64_t items, std::uint64_t grain) {
  return std::max<std::uint64_t>(1, items / 10 / grain) * grain;
}

}  // namespace

Registry& Registry::instance() {
  static Registry registry;
  return registry;
}

void Registry::add(Entry entry) { entries_.push_back(std::move(entry)); }

const Entry* Registry::find(const std::string& row, const std::string& impl) const {
  const auto found = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.row == row && entry.impl == impl; });
  return found == entries_.end() ? nullptr : &*found;
}

Measured rate(const Plan& plan, std::uint64_t items, std::uint64_t grain,
              const std::function<double(std::uint64_t)>& pass) {
  const std::uint64_t count = scaled(plan, items, grain);
  pass(tenth(count, grain));
  Measured measured{.unit = "items/s", .before = Usage::now()};
  double total = 0;
  while (total < plan.min_time) {
    const double seconds = pass(count);
    total += seconds;
    measured.items += count;
    measured.passes.push_back(static_cast<double>(count) / seconds);
  }
  measured.value = static_cast<double>(measured.items) / total;
  return measured;
}

Measured cost(const Plan& plan, std::uint64_t items,
              const std::function<double(std::uint64_t)>& pass) {
  Measured measured = rate(plan, items, 1, pass);
  measured.unit = "ns";
  measured.value = 1e9 / measured.value;
  for (double& value : measured.passes) value = 1e9 / value;
  return measured;
}

Measured latency(const Plan& plan, std::uint64_t items,
                 const std::function<void(std::uint64_t)>& round_trip,
                 const std::function<void()>& pause) {
  return latency_of(plan, items, [&](std::uint64_t count, Histogram& histogram) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (pause) pause();
      const auto start = Clock::now();
      round_trip(i);
      histogram.record(nanoseconds_between(start, Clock::now()));
    }
  });
}

Measured latency_of(const Plan& plan, std::uint64_t items,
                    const std::function<void(std::uint64_t items, Histogram&)>& pass) {
  const std::uint64_t count = scaled(plan, items, 1);
  Histogram ignored;
  pass(tenth(count, 1), ignored);
  Measured measured{.unit = "ns", .before = Usage::now()};
  double total = 0;
  while (total < plan.min_time) {
    const auto start = Clock::now();
    pass(count, measured.latency);
    total += seconds_between(start, Clock::now());
    measured.items += count;
  }
  measured.value = measured.latency.quantile(0.5);
  measured.passes.push_back(measured.value);
  return measured;
}

}  // namespace bench
