// What the machine does by itself. Two machines are compared by it: scripts/compare.
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/checksum.hpp"
#include "harness/scenario.hpp"
#include "harness/start_line.hpp"

namespace bench {
namespace {

// Taken and freed, while another thread is there: alone some of them save the atomic operation.
double uncontended_lock(std::uint64_t items) {
  const Bystander bystander;
  std::mutex lock;
  std::uint64_t count = 0;
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < items; ++n) {
    const std::lock_guard locked(lock);
    ++count;
  }
  const double seconds = seconds_between(start, Clock::now());
  check_sum(count, items);
  return seconds;
}

// A line of the cache there and back. Where the other thread has no processor, nobody spins for
// ever.
void await(const std::atomic<std::uint64_t>& line, std::uint64_t value) {
  constexpr int kPatience = 2000;
  for (int spins = 0; line.load(std::memory_order_acquire) != value; ++spins) {
    if (spins > kPatience) std::this_thread::yield();
  }
}

// hardware_concurrency() counts those, too, that may not be used. There are many where they do not
// fit into the set.
bool one_processor_only() {
  cpu_set_t usable;
  return ::sched_getaffinity(0, sizeof usable, &usable) == 0 && CPU_COUNT(&usable) == 1;
}

double line_ping_pong(std::uint64_t items) {
  if (one_processor_only()) throw Broken("there is one processor only");
  alignas(64) std::atomic<std::uint64_t> line{0};
  return race(2, [&](std::size_t i) {
    for (std::uint64_t n = 0; n < items; ++n) {
      await(line, 2 * n + i);
      line.store(2 * n + i + 1, std::memory_order_release);  // to await() of the other
    }
  });
}

// More than a core's own caches hold, as large messages are.
constexpr std::size_t kBlock = std::size_t{1} << 20, kBlocks = 16;

double copy(std::uint64_t bytes) {
  static std::vector<char> from(kBlock * kBlocks, 'm'), to(kBlock * kBlocks, '-');
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < bytes / kBlock; ++n) {
    const std::size_t place = n % kBlocks * kBlock;
    std::memcpy(to.data() + place, from.data() + place, kBlock);
    if (to[place + n % kBlock] != 'm') throw Broken("a copy is no copy");
  }
  return seconds_between(start, Clock::now());
}

double system_call(std::uint64_t items) {
  const long parent = ::getppid();
  std::uint64_t same = 0;
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < items; ++n)
    same += ::syscall(SYS_getppid) == parent;  // the library keeps none of it
  const double seconds = seconds_between(start, Clock::now());
  check_sum(same, items);
  return seconds;
}

// A child that ends at once, and its end waited for.
double fork_and_wait(std::uint64_t items) {
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < items; ++n) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    int status = -1;
    if (child == -1 || ::waitpid(child, &status, 0) != child || status != 0)
      throw Broken("a child has failed");
  }
  return seconds_between(start, Clock::now());
}

template <class Pass>
void enter_cost(const std::string& row, std::uint64_t items, const Pass& pass) {
  Registry::instance().add({"calibration." + row, "machine", Kind::machine,
                            [=](const Plan& plan) { return cost(plan, items, pass); }});
}

const bool entered = [] {
  enter_cost("lock", 5'000'000, uncontended_lock);
  enter_cost("line", 100'000, line_ping_pong);
  Registry::instance().add({"calibration.memcpy", "machine", Kind::machine, [](const Plan& plan) {
                              return rate(plan, std::uint64_t{1} << 30, kBlock, copy);
                            }});
  enter_cost("syscall", 500'000, system_call);
  enter_cost("fork", 300, fork_and_wait);
  return true;
}();

}  // namespace
}  // namespace bench
