// A row of the table, run by one contender. Registered by static objects, run by main.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clock.hpp"
#include "histogram.hpp"

namespace bench {

enum class Kind {
  ours,
  peer,     // can take our place: blocks, keeps every item
  limit,    // spins, or promises less: shows what is possible, is not compared with
  machine,  // nobody's work: what the machine does by itself, to compare it with others
};

struct Plan {
  double scale = 1;       // of the row's number of items
  double min_time = 0.2;  // seconds: passes are repeated until they add up to it
};

struct Load {
  std::size_t percent = 0;  // of the peak
  double rate = 0;          // arrivals per second
  Histogram latency{};
};

struct Measured {
  std::string unit;                     // "items/s" or "ns"
  double value = 0;                     // of all passes together
  std::uint64_t items = 0;              // in all passes
  std::vector<double> passes{};         // the value of each
  Histogram latency{};                  // empty where the row is a rate
  std::vector<Load> loads{};            // of an open loop
  std::vector<std::uint64_t> shares{};  // what each thread got, where fairness is measured
  std::optional<Usage> before{};        // what the items had: none where nothing precedes them
};

struct Entry {
  std::string row;
  std::string impl;
  Kind kind = Kind::peer;
  std::function<Measured(const Plan&)> run;
};

class Registry {
 public:
  static Registry& instance();
  void add(Entry entry);
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* find(const std::string& row, const std::string& impl) const;

  // What main() begins with, whatever it is called for.
  using Beginning = std::function<void(int argc, char** argv)>;
  void begin_with(Beginning beginning) { beginnings_.push_back(std::move(beginning)); }
  void begin(int argc, char** argv) const {
    for (const Beginning& beginning : beginnings_) beginning(argc, argv);
  }

 private:
  std::vector<Entry> entries_;
  std::vector<Beginning> beginnings_;
};

// One warm-up of a tenth, then passes until they add up to the plan's time.
// pass(items) returns seconds; items is a multiple of `grain`.
Measured rate(const Plan& plan, std::uint64_t items, std::uint64_t grain,
              const std::function<double(std::uint64_t)>& pass);

// The same for rows whose value is time per item.
Measured cost(const Plan& plan, std::uint64_t items,
              const std::function<double(std::uint64_t)>& pass);

// round_trip(i) is timed each time; the value is the median. pause() runs between, untimed.
Measured latency(const Plan& plan, std::uint64_t items,
                 const std::function<void(std::uint64_t)>& round_trip,
                 const std::function<void()>& pause = {});

// For loops that do their own timing, such as two threads that answer each other.
Measured latency_of(const Plan& plan, std::uint64_t items,
                    const std::function<void(std::uint64_t items, Histogram&)>& pass);

}  // namespace bench
