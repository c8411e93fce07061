// Threads that start and end at once, a thousand at a time and all kinds of them (a hundred times
// as a stress test, a thousand times in a soak); and a thousand that wait, which must cost nothing.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <tandem/futures.hpp>
#include <tandem/queue.hpp>
#include <tandem/threading.hpp>
#include <thread>
#include <vector>

#include "property.hpp"
#include "team.hpp"
#include "watchdog.hpp"

namespace tandem::conformance {
namespace {

constexpr std::size_t starters = 4;
constexpr std::size_t threads_a_round = 1'000;

// What all threads of a round share. Plain where only one of them may write.
struct Round {
  std::vector<int> runs = std::vector<int>(threads_a_round);
  std::atomic<std::size_t> ended{0};
  std::atomic<int> wrong{0};
  threading::local<std::string> own_name;
};

void body(Round& round, std::size_t index) {
  ++round.runs[index];
  const threading::Thread self = threading::current_thread();
  *round.own_name = self.name();
  round.wrong += !self.is_alive() || self.ident() != threading::get_ident();
  round.wrong += *round.own_name != threading::current_thread().name();
  ++round.ended;
}

// Some are joined by who starts them, some at the end, some are dropped; some are daemons, some
// start another.
void start_some(Round& round, std::size_t starter) {
  constexpr std::size_t count = threads_a_round / starters;
  std::vector<threading::Thread> kept;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = starter * count + i;
    const bool is_pair = index % 5 == 0 && i + 1 < count;
    const threading::Thread thread(
        {.target =
             [&round, index, is_pair] {
               if (is_pair) threading::Thread(body, std::ref(round), index + 1).start();
               body(round, index);
             },
         .daemon = index % 3 == 0});
    thread.start();
    if (is_pair) ++i;
    if (index % 4 == 0) thread.join();
    if (index % 4 == 1) kept.push_back(thread);
    if (index % 64 == 0) round.wrong += threading::enumerate().empty();
  }
  for (const auto& thread : kept) {
    thread.join();
    round.wrong += thread.is_alive();
  }
}

TEST(ThreadRaces, StartAndEnd) {
  Tally tally({"threads", threads_a_round, 1'000 * threads_a_round});
  Team team(starters);
  const Watchdog watchdog("threads that start and end");
  const std::size_t before = threading::active_count();
  for (; !tally.is_enough(); tally.add(threads_a_round)) {
    Round round;
    team.run(starters, [&](std::size_t starter) { start_some(round, starter); });
    // Dropped ones may still be on their way; the round may go when they are through.
    while (threading::active_count() > before) std::this_thread::yield();
    ASSERT_EQ(round.ended, threads_a_round);
    ASSERT_EQ(round.runs, std::vector<int>(threads_a_round, 1));
    ASSERT_EQ(round.wrong, 0);
    watchdog.progress();
  }
}

// Something to wait for, of each kind.
struct Waits {
  threading::Lock lock;
  threading::Condition condition;
  threading::Event event;
  threading::Semaphore semaphore{0};
  threading::Barrier barrier{1'000'000};
  queue::Queue<int> empty;
  queue::SimpleQueue<int> simple;
  queue::PriorityQueue<int> priority;
  futures::Future<int> future;

  static constexpr std::size_t kinds = 9;

  // Until release(), and a few of each kind with a timeout, far away.
  void wait(std::size_t kind, bool timed) {
    const Timeout limit = timed ? Timeout(std::chrono::hours(1)) : Timeout();
    switch (kind) {
      case 0:
        if (lock.acquire({.timeout = limit})) lock.release();
        return;
      case 1: {
        const std::scoped_lock guard(condition);
        condition.wait(limit);
        return;
      }
      case 2:
        event.wait(limit);
        return;
      case 3:
        semaphore.acquire({.timeout = limit});
        return;
      case 4:
        try {
          barrier.wait(limit);
        } catch (const threading::BrokenBarrierError&) {
        }
        return;
      case 5:
        empty.get({.timeout = limit});
        return;
      case 6:
        simple.get({.timeout = limit});
        return;
      case 7:
        priority.get({.timeout = limit});
        return;
      default:
        future.result(limit);
    }
  }
  void release(int threads) {
    lock.release();
    {
      const std::scoped_lock guard(condition);
      condition.notify_all();
    }
    event.set();
    semaphore.release(threads);
    barrier.abort();
    for (int i = 0; i < threads; ++i) empty.put(i), simple.put(i), priority.put(i);
    future.set_result(1);
  }
};

std::chrono::nanoseconds processor_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// However loaded the machine is: it is the process's own time that is measured.
TEST(IdleThreads, AThousandCostNothing) {
  constexpr std::size_t count = 1'000;
  constexpr std::chrono::milliseconds watched(200);
  Tally tally({"threads", count, count});
  tally.add(count);
  const Watchdog watchdog("a thousand threads that wait");
  Waits waits;
  waits.lock.acquire();
  std::vector<threading::Thread> threads;
  const std::size_t parked = parked_threads();
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&waits, i] { waits.wait(i % Waits::kinds, i % 7 == 0); });
    threads.back().start();
  }
  while (parked_threads() < parked + count) std::this_thread::yield();
  threading::Event().wait(watched);  // who has just been counted falls asleep

  const auto before = processor_time();
  threading::Event().wait(watched);
  const auto used = processor_time() - before;
  // One that spins would use all of it, a thousand that look each 50 ms a tenth.
  EXPECT_LT(used, watched / 20) << used.count() << " ns";

  waits.release(static_cast<int>(count));
  for (const auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace tandem::conformance
