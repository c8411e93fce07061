// What acquire() of the locks and wait() of an Event return: as attempt_test.cpp has it of a queue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include "logged.hpp"
#include "platform/sanitizers.hpp"
#include "tandem/asyncio.hpp"
#include "tandem/core/block_pool.hpp"

namespace tandem::asyncio {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using tandem::detail::pooled_bytes;

// One that need not be waited for, as long as it is left before it is entered again.
template <class P>
class Free {
 public:
  Free() {
    if constexpr (is_event) all_.set();
  }
  auto enter() {
    if constexpr (is_event)
      return all_.wait();
    else
      return all_.acquire();
  }
  void leave() {
    if constexpr (!is_event) all_.release();
  }

 private:
  static constexpr bool is_event = std::same_as<P, Event>;
  P all_;
};

template <class P>
class LockAttempt : public testing::Test {};
using Kinds = testing::Types<Lock, Semaphore, BoundedSemaphore, Condition, Event>;
TYPED_TEST_SUITE(LockAttempt, Kinds);

Coroutine<bool> passed_on(Coroutine<bool> entering) { co_return co_await std::move(entering); }

template <class P>
Coroutine<> where_coroutines_stand() {
  Free<P> one;
  std::vector<bool> said;
  const auto left = [&](bool entered) {
    said.push_back(entered);
    one.leave();
  };
  left(co_await one.enter());
  left(co_await create_task(one.enter()));
  left(co_await create_task(one.enter(), "entering"));
  left(co_await get_running_loop().create_task(one.enter()));
  left(co_await ensure_future(one.enter()));
  left(co_await wait_for(one.enter(), 1s));
  left(co_await shield(one.enter()));
  const auto [gathered] = co_await gather(one.enter());
  left(gathered);
  left(co_await passed_on(one.enter()));
  EXPECT_EQ(said.size(), 9u);
  EXPECT_THAT(said, Each(true));
}

TYPED_TEST(LockAttempt, StandsWhereCoroutinesStand) { run(where_coroutines_stand<TypeParam>()); }

template <class P>
Coroutine<> in_containers() {
  Free<P> one, other;
  std::vector<Coroutine<bool>> coroutines;
  coroutines.push_back(one.enter());
  std::vector<decltype(other.enter())> attempts;
  attempts.push_back(other.enter());
  const std::vector<bool> all = co_await gather(std::move(coroutines));
  EXPECT_THAT(all, ElementsAre(true));
  for (auto& completed : as_completed(std::move(attempts))) {
    const bool entered = co_await std::move(completed);
    EXPECT_TRUE(entered);
  }
}

TYPED_TEST(LockAttempt, StandsInContainers) { run(in_containers<TypeParam>()); }

template <class P>
Coroutine<> in_scopes() {
  Free<P> one;
  TaskGroup group;
  auto starting = [&one](TaskGroup& tasks) { return tasks.create_task(one.enter()); };
  const Task<bool> task = co_await with(group, starting);
  EXPECT_TRUE(task.result());
  one.leave();
  Lock lock;
  auto entering = [&one] { return one.enter(); };
  const bool entered = co_await with(lock, entering);
  EXPECT_TRUE(entered);
}

TYPED_TEST(LockAttempt, StandsInScopes) { run(in_scopes<TypeParam>()); }

TYPED_TEST(LockAttempt, IsRunByRun) {
  Free<TypeParam> one;
  EXPECT_TRUE(run(one.enter()));
  one.leave();
  const auto loop = new_event_loop();
  EXPECT_TRUE(loop.run_until_complete(one.enter()));
  loop.close();
}

template <class P>
Coroutine<> from_a_thread() {
  Free<P> one;
  const auto loop = get_running_loop();
  auto asking = [&one, loop] { return run_coroutine_threadsafe(one.enter(), loop).result(); };
  const bool entered = co_await to_thread(asking);
  EXPECT_TRUE(entered);
}

TYPED_TEST(LockAttempt, IsRunForOtherThreads) { run(from_a_thread<TypeParam>()); }

template <class P>
Coroutine<> once() {
  Free<P> one;
  auto entering = one.enter();
  const bool entered = co_await std::move(entering);
  EXPECT_TRUE(entered);
  one.leave();
  bool is_refused = false;
  try {
    co_await std::move(entering);
  } catch (const RuntimeError&) {
    is_refused = true;
  }
  EXPECT_TRUE(is_refused);
  EXPECT_THROW(create_task(std::move(entering)), RuntimeError);
  entering = one.enter();
  const bool again = co_await std::move(entering);
  EXPECT_TRUE(again);
}

TYPED_TEST(LockAttempt, IsAwaitedOnce) { run(once<TypeParam>()); }

TYPED_TEST(LockAttempt, TellsThatItWasNeverAwaited) {
  const Logged logged;
  Free<TypeParam> one;
  static_cast<void>(one.enter());
  static_cast<void>(Coroutine<bool>(one.enter()));
  one.enter().close();
  EXPECT_THAT(logged.lines(), ElementsAre(HasSubstr("'Coroutine<bool>' was never awaited"),
                                          HasSubstr("'Coroutine<bool>' was never awaited")));
}

// How much more the pool has after so many of A are there at once.
template <class A, class P>
std::size_t pooled_by_many(Free<P>& one) {
  constexpr std::size_t count = 150'000;  // more than the pool keeps for whoever needs them next
  std::vector<A> all;
  all.reserve(count);
  const std::size_t before = pooled_bytes();
  for (std::size_t n = 0; n < count; ++n) all.push_back(one.enter());
  const std::size_t after = pooled_bytes();
  for (A& each : all) each.close();
  return after - before;
}

TYPED_TEST(LockAttempt, HasNoFrame) {
#ifdef TANDEM_ASAN
  GTEST_SKIP() << "no pool under the address sanitizer";
#endif
  Free<TypeParam> one;
  EXPECT_EQ((pooled_by_many<decltype(one.enter())>(one)), 0u);
  EXPECT_GT((pooled_by_many<Coroutine<bool>>(one)), 0u) << "so this shows nothing";
}

}  // namespace
}  // namespace tandem::asyncio
