// Conditions and barriers between processes made by fork().
#include "tandem/multiprocessing/condition.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "children.hpp"
#include "needs.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/barrier.hpp"
#include "tandem/multiprocessing/event.hpp"
#include "tandem/multiprocessing/semaphore.hpp"

namespace tandem::multiprocessing {
namespace {

using namespace std::chrono_literals;
using detail::SharedBlock;

TEST(MultiprocessingCondition, NeedsItsLock) {
  Condition condition;
  EXPECT_THROW(condition.wait(0s), AssertionError);
  EXPECT_THROW(condition.notify(), AssertionError);
  std::scoped_lock guard(condition);
  EXPECT_FALSE(condition.wait(0s));
  EXPECT_FALSE(condition.wait(1ms));
  EXPECT_EQ(to_string(condition), "<Condition(<RLock(MainProcess, 1)>, 0)>");
}

template <class L>
void expect_notifies(L lock) {
  Condition condition(lock);
  Semaphore ready(0), awake(0);
  std::vector<Child> children;
  for (int i = 0; i < 3; ++i)
    children.emplace_back([&] {
      std::scoped_lock guard(condition);
      ready.release();
      const bool notified = condition.wait();
      awake.release();
      return notified ? 0 : 1;
    });
  for (int i = 0; i < 3; ++i) ready.acquire();
  {
    std::scoped_lock guard(condition);
    condition.notify();
  }
  awake.acquire();
  EXPECT_FALSE(awake.acquire({.timeout = 20ms}));
  {
    std::scoped_lock guard(condition);
    condition.notify_all();
  }
  for (auto& child : children) EXPECT_EQ(child.wait(), 0);
}

TEST(MultiprocessingCondition, NotifiesOneOrAll) {
  expect_notifies(RLock());
  expect_notifies(Lock());
}

TEST(MultiprocessingCondition, GivesARecursiveLockBack) {
  Condition condition;
  Event waiting;
  Child child([&] {
    condition.acquire(), condition.acquire();
    waiting.set();
    condition.wait();
    condition.release(), condition.release();
    return 0;
  });
  waiting.wait();
  std::scoped_lock guard(condition);
  condition.notify();
  condition.release();
  EXPECT_EQ(child.wait(), 0);
  condition.acquire();
}

// A notification is for the living: the first in the queue was killed.
TEST(MultiprocessingCondition, TheKilledTakeNoNotification) {
  Condition condition;
  Semaphore ready(0);
  const auto start = [&] {
    return Child([&] {
      std::scoped_lock guard(condition);
      ready.release();
      return condition.wait() ? 0 : 1;
    });
  };
  for (int turn = 0; turn < 20; ++turn) {
    Child victim = start();
    ready.acquire();
    Child other = start();
    ready.acquire();
    condition.acquire(), condition.release();
    victim.kill();
    {
      std::scoped_lock guard(condition);
      condition.notify();
    }
    EXPECT_EQ(other.wait(), 0);
  }
}

TEST(MultiprocessingCondition, WaitsForAPredicate) {
  Condition condition;
  auto block = SharedBlock::allocate(sizeof(int));
  auto& number = block.as<volatile int>();
  Child child([&] {
    std::scoped_lock guard(condition);
    return condition.wait_for([&] { return number == 4; }) ? 0 : 1;
  });
  for (int i = 1; i <= 4; ++i) {
    std::scoped_lock guard(condition);
    number = i;
    condition.notify();
  }
  EXPECT_EQ(child.wait(), 0);
  std::scoped_lock guard(condition);
  EXPECT_FALSE(condition.wait_for([&] { return number == 5; }, 1ms));
}

TEST(MultiprocessingBarrier, LetsARoundThrough) {
  constexpr int parties = 4, rounds = 200;
  Barrier barrier(parties);
  auto block = SharedBlock::allocate(sizeof(std::atomic<int>[rounds]));
  auto* const sums = static_cast<std::atomic<int>*>(block.data());
  std::vector<Child> children;
  for (int i = 0; i < parties; ++i)
    children.emplace_back([&] {
      int wrong = 0;
      for (int round = 0; round < rounds; ++round) {
        sums[round] += static_cast<int>(barrier.wait());
        if (round > 0 && sums[round - 1] != 6) ++wrong;
      }
      return wrong;
    });
  for (auto& child : children) EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(sums[rounds - 1], 6);
  EXPECT_EQ(barrier.n_waiting(), 0U);
}

TEST(MultiprocessingBarrier, BreaksForAll) {
  Barrier barrier(3);
  Semaphore coming(0);
  const auto start = [&](Timeout timeout) {
    return Child([&, timeout] {
      coming.release();
      try {
        barrier.wait(timeout);
      } catch (const BrokenBarrierError&) {
        return 7;
      }
      return 0;
    });
  };
  Child patient = start({}), hasty = start(10ms);
  EXPECT_EQ(hasty.wait(), 7);
  EXPECT_EQ(patient.wait(), 7);
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), BrokenBarrierError);
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  Child first = start({}), second = start({});
  barrier.wait();
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  Child reset = start({});
  while (barrier.n_waiting() == 0) std::this_thread::yield();
  barrier.reset();
  EXPECT_EQ(reset.wait(), 7);
  EXPECT_FALSE(barrier.broken());
  EXPECT_THROW(barrier.wait(0s), BrokenBarrierError);
}

TEST(MultiprocessingBarrier, ActsOnce) {
  auto block = SharedBlock::allocate(sizeof(int));
  Barrier barrier(2, {.action = [&] { ++block.as<int>(); }});
  Child child([&] { return barrier.wait(), barrier.wait(), 0; });
  barrier.wait(), barrier.wait();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(block.as<int>(), 2);
  Barrier failing(1, {.action = [] { throw ValueError("no"); }});
  EXPECT_THROW(failing.wait(), ValueError);
  EXPECT_TRUE(failing.broken());
}

TEST(MultiprocessingBarrier, WhoWasKilledHasCome) {
  Barrier barrier(3);
  Child victim([&] { return barrier.wait(), 0; });
  while (barrier.n_waiting() == 0) std::this_thread::yield();
  victim.kill();
  for (int round = 0; round < 2; ++round) {
    Child other([&] { return barrier.wait(), 0; });
    Child third([&] { return round > 0 ? barrier.wait(), 0 : 0; });
    barrier.wait();
    EXPECT_EQ(other.wait(), 0);
    EXPECT_EQ(third.wait(), 0);
  }
}

TEST(MultiprocessingBarrier, IsBrokenByADeathInItsAction) {
  TANDEM_NEEDS(robust_mutexes);
  Barrier barrier(2, {.action = [] { ::raise(SIGKILL); }});
  Child first([&] {
    try {
      barrier.wait();
    } catch (const BrokenBarrierError&) {
      return 7;
    }
    return 0;
  });
  while (barrier.n_waiting() == 0) std::this_thread::yield();
  EXPECT_EQ(Child([&] { return barrier.wait(), 0; }).wait(), -SIGKILL);
  EXPECT_TRUE(barrier.broken());
  EXPECT_EQ(first.wait(), 7);
}

}  // namespace
}  // namespace tandem::multiprocessing
