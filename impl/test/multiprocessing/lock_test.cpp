// The shared heap, and locks, semaphores and events in it, between processes made by fork().
#include "tandem/multiprocessing/lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "children.hpp"
#include "needs.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/event.hpp"
#include "tandem/multiprocessing/semaphore.hpp"

namespace tandem::multiprocessing {
namespace {

using namespace std::chrono_literals;
using detail::SharedBlock;

TEST(SharedBlock, IsTheSameInAChild) {
  auto block = SharedBlock::allocate(sizeof(int));
  block.as<int>() = 1;
  Child child([&] { return block.as<int>() = 7; });
  EXPECT_EQ(child.wait(), 7);
  EXPECT_EQ(block.as<int>(), 7);
}

TEST(SharedBlock, IsZeroAndUsedAgain) {
  auto other = SharedBlock::allocate(100);
  void* place = nullptr;
  {
    auto block = SharedBlock::allocate(100);
    place = block.data();
    block.as<int>() = 1;
  }
  auto block = SharedBlock::allocate(100);
  EXPECT_EQ(block.data(), place);
  EXPECT_EQ(block.as<int>(), 0);
}

TEST(SharedBlock, StaysAsLongAsAChildKnowsIt) {
  auto other = SharedBlock::allocate(100);
  auto block = SharedBlock::allocate(100);
  void* const place = block.data();
  Event dropped, used;
  Child child([&] {
    dropped.wait();
    block.as<int>() = 5;
    const bool mine = SharedBlock::allocate(100).data() != place;  // the parent's to give away
    block = SharedBlock();
    detail::leave_shared_heap();
    return mine ? 0 : 1;
  });
  block = SharedBlock();
  EXPECT_NE(SharedBlock::allocate(100).data(), place);
  dropped.set();
  EXPECT_EQ(child.wait(), 0);
  // Found when room is looked for.
  std::vector<SharedBlock> blocks;
  bool again = false;
  for (int i = 0; i < 5000 && !again; ++i) {
    blocks.push_back(SharedBlock::allocate(100));
    again = blocks.back().data() == place;
  }
  EXPECT_TRUE(again);
}

TEST(SharedBlock, LargeOnesHaveTheirOwnMemory) {
  auto block = SharedBlock::allocate(std::size_t{10} << 20, 64);
  auto* const last = static_cast<char*>(block.data()) + block.size() - 1;
  EXPECT_EQ(*last, 0);
  Child child([&] { return *last = 3; });
  EXPECT_EQ(child.wait(), 3);
  EXPECT_EQ(*last, 3);
}

// Counts in a plain variable, which only a lock keeps right.
template <class L>
int counted(const L& lock, int processes, int times) {
  auto block = SharedBlock::allocate(sizeof(int));
  std::vector<Child> children;
  for (int i = 0; i < processes; ++i)
    children.emplace_back([&] {
      for (int turn = 0; turn < times; ++turn) {
        std::scoped_lock guard(lock);
        block.as<volatile int>() = block.as<volatile int>() + 1;
      }
      return 0;
    });
  for (auto& child : children) EXPECT_EQ(child.wait(), 0);
  return block.as<int>();
}

TEST(MultiprocessingLock, Excludes) {
  EXPECT_EQ(counted(Lock(), 4, 20000), 80000);
  EXPECT_EQ(counted(Lock({.robust = true}), 4, 20000), 80000);
  EXPECT_EQ(counted(RLock(), 4, 20000), 80000);
  EXPECT_EQ(counted(Semaphore(1), 4, 20000), 80000);
}

TEST(MultiprocessingLock, AnybodyMayRelease) {
  Lock lock;
  lock.acquire();
  Child child([&] {
    lock.release();
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_FALSE(lock.locked());
  EXPECT_THROW(lock.release(), ValueError);
}

TEST(MultiprocessingLock, WakesASleeper) {
  Lock lock;
  Event asleep;
  lock.acquire();
  Child child([&] {
    asleep.set();
    lock.acquire();
    return 0;
  });
  asleep.wait();
  EXPECT_FALSE(lock.acquire({.timeout = 20ms}));
  lock.release();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_FALSE(lock.acquire({.block = false}));
}

template <class L>
void expect_recovers(const L& lock) {
  for (int turn = 0; turn < 3; ++turn) {
    Event taken;
    Child child([&] {
      lock.acquire();
      taken.set();
      for (;;) ::pause();
      return 0;
    });
    taken.wait();
    EXPECT_FALSE(lock.acquire({.timeout = 10ms}));
    EXPECT_TRUE(lock.locked());
    child.kill();
    EXPECT_TRUE(lock.acquire({.timeout = 60s}));
    lock.release();
    EXPECT_FALSE(lock.locked());
  }
}

TEST(MultiprocessingLock, RobustOnesRecover) {
  TANDEM_NEEDS(robust_mutexes);
  expect_recovers(RLock());
  expect_recovers(Lock({.robust = true}));
}

TEST(MultiprocessingLock, RobustOnesRecoverFromAThread) {
  TANDEM_NEEDS(robust_mutexes);
  RLock lock;
  std::thread([&] { lock.acquire(), lock.acquire(); }).join();
  EXPECT_FALSE(lock.locked());
  lock.acquire();
  std::thread([&] { EXPECT_THROW(lock.release(), AssertionError); }).join();
  lock.release();
}

TEST(MultiprocessingLock, BelongsToNoChild) {
  RLock lock;
  lock.acquire();
  Child child([&] {
    try {
      lock.release();
    } catch (const AssertionError&) {
      return lock.acquire({.block = false}) ? 1 : 0;
    }
    return 2;
  });
  EXPECT_EQ(child.wait(), 0);
  lock.release();
}

TEST(MultiprocessingLock, MayBeDroppedWhileHeld) {
  for (int turn = 0; turn < 100; ++turn) {
    RLock lock;
    lock.acquire();
  }
  std::optional<RLock> of_another(std::in_place);
  std::atomic<int> stage = 0;
  std::thread holder([&] {
    of_another->acquire();
    stage = 1;
    while (stage != 2) std::this_thread::yield();
  });
  while (stage != 1) std::this_thread::yield();
  of_another.reset();
  std::vector<RLock> others(30);
  for (auto& lock : others) lock.acquire();
  stage = 2;
  holder.join();
  for (auto& lock : others) lock.release();
}

TEST(MultiprocessingSemaphore, Counts) {
  Semaphore free(0), done(0);
  std::vector<Child> children;
  for (int i = 0; i < 4; ++i)
    children.emplace_back([&] {
      for (int turn = 0; turn < 1000; ++turn) free.acquire(), done.release();
      return 0;
    });
  for (int turn = 0; turn < 4000; ++turn) free.release();
  for (int turn = 0; turn < 4000; ++turn) done.acquire();
  for (auto& child : children) EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(free.get_value(), 0);
  EXPECT_EQ(done.get_value(), 0);
}

TEST(MultiprocessingSemaphore, IsBounded) {
  BoundedSemaphore semaphore(1);
  EXPECT_THROW(semaphore.release(), ValueError);
  EXPECT_EQ(to_string(semaphore), "<BoundedSemaphore(value=1, maxvalue=1)>");
  EXPECT_THROW(Semaphore(-1), OSError);
}

// Whoever was woken in another's place may have been killed.
TEST(MultiprocessingSemaphore, AKilledSleeperTakesNoWakeAlong) {
  for (int turn = 0; turn < 20; ++turn) {
    Semaphore semaphore(0);
    Child victim([&] {
      semaphore.acquire();
      for (;;) ::pause();
      return 0;
    });
    Child other([&] {
      semaphore.acquire();
      return 0;
    });
    semaphore.release();
    victim.kill();
    semaphore.release();
    EXPECT_EQ(other.wait(), 0);
  }
}

TEST(MultiprocessingEvent, LetsAllThrough) {
  for (int turn = 0; turn < 50; ++turn) {
    Event event;
    std::vector<Child> children;
    for (int i = 0; i < 4; ++i) children.emplace_back([&] { return event.wait() ? 0 : 1; });
    EXPECT_FALSE(event.wait(0s));
    event.set();
    for (auto& child : children) EXPECT_EQ(child.wait(), 0);
    EXPECT_TRUE(event.wait());
    event.clear();
    EXPECT_FALSE(event.wait(1ms));
  }
}

TEST(MultiprocessingLock, Reprs) {
  Lock lock;
  RLock recursive;
  EXPECT_EQ(to_string(lock), "<Lock(owner=None)>");
  lock.acquire(), recursive.acquire(), recursive.acquire();
  EXPECT_EQ(to_string(lock), "<Lock(owner=MainProcess)>");
  EXPECT_EQ(to_string(recursive), "<RLock(MainProcess, 2)>");
  std::thread([&] {
    EXPECT_EQ(to_string(lock), "<Lock(owner=SomeOtherThread)>");
    EXPECT_EQ(to_string(recursive), "<RLock(SomeOtherThread, nonzero)>");
  }).join();
  Child child([&] {
    return to_string(lock) == "<Lock(owner=SomeOtherProcess)>" &&
                   to_string(recursive) == "<RLock(SomeOtherProcess, nonzero)>"
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  recursive.release(), recursive.release();
}

}  // namespace
}  // namespace tandem::multiprocessing
