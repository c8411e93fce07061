// Many threads, short timeouts: nothing is lost, nobody hangs. Small counts; run it under the
// sanitizers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "tandem/threading.hpp"

namespace {

using namespace std::chrono_literals;
namespace threading = tandem::threading;

template <class F>
void in_threads(int n, F f) {
  std::vector<threading::Thread> threads;
  for (int i = 0; i < n; ++i) threads.emplace_back(f, i);
  for (const auto& thread : threads) thread.start();
  for (const auto& thread : threads) thread.join();
}

// Long enough to sleep now and then, short enough to run out now and then.
std::chrono::nanoseconds short_timeout(int round) { return (round % 7) * 10us; }

TEST(ThreadingStress, LockTimeoutsLoseNoWake) {
  threading::Lock lock;
  int inside = 0, taken = 0;
  std::atomic<int> counted{0};
  in_threads(4, [&](int id) {
    for (int round = 0; round < 500; ++round) {
      const bool patient = id == 0 || round % 50 == 0;
      if (!(patient ? lock.acquire() : lock.acquire({.timeout = short_timeout(round + id)})))
        continue;
      EXPECT_EQ(++inside, 1);
      ++taken;
      ++counted;
      --inside;
      lock.release();
    }
  });
  EXPECT_EQ(taken, counted.load());
  EXPECT_FALSE(lock.locked());
}

TEST(ThreadingStress, SemaphoreTimeoutsKeepTheCount) {
  threading::Semaphore semaphore(0);
  constexpr int total = 2000;
  std::atomic<int> taken{0};
  in_threads(5, [&](int id) {
    if (id == 0) {
      for (int n = 0; n < total; n += 4) semaphore.release(4);
      return;
    }
    for (int round = 0; taken.load() < total; ++round)
      if (semaphore.acquire({.timeout = short_timeout(round + id)})) ++taken;
  });
  EXPECT_EQ(taken.load(), total);
  EXPECT_FALSE(semaphore.try_lock());
}

TEST(ThreadingStress, ConditionTimeoutsLoseNoNotify) {
  threading::Condition condition;
  int items = 0, made = 0, used = 0;
  constexpr int total = 1000;
  in_threads(4, [&](int id) {
    for (int round = 0;; ++round) {
      const std::scoped_lock guard(condition);
      if (id == 0) {
        if (made == total) return;
        ++made;
        ++items;
        condition.notify();
        continue;
      }
      if (items > 0) --items, ++used;
      if (used == total) {
        condition.notify_all();
        return;
      }
      if (items == 0) condition.wait(id == 1 ? 1s : tandem::Timeout(short_timeout(round)));
    }
  });
  EXPECT_EQ(used, total);
}

TEST(ThreadingStress, EventPulsesLetEverybodyThrough) {
  threading::Event event;
  std::atomic<int> through{0};
  constexpr int rounds = 200;
  in_threads(5, [&](int id) {
    if (id == 0) {
      while (through.load() < 4 * rounds) {
        event.set();
        event.clear();
      }
      return;
    }
    for (int round = 0; round < rounds; ++round) {
      event.wait();
      ++through;
    }
  });
  EXPECT_EQ(through.load(), 4 * rounds);
}

TEST(ThreadingStress, ThreadsComeAndGo) {
  const auto before = threading::active_count();
  std::atomic<int> ran{0};
  in_threads(4, [&](int) {
    for (int round = 0; round < 50; ++round) {
      threading::Event ended;
      threading::Thread([&] {
        ++ran;
        ended.set();
      }).start();  // dropped
      ended.wait();
      threading::Thread joined([&] { ++ran; });
      joined.start();
      joined.join();
    }
  });
  EXPECT_EQ(ran.load(), 400);
  while (threading::active_count() > before) std::this_thread::yield();
}

}  // namespace
