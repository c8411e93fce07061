// Parking, the mutex, the gate and the cursor: what everything that blocks stands on.
#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

#include "tandem/core/cursor.hpp"
#include "tandem/core/gate.hpp"
#include "tandem/core/mutex.hpp"

namespace tandem::detail {
namespace {

using namespace std::chrono_literals;

constexpr int rounds = 20'000;
constexpr unsigned several = 4;

template <class Body>
void in_threads(unsigned count, Body body) {
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < count; ++i) threads.emplace_back(body);
}

void wait_for_parked(std::size_t count) {
  while (parked_threads() < count) std::this_thread::yield();
}

TEST(Park, ReturnsAtOnceWhenTheWordDiffers) {
  const seam::atomic<std::uint32_t> word{1};
  EXPECT_TRUE(park(word, 0, Deadline::never()));
}

TEST(Park, EndsAtTheDeadlineAndNotBefore) {
  const seam::atomic<std::uint32_t> word{0};
  const auto start = Deadline::clock::now();
  const Deadline until = Deadline::after(20ms);
  while (park(word, 0, until)) {
  }
  EXPECT_GE(Deadline::clock::now() - start, 20ms);
}

TEST(Park, OfADeadlineLongPastReturns) {
  const seam::atomic<std::uint32_t> word{0};
  EXPECT_FALSE(park(word, 0, Deadline::after(-1h)));
}

TEST(Mutex, ExcludesOthers) {
  Mutex mutex;
  int count = 0;
  in_threads(several, [&] {
    for (int i = 0; i < rounds; ++i) {
      std::scoped_lock guard(mutex);
      ++count;
    }
  });
  EXPECT_EQ(count, rounds * static_cast<int>(several));
  EXPECT_FALSE(mutex.is_locked());
}

TEST(Mutex, GivesUpAtTheDeadline) {
  Mutex mutex;
  std::scoped_lock guard(mutex);
  std::jthread([&] { EXPECT_FALSE(mutex.try_lock_until(Deadline::after(1ms))); });
}

TEST(Mutex, WakesWhoeverParks) {
  Mutex mutex;
  mutex.lock();
  std::jthread waiter([&] { std::scoped_lock guard(mutex); });
  wait_for_parked(1);
  mutex.unlock();
}

TEST(Cursor, CountsUnderItsLock) {
  Cursor cursor;
  in_threads(several, [&] {
    for (int i = 0; i < rounds; ++i) cursor.unlock(cursor.lock() + 1);
  });
  EXPECT_EQ(cursor.count(), static_cast<std::uint64_t>(rounds) * several);
}

TEST(Cursor, WakesWhoeverParks) {
  Cursor cursor;
  const std::uint64_t count = cursor.lock();
  std::vector<std::jthread> waiters;
  for (unsigned i = 0; i < several; ++i)
    waiters.emplace_back([&] { cursor.unlock(cursor.lock() + 1); });
  wait_for_parked(several);
  cursor.unlock(count);
  waiters.clear();
  EXPECT_EQ(cursor.count(), several);
}

TEST(Gate, WakesNobodyWhenNobodySleeps) {
  Gate gate;
  EXPECT_FALSE(gate.wake_one());
  EXPECT_FALSE(gate.has_sleepers());
}

TEST(Gate, TimesOutAndLeavesNoTrace) {
  Gate gate;
  EXPECT_FALSE(gate.wait([] { return false; }, Deadline::after(1ms)));
  EXPECT_FALSE(gate.has_sleepers());
  EXPECT_FALSE(gate.wake_one());
}

TEST(Gate, ClaimsEachSleeperOnce) {
  Gate gate;
  std::vector<std::jthread> sleepers;
  for (unsigned i = 0; i < several; ++i)
    sleepers.emplace_back([&] { gate.wait_parked([] { return false; }, Deadline::never()); });
  wait_for_parked(several);
  EXPECT_TRUE(gate.wake_one());
  EXPECT_TRUE(gate.wake_one());
  gate.wake_all();
  EXPECT_FALSE(gate.wake_one());
}

// A permit is waited for by as many as ask, given by others, and never lost: with time-outs, which
// leave while they are being claimed.
TEST(Gate, LosesNoWakeUp) {
  Gate gate;
  std::atomic<int> permits{0}, taken{0};
  const int wanted = rounds;
  auto take = [&] {
    while (taken.load() < wanted) {
      int now = permits.load();
      if (now > 0 && permits.compare_exchange_strong(now, now - 1)) {
        if (taken.fetch_add(1) + 1 == wanted) gate.wake_all();
        continue;
      }
      gate.wait([&] { return permits.load() > 0 || taken.load() >= wanted; },
                now % 2 ? Deadline::never() : Deadline::after(50us));
    }
  };
  std::jthread giver([&] {
    for (int i = 0; i < wanted; ++i) {
      permits.fetch_add(1);
      gate.wake_one();
    }
  });
  in_threads(several, take);
  EXPECT_EQ(taken.load(), wanted);
}

}  // namespace
}  // namespace tandem::detail
