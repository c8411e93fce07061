// asyncio.Queue, and what LifoQueue and PriorityQueue share with it: that is asked of all three.
#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"
#include "conformance/harness/allocations.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;

namespace {

using IntQueue = asyncio::Queue<int>;

// Asks the same of each kind of queue, always through Queue<T>&.
template <class T = int, class Body>
void each_kind(std::ptrdiff_t maxsize, Body body) {
  asyncio::Queue<T> queue(maxsize);
  asyncio::LifoQueue<T> lifo(maxsize);
  asyncio::PriorityQueue<T> priority(maxsize);
  const auto ask = [&](const char* name, asyncio::Queue<T>& q) {
    log(name);
    run_virtual(body(q));
  };
  ask("Queue", queue);
  ask("LifoQueue", lifo);
  ask("PriorityQueue", priority);
}

void fill(IntQueue& q, std::vector<int> items) {
  for (const int item : items) q.put_nowait(item);
}

// A task for each name that gets, and waits if there is nothing.
Coroutine<Tasks> getters(IntQueue& q, std::string names) {
  Tasks tasks;
  for (const char name : names) tasks.push_back(start(q.get(), std::string(1, name)));
  co_await turns();
  co_return tasks;
}

// Tasks that put the numbers from the first on, and wait if it is full; their names are p1, p2, …
Coroutine<Tasks> putters(IntQueue& q, int first, int count) {
  Tasks tasks;
  for (int item = first; item < first + count; ++item)
    tasks.push_back(start(q.put(item), "p" + std::to_string(item)));
  co_await turns();
  co_return tasks;
}

std::vector<int> drain(IntQueue& q) {
  std::vector<int> taken;
  while (!q.empty()) taken.push_back(q.get_nowait());
  return taken;
}

std::string put_nowait(IntQueue& q, int item) {
  return raised([&] { q.put_nowait(item); });
}
std::string get_nowait(IntQueue& q) {
  return outcome([&] { return q.get_nowait(); });
}
std::string task_done(IntQueue& q) {
  return raised([&] { q.task_done(); });
}

}  // namespace

// Bounds, sizes, order

CASE("asyncio.queue.maxsize.default-unbounded", "a queue has no bound unless one is given") {
  IntQueue q;
  for (int item = 0; item < 100; ++item) q.put_nowait(item);
  log(q.maxsize(), q.qsize(), q.full());
}

CASE("asyncio.queue.maxsize.not-positive-unbounded", "a maxsize of zero or less is no bound") {
  const auto main = []() -> Coroutine<> {
    for (const int maxsize : {0, -1, -7}) {
      IntQueue q(maxsize);
      for (int item = 0; item < 100; ++item) co_await q.put(item);
      log(q.maxsize(), q.qsize(), q.full());
    }
  };
  run_virtual(main());
}

CASE("asyncio.queue.maxsize.bounds-the-items", "maxsize items fit and no more") {
  each_kind(2, [](IntQueue& q) -> Coroutine<> {
    const auto put = [](IntQueue& into) -> Coroutine<> {
      for (int item = 0; item < 4; ++item) {
        co_await into.put(item);
        log("put", item);
      }
    };
    const auto task = asyncio::create_task(put(q));
    co_await turns(2);
    log(q.maxsize(), q.qsize(), q.full());
    co_await q.get();
    co_await turns();
    log(q.qsize(), q.full());
    co_await q.get();
    co_await task;
  });
}

CASE("asyncio.queue.qsize.counts", "the number of items held") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    log(q.qsize(), q.empty());
    for (const int item : {3, 1, 2}) {
      co_await q.put(item);
      log(q.qsize(), q.empty());
    }
    for (int i = 0; i < 3; ++i) {
      co_await q.get();
      log(q.qsize(), q.empty());
    }
  });
}

CASE("asyncio.queue.full.at-maxsize", "full from maxsize items on") {
  each_kind(2, [](IntQueue& q) -> Coroutine<> {
    log(q.full());
    q.put_nowait(1);
    log(q.full());
    q.put_nowait(2);
    log(q.full());
    q.get_nowait();
    log(q.full());
    co_return;
  });
}

CASE("asyncio.queue.order.fifo", "the first in is the first out") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    for (const int item : {1, 3, 2}) co_await q.put(item);
    const int first = co_await q.get();
    log(first);
    co_await q.put(0);
    for (int i = 0; i < 3; ++i) {
      const int item = co_await q.get();
      log(item);
    }
  };
  run_virtual(main());
}

CASE("asyncio.queue.order.through-reuse", "the order holds through growth and reuse") {
  IntQueue q;
  std::vector<int> seen;
  int put = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 3; ++i) q.put_nowait(put++);
    for (int i = 0; i < 2; ++i) seen.push_back(q.get_nowait());
  }
  log(q.qsize());
  const std::vector<int> rest = drain(q);
  seen.insert(seen.end(), rest.begin(), rest.end());
  std::vector<int> expected(static_cast<std::size_t>(put));
  std::iota(expected.begin(), expected.end(), 0);
  log(seen.size(), seen == expected);
}

// put

CASE("asyncio.queue.put.room", "put() and get() do not give way when they need not wait") {
  each_kind(2, [](IntQueue& q) -> Coroutine<> {
    soon("a turn");
    co_await q.put(1);
    co_await q.put(2);
    log(q.qsize());
    co_await q.get();
    co_await q.get();
    log(q.qsize());
    co_await turns();
  });
}

CASE("asyncio.queue.put.waits", "put() waits while it is full") {
  each_kind(1, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1});
    const Tasks tasks = co_await putters(q, 2, 1);
    co_await turns(3);
    log(state(tasks[0]), q.qsize());
    q.get_nowait();
    log(state(tasks[0]), q.qsize());
    co_await turns();
    log(state(tasks[0]), q.qsize());
  });
}

CASE("asyncio.queue.put.nowait", "put_nowait() puts the item or raises QueueFull") {
  each_kind(1, [](IntQueue& q) -> Coroutine<> {
    Log{put_nowait(q, 1), put_nowait(q, 2), q.qsize()};
    co_return;
  });
}

CASE("asyncio.queue.put.oldest-first",
     "those that wait put in the order of their coming, one for each get") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(1);
    fill(q, {0});
    const Tasks tasks = co_await putters(q, 1, 3);
    for (int i = 0; i < 3; ++i) {
      log("got", q.get_nowait());
      co_await turns(2);
    }
    log("got", q.get_nowait(), state(tasks[0]), state(tasks[1]), state(tasks[2]));
  };
  run_virtual(main());
}

CASE("asyncio.queue.put.overtaken",
     "one that comes in time takes the room of one that was woken, who waits again") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(1);
    fill(q, {0});
    const Tasks tasks = co_await putters(q, 1, 2);
    q.get_nowait();
    q.put_nowait(9);
    co_await turns();
    log(q);
    for (int i = 0; i < 3; ++i) {
      const int item = co_await q.get();
      log("got", item);
      co_await turns();
    }
  };
  run_virtual(main());
}

CASE("asyncio.queue.put.all-come",
     "getting all at once lets in what fits, and the others in time") {
  const auto take_all = [](IntQueue& q) -> Coroutine<> {
    co_await turns();
    const std::vector<int> items = drain(q);
    log(items[0], items[1]);
  };
  const auto main = [](auto take) -> Coroutine<> {
    IntQueue q(2);
    const auto taking = asyncio::create_task(take(q));
    Tasks tasks;
    for (int item = 0; item < 4; ++item)
      tasks.push_back(start(q.put(item), "p" + std::to_string(item)));
    co_await taking;
    co_await all_of(tasks);
    const std::vector<int> items = drain(q);
    log(items[0], items[1]);
  };
  run_virtual(main(take_all));
}

CASE("asyncio.queue.put.refused-item-untouched",
     "an item that was not put is as it was, and still the caller's") {
  using Texts = asyncio::Queue<std::string>;
  each_kind<std::string>(1, [](Texts& q) -> Coroutine<> {
    const std::string named(40, 'n');
    q.put_nowait(named);
    EXPECT_EQ(named, std::string(40, 'n'));
    std::string moved(40, 'm');
    EXPECT_EQ(raised([&] { q.put_nowait(std::move(moved)); }), "QueueFull");
    EXPECT_FALSE(q.try_put(std::move(moved)));
    EXPECT_EQ(moved, std::string(40, 'm'));
    q.shutdown();
    EXPECT_EQ(raised([&] { q.put_nowait(std::move(moved)); }), "QueueShutDown");
    EXPECT_EQ(moved, std::string(40, 'm'));
    EXPECT_EQ(q.get_nowait(), named);
    co_return;
  });
}

// get

CASE("asyncio.queue.get.waits", "get() waits while it is empty") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    const Tasks tasks = co_await getters(q, "A");
    co_await turns(3);
    log(state(tasks[0]));
    q.put_nowait(1);
    log(state(tasks[0]), q.qsize());
    co_await turns();
    log(state(tasks[0]), q.qsize());
  });
}

CASE("asyncio.queue.get.nowait", "get_nowait() returns an item or raises QueueEmpty") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    log(get_nowait(q));
    q.put_nowait(1);
    Log{get_nowait(q), get_nowait(q)};
    co_return;
  });
}

CASE("asyncio.queue.get.oldest-first",
     "those that wait get in the order of their coming, one for each put") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks tasks = co_await getters(q, "ABC");
    for (int item = 0; item < 3; ++item) {
      log("put", item);
      co_await q.put(item);
      co_await turns(2);
    }
    log(state(tasks[0]), state(tasks[1]), state(tasks[2]));
  };
  run_virtual(main());
}

CASE("asyncio.queue.get.woken-together",
     "items put in one turn go to as many that wait, in their order") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks tasks = co_await getters(q, "ABC");
    fill(q, {1, 2});
    co_await turns(2);
    log(state(tasks[0]), state(tasks[1]), state(tasks[2]), q);
    q.put_nowait(3);
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.queue.get.overtaken",
     "one that comes in time takes the item of one that was woken, who waits again, as the last") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks tasks = co_await getters(q, "AB");
    q.put_nowait(1);
    const int item = co_await q.get();
    log("main", item);
    co_await turns();
    log(q);
    fill(q, {2, 3});
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.queue.get.lets-putters-in", "get() lets a put() that waits go on") {
  const auto main = []() -> Coroutine<> {
    asyncio::Queue<std::string> q(1);
    const Tasks tasks{start(q.put("a"), "a"), start(q.put("b"), "b")};
    const std::string first = co_await q.get();
    log(first);
    const std::string second = co_await q.get();
    log(second);
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.queue.get.one-slot", "a producer and a consumer pass many items through one slot") {
  each_kind(1, [](IntQueue& q) -> Coroutine<> {
    const auto produce = [](IntQueue& into, int count) -> Coroutine<> {
      for (int item = 0; item < count; ++item) {
        co_await into.put(item);
        log("put", item);
      }
    };
    const auto consume = [](IntQueue& from, int count) -> Coroutine<> {
      for (int i = 0; i < count; ++i) {
        const int item = co_await from.get();
        log("got", item);
      }
    };
    const auto producer = asyncio::create_task(produce(q, 5));
    const auto consumer = asyncio::create_task(consume(q, 5));
    co_await producer;
    co_await consumer;
  });
}

CASE("asyncio.queue.get.ahead-of-put", "a get() that comes first gets what a task puts later") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const auto putter = start(q.put(1), "put");
    const int item = co_await q.get();
    log(item, state(putter));
    const auto getter = start(q.get(), "A");
    co_await turns();
    co_await q.put(2);
    co_await getter;
  };
  run_virtual(main());
}

CASE("asyncio.queue.get.from-callback", "a callback of the loop may put and get") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(1);
    const auto loop = asyncio::get_running_loop();
    const Tasks getting = co_await getters(q, "A");
    loop.call_later(1s, [&q] { q.put_nowait(1); });
    co_await getting[0];
    fill(q, {2});
    const Tasks putting = co_await putters(q, 3, 1);
    loop.call_later(1s, [&q] { q.get_nowait(); });
    co_await putting[0];
  };
  run_virtual(main());
}

CASE("asyncio.queue.try-get.item-or-nothing", "without waiting and without exceptions") {
  each_kind(1, [](IntQueue& q) -> Coroutine<> {
    EXPECT_EQ(q.try_get(), std::nullopt);
    const Tasks getting = co_await getters(q, "A");
    EXPECT_TRUE(q.try_put(1));
    EXPECT_FALSE(q.try_put(2));
    co_await getting[0];
    EXPECT_TRUE(q.try_put(3));
    const Tasks putting = co_await putters(q, 4, 1);
    EXPECT_EQ(q.try_get(), 3);
    co_await putting[0];
    q.shutdown();
    EXPECT_FALSE(q.try_put(5));
    EXPECT_EQ(q.try_get(), 4);
    EXPECT_EQ(q.try_get(), std::nullopt);
  });
}

// cancel

CASE("asyncio.queue.cancel.getter", "a cancelled get() takes nothing and no longer waits") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    const Tasks tasks = co_await getters(q, "A");
    tasks[0].cancel();
    co_await turns();
    log(q);
    co_await q.put(1);
    const int item = co_await q.get();
    log(q, item);
  });
}

CASE("asyncio.queue.cancel.getter-of-two", "after a cancelled one the next gets what is put") {
  const auto main = []() -> Coroutine<> {
    asyncio::Queue<std::string> q;
    const Tasks first{start(q.get(), "A"), start(q.get(), "B")};
    co_await turns();
    first[0].cancel();
    co_await turns();
    co_await q.put("a");
    co_await all_of(first);
    const Tasks second{start(q.get(), "C"), start(q.get(), "D")};
    co_await turns();
    second[0].cancel();
    co_await q.put("b");
    co_await all_of(second);
  };
  run_virtual(main());
}

CASE("asyncio.queue.cancel.woken-getter",
     "one that is woken for an item and cancelled leaves it, first as it was") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks tasks = co_await getters(q, "A");
    fill(q, {1, 2});
    tasks[0].cancel();
    co_await turns();
    log(q);
    const int item = co_await q.get();
    log(item);
  };
  run_virtual(main());
}

CASE("asyncio.queue.cancel.woken-getter-hands-on", "the next that waits is woken in its place") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks first = co_await getters(q, "ABC");
    fill(q, {1, 2});
    first[0].cancel();
    co_await all_of(first);
    log(q);
    const Tasks second = co_await getters(q, "DE");
    q.put_nowait(3);
    second[0].cancel();
    co_await turns();
    log(q);
    co_await second[1];
  };
  run_virtual(main());
}

CASE("asyncio.queue.cancel.putter", "a cancelled put() puts nothing and no longer waits") {
  each_kind(1, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1});
    const Tasks tasks = co_await putters(q, 2, 1);
    tasks[0].cancel();
    co_await turns();
    log(q);
    const int item = co_await q.get();
    log(item, q);
  });
}

CASE("asyncio.queue.cancel.putter-of-two", "after a cancelled one the next has the room") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(1);
    fill(q, {0});
    const Tasks first = co_await putters(q, 1, 3);
    first[1].cancel();
    co_await turns();
    for (int i = 0; i < 3; ++i) {
      const int item = co_await q.get();
      log(item);
      if (i < 2) co_await turns();
    }
    fill(q, {0});
    const Tasks second = co_await putters(q, 4, 2);
    second[0].cancel();
    const int item = co_await q.get();
    log(item);
    co_await all_of(second);
    log(q);
  };
  run_virtual(main());
}

CASE("asyncio.queue.cancel.woken-putter", "one that is woken for room and cancelled puts nothing") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(1);
    fill(q, {1});
    const Tasks first = co_await putters(q, 2, 1);
    log(q.get_nowait());
    first[0].cancel();
    co_await turns();
    log(q);
    const Tasks second = co_await putters(q, 3, 1);
    log(q, state(second[0]));
  };
  run_virtual(main());
}

CASE("asyncio.queue.cancel.woken-putter-hands-on", "the next that waits is woken in its place") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(1);
    fill(q, {0});
    const Tasks tasks = co_await putters(q, 1, 2);
    log(q.get_nowait());
    tasks[0].cancel();
    co_await turns();
    log(q);
    co_await all_of(tasks);
    log(q);
  };
  run_virtual(main());
}

CASE("asyncio.queue.cancel.timeout",
     "a get() that is given a time no longer waits when it has passed") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(5);
    const std::string got = co_await awaited(asyncio::wait_for(q.get(), 100ms));
    log(got, q);
    fill(q, {1, 2, 3, 4, 5});
    const std::string put = co_await awaited(asyncio::wait_for(q.put(6), 100ms));
    log(put, q);
  };
  run_virtual(main());
}

// task_done, join

CASE("asyncio.queue.task-done.too-many", "more often than items were put is an error") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    log(task_done(q));
    fill(q, {1});
    q.task_done();
    Log{task_done(q), q};
    co_return;
  });
}

CASE("asyncio.queue.join.nothing-unfinished", "join() returns at once when nothing is unfinished") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    soon("a turn");
    co_await q.join();
    co_await q.put(1);
    co_await q.get();
    q.task_done();
    co_await q.join();
    log("joined");
    co_await turns();
  });
}

CASE("asyncio.queue.join.waits-for-task-done", "join() waits until each item is done") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1, 2});
    const Tasks tasks{start(q.join(), "A"), start(q.join(), "B")};
    co_await turns();
    for (int i = 0; i < 2; ++i) co_await q.get();
    co_await turns(2);
    log(state(tasks[0]), state(tasks[1]));
    q.task_done();
    co_await turns(2);
    log(state(tasks[0]), state(tasks[1]));
    q.task_done();
    co_await turns();
    log(state(tasks[0]), state(tasks[1]));
  });
}

CASE("asyncio.queue.join.put-meanwhile",
     "what is put when all is done does not hold those back that were let go") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    fill(q, {1});
    const auto task = start(q.join(), "A");
    co_await turns();
    q.task_done();
    q.put_nowait(2);
    co_await turns(2);
    log(state(task), q);
    const auto late = start(q.join(), "B");
    co_await turns(2);
    log(state(late));
    q.task_done();
    co_await late;
  };
  run_virtual(main());
}

CASE("asyncio.queue.join.cancel", "a cancelled join() leaves the others waiting") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    fill(q, {1});
    const Tasks tasks{start(q.join(), "A"), start(q.join(), "B")};
    co_await turns();
    tasks[0].cancel();
    co_await turns(2);
    log(state(tasks[0]), state(tasks[1]));
    q.task_done();
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.queue.join.workers", "two workers do all there is") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    const auto work = [](IntQueue& from, std::vector<int>& done) -> Coroutine<> {
      for (;;) {
        done.push_back(co_await from.get());
        from.task_done();
      }
    };
    std::vector<int> done;
    for (int item = 0; item < 100; ++item) q.put_nowait(item);
    const Tasks workers{start(work(q, done), "A"), start(work(q, done), "B")};
    co_await q.join();
    log(done.size(), std::accumulate(done.begin(), done.end(), 0), q);
    for (const auto& worker : workers) worker.cancel();
    co_await all_of(workers);
  });
}

// shutdown

CASE("asyncio.queue.shutdown.put-raises",
     "put() and put_nowait() raise QueueShutDown and put nothing") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    q.shutdown();
    const std::string said = co_await awaited(q.put(1));
    log(said, put_nowait(q, 1), q);
  });
}

CASE("asyncio.queue.shutdown.put-raises-when-full", "put() does not wait then") {
  each_kind(1, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1});
    q.shutdown();
    const std::string said = co_await awaited(q.put(2));
    log(said, put_nowait(q, 2), q);
  });
}

CASE("asyncio.queue.shutdown.get-drains",
     "what is held can still be got, then get() raises QueueShutDown") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1, 2});
    q.shutdown();
    const std::string first = co_await awaited(q.get());
    log(first, get_nowait(q));
    const std::string last = co_await awaited(q.get());
    log(last, get_nowait(q));
  });
}

CASE("asyncio.queue.shutdown.wakes-getters", "those that wait in get() get QueueShutDown") {
  for (const bool immediate : {false, true})
    each_kind(0, [immediate](IntQueue& queue) {
      return [](IntQueue& q, bool at_once) -> Coroutine<> {
        const Tasks tasks = co_await getters(q, "AB");
        q.shutdown(at_once);
        co_await q.join();
        log(state(tasks[0]), state(tasks[1]));
        co_await turns();
        log(state(tasks[0]), state(tasks[1]));
      }(queue, immediate);
    });
}

CASE("asyncio.queue.shutdown.wakes-putters",
     "those that wait in put() get QueueShutDown, and put nothing") {
  for (const bool immediate : {false, true})
    each_kind(1, [immediate](IntQueue& queue) {
      return [](IntQueue& q, bool at_once) -> Coroutine<> {
        fill(q, {1});
        const Tasks tasks = co_await putters(q, 2, 2);
        q.shutdown(at_once);
        co_await turns();
        log(state(tasks[0]), state(tasks[1]), q);
      }(queue, immediate);
    });
}

CASE("asyncio.queue.shutdown.woken-before", "those that were woken before it look at it, too") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    const Tasks tasks = co_await getters(q, "A");
    fill(q, {1});
    q.shutdown(true);
    co_await all_of(tasks);
  });
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks tasks = co_await getters(q, "AB");
    fill(q, {1});
    q.shutdown();
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.queue.shutdown.join-waits", "what is held has to be done for join() to return") {
  each_kind(1, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1});
    const auto task = start(q.join(), "A");
    co_await turns();
    q.shutdown();
    co_await q.get();
    co_await turns(2);
    log(state(task), q);
    q.task_done();
    co_await turns();
    log(state(task), task_done(q));
  });
}

CASE("asyncio.queue.shutdown.immediate-drops",
     "an immediate one drops what is held, which is done then") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1, 2});
    const auto task = start(q.join(), "A");
    co_await turns();
    q.shutdown(true);
    log(q, q.qsize(), q.empty());
    co_await turns();
    log(state(task), task_done(q));
    const std::string got = co_await awaited(q.get());
    log(got, get_nowait(q));
    const std::string put = co_await awaited(q.put(1));
    log(put, put_nowait(q, 1));
  });
}

CASE("asyncio.queue.shutdown.immediate-leaves-the-taken",
     "what was got before still has to be done") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1, 2});
    const auto task = start(q.join(), "A");
    co_await q.get();
    co_await turns();
    q.shutdown(true);
    co_await turns(2);
    log(state(task), q);
    Log{task_done(q), task_done(q)};
    co_await turns();
    log(state(task));
  });
}

CASE("asyncio.queue.shutdown.again", "it may be shut down again, and immediately after not so") {
  each_kind(0, [](IntQueue& q) -> Coroutine<> {
    fill(q, {1});
    q.shutdown();
    q.shutdown();
    log(q);
    q.shutdown(true);
    log(q);
    q.shutdown();
    log(q);
    co_return;
  });
}

// Items

CASE("asyncio.queue.items.move-only", "items that can only be moved pass through") {
  using Item = std::unique_ptr<int>;
  each_kind<Item>(1, [](asyncio::Queue<Item>& q) -> Coroutine<> {
    const auto putter = start(q.put(std::make_unique<int>(1)), "put");
    const Item first = co_await q.get();
    q.put_nowait(std::make_unique<int>(2));
    const Item second = q.get_nowait();
    EXPECT_EQ(*first + *second, 3);
    EXPECT_TRUE(q.try_put(std::make_unique<int>(3)));
    EXPECT_TRUE(q.try_get().has_value());
    co_await putter;
  });
}

CASE("asyncio.queue.items.let-go", "the queue keeps nothing of what it no longer holds") {
  using Item = std::shared_ptr<int>;
  each_kind<Item>(0, [](asyncio::Queue<Item>& q) -> Coroutine<> {
    std::vector<std::weak_ptr<int>> watchers;
    for (int number = 0; number < 3; ++number) {
      Item item = std::make_shared<int>(number);
      watchers.push_back(item);
      co_await q.put(std::move(item));
    }
    const auto alive = [&] {
      return std::count_if(watchers.begin(), watchers.end(),
                           [](const auto& watcher) { return !watcher.expired(); });
    };
    EXPECT_EQ(alive(), 3);
    co_await q.get();
    EXPECT_EQ(alive(), 2);
    q.shutdown(true);
    EXPECT_EQ(alive(), 0);
  });
  std::weak_ptr<int> watcher;
  {
    asyncio::Queue<Item> q;
    Item item = std::make_shared<int>(1);
    watcher = item;
    q.put_nowait(std::move(item));
  }
  EXPECT_TRUE(watcher.expired());
}

namespace {

// An item whose next copies and moves fail while this says so.
class Fragile {
 public:
  static inline bool fails = false;

  explicit Fragile(int number) : number_(number) {}
  Fragile(const Fragile& other) : number_(other.number_) { fail(); }
  Fragile& operator=(const Fragile& other) = default;
  ~Fragile() = default;
  int number() const { return number_; }
  friend bool operator<(const Fragile& a, const Fragile& b) { return a.number_ < b.number_; }

 private:
  static void fail() {
    if (fails) throw std::runtime_error("no");
  }
  int number_;
};

}  // namespace

CASE("asyncio.queue.items.failing-move", "an item whose copy fails is neither lost nor doubled") {
  each_kind<Fragile>(0, [](asyncio::Queue<Fragile>& q) -> Coroutine<> {
    const Fragile two(2);
    Fragile three(3);
    q.put_nowait(Fragile(1));
    Fragile::fails = true;
    EXPECT_EQ(raised([&] { q.put_nowait(two); }), "runtime_error: no");
    EXPECT_EQ(raised([&] { q.put_nowait(std::move(three)); }), "runtime_error: no");
    EXPECT_EQ(raised([&] { q.get_nowait(); }), "runtime_error: no");
    EXPECT_EQ(raised([&] { q.try_get(); }), "runtime_error: no");
    Fragile::fails = false;
    EXPECT_EQ(q.qsize(), 1U);
    EXPECT_TRUE(to_string(q).ends_with("tasks=1>"));
    EXPECT_EQ(q.get_nowait().number(), 1);
    EXPECT_TRUE(q.empty());
    co_return;
  });
}

CASE("asyncio.queue.items.memory-given-back", "a burst does not cost memory for ever") {
  struct Large {
    std::array<char, 1024> bytes;
    bool operator<(const Large& other) const { return bytes < other.bytes; }
  };
  each_kind<Large>(0, [](asyncio::Queue<Large>& q) -> Coroutine<> {
    const auto before = live_bytes();
    for (int i = 0; i < 20'000; ++i) q.put_nowait(Large{});
    while (!q.empty()) q.get_nowait();
    EXPECT_LE(live_bytes() - before, 256 * 1024);
    co_return;
  });
}

// The rest

CASE("asyncio.queue.exceptions.kinds", "each an Exception and none another, all without a text") {
  using asyncio::QueueEmpty;
  using asyncio::QueueFull;
  log("QueueEmpty", std::derived_from<QueueEmpty, std::exception>, repr(QueueEmpty().what()));
  log("QueueFull", std::derived_from<QueueFull, std::exception>, repr(QueueFull().what()));
  log(std::derived_from<QueueEmpty, QueueFull>, std::derived_from<QueueFull, QueueEmpty>);
}

CASE("asyncio.queue.exceptions.shutdown-kind",
     "QueueShutDown is neither QueueEmpty nor QueueFull") {
  using asyncio::QueueShutDown;
  log("QueueShutDown", std::derived_from<QueueShutDown, std::exception>,
      repr(QueueShutDown().what()));
  log(std::derived_from<QueueShutDown, asyncio::QueueEmpty>,
      std::derived_from<QueueShutDown, asyncio::QueueFull>);
}

CASE("asyncio.queue.loop.made-without", "it is made and used without a loop of its own") {
  IntQueue q(2);
  const auto put = [](IntQueue& into) -> Coroutine<> { co_await into.put(1); };
  const auto get = [](IntQueue& from) -> Coroutine<> {
    const int item = co_await from.get();
    log(item, from);
  };
  run_virtual(put(q));
  log(q);
  q.put_nowait(2);
  run_virtual(get(q));
  log(q.get_nowait());
}

CASE("asyncio.queue.loop.another",
     "who has to wait in another loop than the first to wait gets RuntimeError") {
  IntQueue q(1);
  const auto main = [](IntQueue& shared) -> Coroutine<> {
    const Tasks tasks = co_await getters(shared, "A");
    shared.put_nowait(1);
    co_await all_of(tasks);
  };
  const auto again = [](IntQueue& shared) -> Coroutine<> {
    const std::string got = co_await awaited(shared.get());
    log(got);
    co_await shared.put(2);
    const std::string put = co_await awaited(shared.put(3));
    log(put, shared);
  };
  run_virtual(main(q));
  run_virtual(again(q));
}

CASE("asyncio.queue.waiter.outlived", "a task may wait when the queue goes, and can be cancelled") {
  const auto main = []() -> Coroutine<> {
    auto q = std::make_unique<IntQueue>(1);
    const Tasks getting = co_await getters(*q, "ABC");
    q->put_nowait(1);
    getting[1].cancel();
    const auto joining = start(q->join(), "J");
    co_await turns();
    q->put_nowait(2);
    const Tasks putting = co_await putters(*q, 3, 3);
    EXPECT_EQ(state(getting[2]), "2");
    q.reset();
    putting[0].cancel();
    co_await turns(2);
    EXPECT_EQ(state(putting[0]), "None");
    EXPECT_EQ(state(putting[1]), "pending");
    EXPECT_EQ(state(joining), "pending");
    putting[1].cancel();
    putting[2].cancel();
    joining.cancel();
    co_await turns(2);
    EXPECT_EQ(state(putting[1]), "CancelledError");
    EXPECT_EQ(state(joining), "CancelledError");

    auto other = std::make_unique<IntQueue>();
    const Tasks woken = co_await getters(*other, "D");
    other->put_nowait(1);
    other.reset();
    co_await turns();
    EXPECT_EQ(state(woken[0]), "QueueShutDown");
  };
  run_virtual(main());
}

CASE("asyncio.queue.waiter.dropped",
     "a task that is dropped with its loop no longer waits, and puts nothing") {
  IntQueue q(1), other;
  {
    const auto loop = asyncio::new_event_loop();
    fill(q, {0});
    loop.run_until_complete(putters(q, 1, 2));
    loop.run_until_complete(getters(other, "AB"));
    EXPECT_EQ(to_string(q), "<Queue maxsize=1 _queue=[0] _putters[2] tasks=1>");
    EXPECT_EQ(to_string(other), "<Queue maxsize=0 _getters[2]>");
    q.get_nowait();
    loop.close();
  }
  EXPECT_EQ(to_string(q), "<Queue maxsize=1 tasks=1>");
  EXPECT_EQ(to_string(other), "<Queue maxsize=0>");
  q.put_nowait(3);
  EXPECT_EQ(q.get_nowait(), 3);
}

CASE("asyncio.queue.repr.state", "its repr says what it holds, who waits, and what is unfinished") {
  each_kind(2, [](IntQueue& q) -> Coroutine<> {
    log(q.repr());
    const Tasks getting = co_await getters(q, "A");
    log(q.repr());
    log(q);
    q.put_nowait(1);
    co_await all_of(getting);
    log(q);
    fill(q, {2, 3});
    const Tasks putting = co_await putters(q, 4, 2);
    log(q.repr());
    log(q);
    for (const auto& task : putting) task.cancel();
    co_await all_of(putting);
  });
}

CASE("asyncio.queue.repr.items", "items are shown as their reprs") {
  asyncio::Queue<std::string> texts;
  texts.put_nowait("a");
  texts.put_nowait("it's");
  log(texts);
  asyncio::Queue<double> numbers;
  numbers.put_nowait(0.5);
  numbers.put_nowait(2.0);
  log(numbers);
  asyncio::Queue<bool> truths;
  truths.put_nowait(true);
  truths.put_nowait(false);
  log(truths);
  asyncio::PriorityQueue<std::tuple<int, std::string>> pairs;
  pairs.put_nowait({2, "b"});
  pairs.put_nowait({1, "a"});
  log(pairs);
  asyncio::Queue<std::vector<std::optional<int>>> lists;
  lists.put_nowait({1, std::nullopt});
  lists.put_nowait({});
  log(lists);
}
