// bench_<module> --list                      which contenders run which rows
// bench_<module> --row ID --impl NAME        one measurement, one line of JSON
//
// One process is one measurement, so that a contender that crashes or hangs costs its own row only.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "scenario.hpp"

namespace {

using nlohmann::ordered_json;

constexpr int kUnknownRow = 2;
constexpr int kBroken = 3;

std::string name_of(bench::Kind kind) {
  switch (kind) {
    case bench::Kind::ours:
      return "ours";
    case bench::Kind::peer:
      return "peer";
    case bench::Kind::limit:
      return "limit";
    case bench::Kind::machine:
      return "machine";
  }
  std::abort();
}

void list() {
  for (const auto& entry : bench::Registry::instance().entries()) {
    std::cout << ordered_json{{"row", entry.row},
                              {"impl", entry.impl},
                              {"kind", name_of(entry.kind)}}
              << '\n';
  }
}

ordered_json quantiles(const bench::Histogram& latency) {
  return {{"p50", latency.quantile(0.5)},  {"p90", latency.quantile(0.9)},
          {"p99", latency.quantile(0.99)}, {"p99.9", latency.quantile(0.999)},
          {"max", latency.max()},          {"count", latency.count()}};
}

ordered_json loads(const std::vector<bench::Load>& loads) {
  auto list = ordered_json::array();
  for (const auto& load : loads) {
    ordered_json one{{"percent", load.percent}, {"rate", load.rate}};
    one.update(quantiles(load.latency));
    list.push_back(std::move(one));
  }
  return list;
}

// As shares of what each would have, if all had the same.
ordered_json fairness(std::vector<std::uint64_t> shares) {
  std::ranges::sort(shares);
  double sum = 0;
  for (const std::uint64_t share : shares) sum += static_cast<double>(share);
  const double fair = std::max(1.0, sum) / static_cast<double>(shares.size());
  const auto part = [&](std::size_t place) { return static_cast<double>(shares[place]) / fair; };
  return {{"min", part(0)}, {"median", part(shares.size() / 2)}, {"max", part(shares.size() - 1)}};
}

ordered_json report(const bench::Measured& measured, const bench::Usage& beginning) {
  const auto after = bench::Usage::now();
  const bench::Usage before = measured.before.value_or(beginning);  // without the warm-up
  ordered_json line{{"ok", true},
                    {"unit", measured.unit},
                    {"value", measured.value},
                    {"items", measured.items},
                    {"passes", measured.passes},
                    {"cpu_s", after.cpu_seconds - before.cpu_seconds},
                    {"voluntary", after.voluntary_switches - before.voluntary_switches},
                    {"involuntary", after.involuntary_switches - before.involuntary_switches}};
  if (after.peak_kibibytes != 0) line["peak_kib"] = after.peak_kibibytes;
  if (after.allocations) line["allocations"] = *after.allocations - before.allocations.value_or(0);
  if (measured.latency.count() != 0) line["latency"] = quantiles(measured.latency);
  if (!measured.loads.empty()) line["loads"] = loads(measured.loads);
  if (!measured.shares.empty()) line["shares"] = fairness(measured.shares);
  return line;
}

int run(const std::string& row, const std::string& impl, const bench::Plan& plan) {
  const auto* entry = bench::Registry::instance().find(row, impl);
  if (entry == nullptr) {
    std::cerr << "no contender " << impl << " for row " << row << "; see --list\n";
    return kUnknownRow;
  }
  ordered_json line{{"row", row}, {"impl", impl}, {"scale", plan.scale}};
  const auto beginning = bench::Usage::now();
  int status = EXIT_SUCCESS;
  try {
    line.update(report(entry->run(plan), beginning));
  } catch (const std::exception& error) {
    line.update({{"ok", false}, {"error", error.what()}});
    status = kBroken;
  }
  std::cout << line << '\n' << std::flush;
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Registry::instance().begin(argc, argv);
  CLI::App app{"One row of the benchmark table, run by one contender"};
  std::string row;
  std::string impl;
  bench::Plan plan;
  bool wants_list = false;
  app.add_flag("--list", wants_list, "one line of JSON for each contender and row");
  app.add_option("--row", row, "which row");
  app.add_option("--impl", impl, "which contender");
  app.add_option("--scale", plan.scale, "factor on the row's number of items")
      ->check(CLI::PositiveNumber);
  app.add_option("--min-time", plan.min_time, "seconds of measurement at least");
  CLI11_PARSE(app, argc, argv);
  if (wants_list) {
    list();
    return EXIT_SUCCESS;
  }
  return run(row, impl, plan);
}
