// Mutexes in shared memory that their owner's death frees, between processes made by fork().
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "children.hpp"
#include "needs.hpp"
#include "platform/brief_mutex.hpp"
#include "platform/robust_mutex.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"
#include "tandem/multiprocessing/event.hpp"

namespace tandem::multiprocessing {
namespace {

using namespace std::chrono_literals;
using detail::SharedBlock;
using platform::BriefMutex;
using platform::RobustMutex;
using Taken = RobustMutex::Taken;

template <class Mutex>
class RobustMutexes : public testing::Test {};
using Kinds = testing::Types<BriefMutex, RobustMutex>;
TYPED_TEST_SUITE(RobustMutexes, Kinds);

// In memory that the children have, too.
template <class Mutex, std::size_t Count = 1>
class Shared {
 public:
  Mutex& operator[](std::size_t index) { return (*mutexes_)[index]; }

 private:
  SharedBlock block_ = SharedBlock::allocate(sizeof(std::array<Mutex, Count>), 128);
  std::array<Mutex, Count>* mutexes_ = new (block_.data()) std::array<Mutex, Count>;
};

// One that does as it is told, and stays there until it is killed.
template <class Body>
Child staying(Body body) {
  Event done;
  Child child([&] {
    body(done);
    done.set();
    for (;;) ::pause();
    return 0;
  });
  done.wait();
  return child;
}

seam::clock::time_point in(std::chrono::milliseconds time) { return seam::clock::now() + time; }

Taken taken_in_time(BriefMutex& mutex) {
  const auto until = in(60s);
  return mutex.lock(&until);
}
// The thread sanitizer does not notice what pthread_mutex_clocklock() gets from the dead.
Taken taken_in_time(RobustMutex& mutex) {
  const auto until = in(60s);
  Taken taken = Taken::no;
  while (taken == Taken::no && seam::clock::now() < until) taken = mutex.try_lock();
  return taken;
}

template <class Mutex>
void expect_exclusion() {
  Shared<Mutex> mutex;
  auto block = SharedBlock::allocate(sizeof(int));
  auto& count = block.as<volatile int>();
  std::vector<Child> children;
  for (int i = 0; i < 2; ++i)
    children.emplace_back([&] {
      const auto work = [&] {
        for (int turn = 0; turn < 20000; ++turn) {
          mutex[0].lock(nullptr);
          count = count + 1;
          mutex[0].unlock();
        }
      };
      std::thread other(work);
      work();
      other.join();
      return 0;
    });
  for (auto& child : children) EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(count, 80000);
}

TYPED_TEST(RobustMutexes, Exclude) { expect_exclusion<TypeParam>(); }

// As on a system that has none. What a thread has found there it knows for good: each is a child's.
template <class Mutex>
class WithoutRobustMutexes : public testing::Test {
 protected:
  void SetUp() override { platform::allow_robust_mutexes(false); }
  void TearDown() override { platform::allow_robust_mutexes(true); }
};
TYPED_TEST_SUITE(WithoutRobustMutexes, Kinds);

TYPED_TEST(WithoutRobustMutexes, TheyExclude) { expect_exclusion<TypeParam>(); }

void wait_until_asleep(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  for (std::string skipped, state; state != "S"; std::this_thread::yield())
    std::ifstream(path) >> skipped >> skipped >> state;
}

TYPED_TEST(WithoutRobustMutexes, AnotherProcessIsWoken) {
  Child owner([] {
    Shared<TypeParam> mutex;
    mutex[0].lock(nullptr);
    Event coming;
    Child child([&] {
      coming.set();
      const auto until = in(60s);
      return mutex[0].lock(&until) == Taken::yes ? 0 : 1;
    });
    coming.wait();
    wait_until_asleep(child.pid());
    mutex[0].unlock();
    return child.wait();
  });
  EXPECT_EQ(owner.wait(), 0);
}

TYPED_TEST(WithoutRobustMutexes, NobodyIsFreed) {
  Child other([] {
    Shared<TypeParam> mutex;
    Child child = staying([&](Event&) { mutex[0].lock(nullptr); });
    child.kill();
    const auto until = in(20ms);
    return mutex[0].lock(&until) == Taken::no && mutex[0].try_lock() == Taken::no ? 0 : 1;
  });
  EXPECT_EQ(other.wait(), 0);
}

TYPED_TEST(WithoutRobustMutexes, AChildDoesNotGiveBackItsParents) {
  Child parent([] {
    Shared<TypeParam> mutex;
    mutex[0].lock(nullptr);
    Child child([&] {
      mutex[0].unlock();
      return mutex[0].try_lock() == Taken::no ? 0 : 1;
    });
    if (child.wait() != 0) return 1;
    mutex[0].unlock();
    return mutex[0].try_lock() == Taken::yes ? 0 : 2;
  });
  EXPECT_EQ(parent.wait(), 0);
}

TYPED_TEST(RobustMutexes, AreLeftAfterATime) {
  Shared<TypeParam> mutex;
  mutex[0].lock(nullptr);
  std::thread other([&] {
    EXPECT_EQ(mutex[0].try_lock(), Taken::no);
    const auto until = in(20ms);
    EXPECT_EQ(mutex[0].lock(&until), Taken::no);
    EXPECT_GE(seam::clock::now(), until);
  });
  other.join();
  mutex[0].unlock();
  EXPECT_EQ(mutex[0].try_lock(), Taken::yes);
  mutex[0].unlock();
}

TYPED_TEST(RobustMutexes, AreFreedByDeath) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<TypeParam> mutex;
  for (int turn = 0; turn < 3; ++turn) {
    Child child = staying([&](Event&) { mutex[0].lock(nullptr); });
    EXPECT_EQ(mutex[0].try_lock(), Taken::no);
    child.kill();
    EXPECT_EQ(taken_in_time(mutex[0]), Taken::from_the_dead);
    mutex[0].unlock();
    EXPECT_EQ(mutex[0].try_lock(), Taken::yes);
    mutex[0].unlock();
  }
}

TYPED_TEST(RobustMutexes, AreFreedByTheEndOfAThread) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<TypeParam> mutex;
  std::thread([&] { mutex[0].lock(nullptr); }).join();
  EXPECT_EQ(taken_in_time(mutex[0]), Taken::from_the_dead);
  mutex[0].unlock();
}

// A child's thread has another number than the one that it is a copy of.
TYPED_TEST(RobustMutexes, KnowWhoHasThemInAChild) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<TypeParam> mutex;
  mutex[0].lock(nullptr);
  mutex[0].unlock();
  Child child = staying([&](Event&) { mutex[0].lock(nullptr); });
  EXPECT_EQ(mutex[0].try_lock(), Taken::no);
  child.kill();
  EXPECT_EQ(taken_in_time(mutex[0]), Taken::from_the_dead);
  mutex[0].unlock();
}

// Several wait: whoever is woken by a death, and gives it back, wakes the next one.
TYPED_TEST(RobustMutexes, ArePassedOnAfterADeath) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<TypeParam> mutex;
  Child owner = staying([&](Event&) { mutex[0].lock(nullptr); });
  std::vector<Child> waiters;
  for (int i = 0; i < 3; ++i)
    waiters.emplace_back([&] {
      const Taken taken = mutex[0].lock(nullptr);
      mutex[0].unlock();
      return taken == Taken::from_the_dead ? 1 : 0;
    });
  owner.kill();
  int from_the_dead = 0;
  for (auto& waiter : waiters) from_the_dead += waiter.wait();
  EXPECT_EQ(from_the_dead, 1);
}

TEST(BriefMutex, AllAreFreedThatOneHad) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<BriefMutex, 3> mutex;
  Child child = staying([&](Event&) {
    for (std::size_t i = 0; i < 3; ++i) mutex[i].lock(nullptr);
  });
  child.kill();
  for (std::size_t i = 3; i-- > 0;) {
    EXPECT_EQ(taken_in_time(mutex[i]), Taken::from_the_dead) << i;
    mutex[i].unlock();
  }
}

// The outer ones, while it waits for an inner one, and after it has given that back.
TEST(BriefMutex, OuterOnesAreFreed) {
  TANDEM_NEEDS(robust_mutexes);
  for (const bool gets_it : {false, true}) {
    Shared<BriefMutex, 3> mutex;
    if (!gets_it) mutex[2].lock(nullptr);
    Child child = staying([&](Event& asleep) {
      mutex[0].lock(nullptr);
      mutex[1].lock(nullptr);
      if (!gets_it) asleep.set();
      mutex[2].lock(nullptr);
      mutex[2].unlock();
    });
    EXPECT_EQ(mutex[1].try_lock(), Taken::no);
    child.kill();
    if (!gets_it) mutex[2].unlock();
    EXPECT_EQ(taken_in_time(mutex[1]), Taken::from_the_dead);
    EXPECT_EQ(taken_in_time(mutex[0]), Taken::from_the_dead);
    mutex[0].unlock();
    mutex[1].unlock();
    EXPECT_EQ(taken_in_time(mutex[2]), Taken::yes);
    mutex[2].unlock();
  }
}

// Whoever could not get an inner one has the outer one as before.
TEST(BriefMutex, OuterOnesAreKeptAfterATime) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<BriefMutex, 2> mutex;
  mutex[1].lock(nullptr);
  Child child = staying([&](Event&) {
    mutex[0].lock(nullptr);
    if (mutex[1].try_lock() != Taken::no) ::_exit(1);
    const auto until = in(1ms);
    if (mutex[1].lock(&until) != Taken::no) ::_exit(1);
  });
  mutex[1].unlock();
  EXPECT_EQ(mutex[0].try_lock(), Taken::no);
  child.kill();
  EXPECT_EQ(taken_in_time(mutex[0]), Taken::from_the_dead);
  mutex[0].unlock();
}

// The C library leaves what it could not have in time where it has said that it is about to.
TEST(BriefMutex, LeavesAloneWhatWasNotHadInTime) {
  TANDEM_NEEDS(robust_mutexes);
  for (const bool in_child : {false, true}) {
    Shared<RobustMutex, 2> robust;
    Shared<BriefMutex> brief;
    Child owner = staying([&](Event&) {
      robust[1].lock(nullptr);
      robust[0].lock(nullptr);
    });
    const auto until = in(1ms);
    EXPECT_EQ(robust[0].lock(&until), Taken::no);
    const auto use = [&] {
      brief[0].lock(nullptr);
      brief[0].unlock();
      return 0;
    };
    EXPECT_EQ(in_child ? Child(use).wait() : use(), 0);
    owner.kill();
    EXPECT_EQ(taken_in_time(robust[1]), Taken::from_the_dead);
    EXPECT_EQ(taken_in_time(robust[0]), Taken::from_the_dead);
    robust[0].unlock();
    robust[1].unlock();
  }
}

// What a signal handler may do to whoever sleeps with some.
TEST(BriefMutex, AreFreedOfWhoSleeps) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<BriefMutex, 2> brief;
  Shared<RobustMutex> robust;
  Child child = staying([&](Event& asleep) {
    brief[0].lock(nullptr);
    brief[1].lock(nullptr);
    const BriefMutex::Asleep sleeping;
    robust[0].lock(nullptr);
    robust[0].unlock();
    asleep.set();
    for (;;) ::pause();
  });
  child.kill();
  EXPECT_EQ(taken_in_time(brief[0]), Taken::from_the_dead);
  EXPECT_EQ(taken_in_time(brief[1]), Taken::from_the_dead);
  brief[1].unlock();
  brief[0].unlock();
  EXPECT_EQ(robust[0].try_lock(), Taken::yes);
  robust[0].unlock();
}

TEST(BriefMutex, AreKeptAfterSleep) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<BriefMutex, 2> brief;
  Shared<RobustMutex> robust;
  Child child = staying([&](Event&) {
    brief[0].lock(nullptr);
    {
      const BriefMutex::Asleep sleeping;
      robust[0].lock(nullptr);
      brief[1].lock(nullptr);
      brief[1].unlock();
      robust[0].unlock();
    }
    brief[1].lock(nullptr);
  });
  child.kill();
  for (const std::size_t i : {1U, 0U}) {
    EXPECT_EQ(taken_in_time(brief[i]), Taken::from_the_dead) << i;
    brief[i].unlock();
  }
}

// The copy of a thread that has some has none.
TEST(BriefMutex, BelongToNoChild) {
  Shared<BriefMutex, 2> brief;
  brief[0].lock(nullptr);
  Child child([&] {
    brief[0].unlock();  // as it would at the end of a block
    brief[1].lock(nullptr);
    brief[1].unlock();
    return brief[0].try_lock() == Taken::no ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  std::thread([&] { EXPECT_EQ(brief[0].try_lock(), Taken::no); }).join();
  brief[0].unlock();
}

// The C library's list holds what the thread has beside them.
TEST(BriefMutex, StandsBesideOthers) {
  TANDEM_NEEDS(robust_mutexes);
  Shared<RobustMutex, 2> robust;
  Shared<BriefMutex, 2> brief;
  Child child = staying([&](Event&) {
    robust[0].lock(nullptr);
    brief[0].lock(nullptr);
    brief[1].lock(nullptr);
    brief[1].unlock();
    brief[0].unlock();
    robust[1].lock(nullptr);
    robust[1].unlock();
    brief[0].lock(nullptr);
  });
  child.kill();
  EXPECT_EQ(taken_in_time(robust[0]), Taken::from_the_dead);
  EXPECT_EQ(taken_in_time(brief[0]), Taken::from_the_dead);
  brief[0].unlock();
  robust[0].unlock();
  EXPECT_EQ(brief[1].try_lock(), Taken::yes);
  brief[1].unlock();
  EXPECT_EQ(robust[1].try_lock(), Taken::yes);
  robust[1].unlock();
}

}  // namespace
}  // namespace tandem::multiprocessing
