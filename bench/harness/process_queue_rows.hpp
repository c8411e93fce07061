// The rows that queues between processes run. A contender is
//
//   class Queue { explicit Queue(std::size_t capacity, std::size_t bytes);  // of each item
//                 void put(const std::string& item); void get(std::string& item); };
//
// used by children that fork() makes of the process that has made it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "checksum.hpp"
#include "process_race.hpp"
#include "scenario.hpp"

namespace bench {

inline constexpr std::size_t kProcessBound = 1024;
inline constexpr std::size_t kItemBytes = 1024;
inline constexpr std::uint64_t kProcessItems = 500'000;

// A stamp at both ends.
inline void stamp(std::string& item, std::int64_t packed) {
  std::memcpy(item.data(), &packed, sizeof packed);
  std::memcpy(item.data() + item.size() - sizeof packed, &packed, sizeof packed);
}
inline std::int64_t stamp_of(const std::string& item) {
  std::int64_t first = 0;
  std::int64_t last = 0;
  if (item.size() != kItemBytes) throw Broken("an item has changed its length");
  std::memcpy(&first, item.data(), sizeof first);
  std::memcpy(&last, item.data() + item.size() - sizeof last, sizeof last);
  if (first != last) throw Broken("an item arrived damaged");
  return first;
}

// n producers and n consumers, each a process.
template <class Queue>
double process_flow(Queue& queue, std::size_t pairs, std::uint64_t items) {
  const std::uint64_t share = items / pairs;
  std::vector<Tally> tallies;
  const double seconds = race_processes(2 * pairs, tallies, [&](std::size_t i, Tally& tally) {
    std::string item(kItemBytes, 'x');
    for (std::uint64_t n = 0; n < share; ++n) {
      if (i < pairs) {
        stamp(item, Stamp{.producer = i, .sequence = n}.packed());
        queue.put(item);
      } else {
        queue.get(item);
        tally.see(stamp_of(item));
      }
    }
  });
  check({tallies.begin() + static_cast<std::ptrdiff_t>(pairs), tallies.end()},
        expected_sum(pairs, share));
  return seconds;
}

template <class Queue>
void enter_process_queue(const std::string& impl, Kind kind) {
  for (const std::size_t pairs : {std::size_t{1}, std::size_t{2}}) {
    const std::string flow = std::to_string(pairs) + "p" + std::to_string(pairs) + "c";
    Registry::instance().add(
        {"multiprocessing.queue.1k." + flow, impl, kind, [=](const Plan& plan) {
           Queue queue(kProcessBound, kItemBytes);
           return rate(plan, kProcessItems, pairs,
                       [&](std::uint64_t items) { return process_flow(queue, pairs, items); });
         }});
  }
}

}  // namespace bench
