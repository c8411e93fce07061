// Many threads, short timeouts: nothing is lost, nobody hangs. Small counts; run it under the
// sanitizers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
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

// Each round that was completed let through as many threads as there are parties, however many
// broke and mended the barrier meanwhile.
TEST(ThreadingStress, BarrierRoundsLetAllOrNobodyThrough) {
  constexpr int parties = 3;
  std::atomic<int> rounds{0}, passed{0}, failed{0};
  threading::Barrier barrier(parties, {.action = [&] { ++rounds; }});
  in_threads(parties + 2, [&](int id) {
    for (int round = 0; round < 500; ++round) {
      try {
        const bool hasty = (round + id) % 5 == 0;
        barrier.wait(hasty ? short_timeout(round + id) : std::chrono::nanoseconds(1ms));
        ++passed;
      } catch (const threading::BrokenBarrierError&) {
        ++failed;
        if (round % 3 == 0) barrier.abort();
        barrier.reset();
      }
    }
  });
  EXPECT_EQ(passed.load(), parties * rounds.load());
  EXPECT_EQ(passed + failed, (parties + 2) * 500);
  barrier.reset();
  EXPECT_EQ(barrier.n_waiting(), 0U);
}

TEST(ThreadingStress, BarrierKeepsTheRoundsApart) {
  constexpr std::size_t parties = 4;
  threading::Barrier barrier(parties);
  std::vector<int> notes(parties);  // plain: the barrier alone orders it
  std::atomic<int> wrong{0};
  in_threads(static_cast<int>(parties), [&](int id) {
    const auto own = static_cast<std::size_t>(id);
    for (int round = 1; round <= 1000; ++round) {
      notes[own] = round;
      barrier.wait();
      wrong += notes[(own + 1) % parties] != round;
      barrier.wait();
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST(ThreadingStress, LocalsAndThreadsComeAndGo) {
  static std::atomic<int> alive{0};
  struct Counted {
    Counted() { ++alive; }
    Counted(const Counted&) = delete;
    ~Counted() { --alive; }
    std::vector<int> memory = std::vector<int>(4);  // for the sanitizers
  };
  const auto use = [](const threading::local<Counted>& local) { ++local->memory[0]; };
  const threading::local<Counted> shared;
  in_threads(4, [&](int) {
    for (int round = 0; round < 50; ++round) {
      auto own = std::make_unique<threading::local<Counted>>();
      use(*own);
      const threading::Thread child([&, raw = own.get()] { use(*raw), use(shared); });
      child.start();
      if (round % 2 == 0) child.join();
      const threading::local<Counted> other;
      child.join();
      std::thread([raw = own.get(), &use] { use(*raw); }).join();
    }
  });
  EXPECT_EQ(alive.load(), 1);  // this thread's, of the shared one
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
