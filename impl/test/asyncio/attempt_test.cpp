// What a queue's put() and get() return: in every place where a coroutine may stand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "logged.hpp"
#include "tandem/asyncio.hpp"

namespace tandem::asyncio {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

using Numbers = Queue<int>;

Coroutine<> filled(Numbers& q, int last) {
  for (int n = 1; n <= last; ++n) co_await q.put(n);
}
Coroutine<int> passed_on(Coroutine<int> got) { co_return co_await std::move(got); }

Coroutine<> where_coroutines_stand() {
  Numbers q;
  co_await filled(q, 9);
  const int created = co_await create_task(q.get());
  const int named = co_await create_task(q.get(), "getter");
  const int of_loop = co_await get_running_loop().create_task(q.get());
  const int ensured = co_await ensure_future(q.get());
  const int in_time = co_await wait_for(q.get(), 1s);
  const int shielded = co_await shield(q.get());
  const auto [first, second] = co_await gather(q.get(), q.get());
  const int passed = co_await passed_on(q.get());
  EXPECT_THAT(
      (std::vector{created, named, of_loop, ensured, in_time, shielded, first, second, passed}),
      ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_TRUE(q.empty());
}

TEST(Attempt, StandsWhereCoroutinesStand) { run(where_coroutines_stand()); }

Coroutine<> in_containers() {
  Numbers q(2);
  std::vector<Coroutine<>> puts;
  for (int n = 0; n < 4; ++n) puts.push_back(q.put(n));
  std::vector<decltype(q.get())> gets;
  for (int n = 0; n < 4; ++n) gets.push_back(q.get());
  auto all_put = gather(std::move(puts));
  const std::vector<int> got = co_await gather(std::move(gets));
  EXPECT_THAT(got, ElementsAre(0, 1, 2, 3));
  co_await std::move(all_put);
}

TEST(Attempt, StandsInContainers) { run(in_containers()); }

Coroutine<> in_scopes() {
  Numbers q;
  TaskGroup group;
  auto getting = [&q](TaskGroup& tasks) { return tasks.create_task(q.get()); };
  co_await q.put(1);
  const Task<int> task = co_await with(group, getting);
  EXPECT_EQ(task.result(), 1);
  Lock lock;
  auto putting = [&q] { return q.put(2); };
  co_await with(lock, putting);
  auto taking = [&q] { return q.get(); };
  const int taken = co_await with(lock, taking);
  EXPECT_EQ(taken, 2);
}

TEST(Attempt, StandsInScopes) { run(in_scopes()); }

TEST(Attempt, IsRunByRun) {
  Numbers q;
  run(q.put(1));
  const auto loop = new_event_loop();
  EXPECT_EQ(loop.run_until_complete(q.get()), 1);
  loop.close();
}

Coroutine<> from_a_thread() {
  Numbers q;
  const auto loop = get_running_loop();
  auto asking = [&q, loop] { return run_coroutine_threadsafe(q.get(), loop).result(); };
  auto asked = to_thread(asking);
  const auto task = create_task(std::move(asked));
  co_await q.put(3);
  const int got = co_await task;
  EXPECT_EQ(got, 3);
}

TEST(Attempt, IsRunForOtherThreads) { run(from_a_thread()); }

Coroutine<> once() {
  Numbers q;
  auto putting = q.put(1);
  EXPECT_TRUE(q.empty()) << "it is lazy";
  co_await std::move(putting);
  EXPECT_EQ(q.qsize(), 1u);
  bool is_refused = false;
  try {
    co_await std::move(putting);
  } catch (const RuntimeError&) {
    is_refused = true;
  }
  EXPECT_TRUE(is_refused);
  EXPECT_THROW(create_task(std::move(putting)), RuntimeError);
  putting = q.put(2);
  co_await std::move(putting);
  EXPECT_EQ(q.qsize(), 2u);
}

TEST(Attempt, IsAwaitedOnce) { run(once()); }

TEST(Attempt, TellsThatItWasNeverAwaited) {
  const Logged logged;
  Numbers q;
  static_cast<void>(q.put(1));
  static_cast<void>(q.get());
  static_cast<void>(Coroutine<int>(q.get()));
  q.get().close();
  EXPECT_THAT(logged.lines(), ElementsAre(HasSubstr("'Coroutine<>' was never awaited"),
                                          HasSubstr("'Coroutine<int>' was never awaited"),
                                          HasSubstr("'Coroutine<int>' was never awaited")));
}

TEST(Attempt, LetsGoOfItsItemWhenItIsClosed) {
  Queue<std::shared_ptr<int>> q;
  const auto item = std::make_shared<int>(1);
  auto putting = q.put(item);
  EXPECT_EQ(item.use_count(), 2);
  putting.close();
  EXPECT_EQ(item.use_count(), 1);
}

struct Fixed {
  const int value;
};
Coroutine<> assigned() {
  Queue<Fixed> q;
  auto putting = q.put(Fixed{1});
  putting.close();
  putting = q.put(Fixed{2});
  co_await std::move(putting);
  EXPECT_EQ(q.get_nowait().value, 2);
}

TEST(Attempt, IsAssignedThoughItsItemCannotBe) { run(assigned()); }

Coroutine<> handled() {
  Numbers q;
  auto handler = [&q](StreamReader, StreamWriter writer) {
    writer.close();
    return q.put(7);
  };
  const Server server = co_await start_server(handler, "127.0.0.1", 0);
  const Address place = server.sockets().at(0).getsockname();
  auto [reader, writer] = co_await open_connection(place.host(), place.port());
  EXPECT_EQ(co_await q.get(), 7);
  writer.close();
  co_await writer.wait_closed();
  server.close();
  co_await server.wait_closed();
}

TEST(Attempt, IsWhatAHandlerReturns) { run(handled()); }

Coroutine<int> one_more(std::list<Coroutine<int>>& all, int value) {
  if (value < 3) all.push_back(one_more(all, value + 10));
  co_return value;
}
Coroutine<> gathered_eagerly(Logged& logged) {
  get_running_loop().set_task_factory(eager_task_factory);
  {
    std::list<Coroutine<int>> all;
    for (const int value : {1, 2}) all.push_back(one_more(all, value));
    EXPECT_THAT(co_await gather(std::move(all)), ElementsAre(1, 2));
  }
  EXPECT_EQ(logged.lines().size(), 2u);  // of what was too late
}

TEST(Gather, TakesWhatWasThereAtFirst) {
  Logged logged;
  run(gathered_eagerly(logged));
}

Coroutine<> overtaken() {
  Numbers q;
  std::vector<int> got;
  auto get = [](Numbers& from, std::vector<int>& into) -> Coroutine<> {
    into.push_back(co_await from.get());
  };
  const auto first = create_task(get(q, got));
  const auto second = create_task(get(q, got));
  co_await sleep(0s);
  q.put_nowait(1);
  EXPECT_EQ(q.get_nowait(), 1);  // before the first one has come to it
  co_await sleep(0s);
  EXPECT_FALSE(first.done());
  EXPECT_THAT(to_string(q), HasSubstr("_getters[2]"));
  q.put_nowait(2);  // for the second one: the first one came to the end of those who wait
  co_await sleep(0s);
  EXPECT_TRUE(second.done());
  first.cancel();
  co_await sleep(0s);
  EXPECT_TRUE(first.cancelled());
  EXPECT_THAT(got, ElementsAre(2));
  EXPECT_EQ(to_string(q), "<Queue maxsize=0 tasks=2>");
}

TEST(Attempt, WaitsAgainWhenItWasOvertaken) { run(overtaken()); }

using Anything = std::shared_ptr<void>;

template <class Q>
class QueueAttempt : public testing::Test {};
using Queues = testing::Types<Queue<Anything>, LifoQueue<Anything>, PriorityQueue<Anything>>;
TYPED_TEST_SUITE(QueueAttempt, Queues);

// Calls when the last one that has it lets go.
template <class F>
Anything at_end(F f) {
  return Anything(nullptr, [f](void*) { f(); });
}

TYPED_TEST(QueueAttempt, HasNoItemThatIsBeingDestroyed) {
  std::vector<std::size_t> left;
  {
    TypeParam q;
    const auto look = [&] { left.push_back(q.qsize()); };
    for (int n = 0; n < 2; ++n) q.put_nowait(at_end(look));
    q.shutdown(true);
  }
  EXPECT_THAT(left, ElementsAre(1u, 0u));
}

template <class Q>
Coroutine<> putting(Q& q, [[maybe_unused]] Anything held) {
  co_await q.put(nullptr);
}

// Two putters, of which one has been woken, wait in a loop that nobody has but the item.
template <class Q>
void fill_with_their_loop(Q& q, const Anything& held) {
  auto loop = std::make_shared<EventLoop>(new_event_loop());
  for (int n = 0; n < 2; ++n) loop->create_task(putting(q, held));
  q.put_nowait(loop);
  loop->run_until_complete(sleep(0s));
  q.put_nowait(q.get_nowait());
}

TYPED_TEST(QueueAttempt, IsGivenUpByTheEndOfTheItemThatHasItsLoop) {
  const Logged logged;
  const auto held = std::make_shared<int>(1);
  auto q = std::make_unique<TypeParam>(1);
  fill_with_their_loop(*q, held);
  EXPECT_EQ(held.use_count(), 3);
  q.reset();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_THAT(logged.lines(), ElementsAre(HasSubstr("unclosed event loop"),
                                          HasSubstr("destroyed but it is pending"),
                                          HasSubstr("destroyed but it is pending")));
}

}  // namespace
}  // namespace tandem::asyncio
