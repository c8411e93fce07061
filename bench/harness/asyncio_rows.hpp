// The rows of asyncio. A contender is a class with some of these, each of which makes a loop of its
// own, runs it in this thread and returns how long it took:
//
//   static void start(bool* ran);                 // a coroutine that says so, and nothing else
//   static double tasks(std::uint64_t count);     // that many, kTasksAtOnce at a time; their sum
//   static double switches(std::uint64_t count);  // of kSwitching tasks, by turns
//   static double gather(std::uint64_t count);    // all at once, and their results in order
//   static double round_trips(std::uint64_t count);   // between two tasks, over two queues
//   static double timers(std::uint64_t count);    // seconds of the processor, not of the clock
//   static void echo(std::uint64_t count, Histogram&);  // over a unix socket, both ends in the
//   loop static double bytes_of_task(std::uint64_t count);       // all of them asleep static
//   double bytes_of_connection(std::uint64_t count); // both ends, idle
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

#include "checksum.hpp"
#include "scenario.hpp"

namespace bench {

inline constexpr std::uint64_t kTasksAtOnce = 10'000, kSwitching = 10;
inline constexpr std::size_t kEchoed = 64;

inline std::uint64_t sum_below(std::uint64_t count) { return count * (count - 1) / 2; }

// The n-th timer's delay: within half a second, in no order.
inline std::chrono::milliseconds delay_of(std::uint64_t n) {
  return std::chrono::milliseconds(n * 7919 % 500);
}

inline double cpu_seconds() { return Usage::now().cpu_seconds; }

inline double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  if (!(file >> all >> resident)) throw Broken("/proc/self/statm cannot be read");
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// As many descriptors as the system allows.
inline void allow_descriptors(std::uint64_t needed) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_max < needed || ::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw Broken("not enough descriptors for this row: " + std::to_string(needed) + " needed");
}

inline std::string socket_path() {
  return "/tmp/bench-echo-" + std::to_string(::getpid()) + ".socket";
}

inline Measured bytes(const Plan& plan, std::uint64_t items, double (*pass)(std::uint64_t)) {
  const auto count = static_cast<std::uint64_t>(static_cast<double>(items) * plan.scale);
  const double value = pass(count < 100 ? 100 : count);
  return {.unit = "B", .value = value, .items = count, .passes = {value}};
}

template <class Contender>
void enter_asyncio(const std::string& impl, Kind kind) {
  const auto enter = [&](const char* row, std::function<Measured(const Plan&)> run) {
    Registry::instance().add({row, impl, kind, std::move(run)});
  };
  if constexpr (requires(bool* ran) { Contender::start(ran); })
    enter("asyncio.run", [](const Plan& plan) {
      return latency(plan, 2'000, [](std::uint64_t) {
        bool ran = false;
        Contender::start(&ran);
        if (!ran) throw Broken("what was started did not run");
      });
    });
  if constexpr (requires { Contender::tasks(1); })
    enter("asyncio.tasks",
          [](const Plan& plan) { return rate(plan, 1'000'000, 1, Contender::tasks); });
  if constexpr (requires { Contender::switches(1); })
    enter("asyncio.switches",
          [](const Plan& plan) { return rate(plan, 1'000'000, kSwitching, Contender::switches); });
  if constexpr (requires { Contender::gather(1); })
    enter("asyncio.gather",
          [](const Plan& plan) { return rate(plan, 100'000, 1, Contender::gather); });
  if constexpr (requires { Contender::round_trips(1); })
    enter("asyncio.queue.roundtrip",
          [](const Plan& plan) { return cost(plan, 500'000, Contender::round_trips); });
  if constexpr (requires { Contender::timers(1); })
    enter("asyncio.timers",
          [](const Plan& plan) { return cost(plan, 100'000, Contender::timers); });
  if constexpr (requires(Histogram & latency) { Contender::echo(1, latency); })
    enter("asyncio.echo.unix",
          [](const Plan& plan) { return latency_of(plan, 20'000, Contender::echo); });
  if constexpr (requires { Contender::bytes_of_task(1); })
    enter("asyncio.memory.task",
          [](const Plan& plan) { return bytes(plan, 100'000, Contender::bytes_of_task); });
  if constexpr (requires { Contender::bytes_of_connection(1); })
    // Both ends of them are less than 20,000 descriptors, which is what many systems allow.
    enter("asyncio.memory.connection",
          [](const Plan& plan) { return bytes(plan, 9'000, Contender::bytes_of_connection); });
}

}  // namespace bench
