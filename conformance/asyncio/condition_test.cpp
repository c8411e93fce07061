#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/asyncio/support.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;

namespace {

using Plain = std::vector<asyncio::Task<>>;

// Waits with the condition held, and says what came of it.
Coroutine<> wait(asyncio::Condition& condition, std::string name) {
  const auto guard = co_await asyncio::with(condition);
  const std::string said = co_await awaited(condition.wait());
  log(name, said, condition.locked());
}

// A task for each name that waits, and gives the lock back when it has waited.
Coroutine<Plain> waiting(asyncio::Condition& condition, std::string names) {
  Plain tasks;
  for (const char name : names)
    tasks.push_back(asyncio::create_task(wait(condition, std::string(1, name))));
  co_await turns();
  co_return tasks;
}

Coroutine<> notify(asyncio::Condition& condition, std::ptrdiff_t count = 1) {
  const auto guard = co_await asyncio::with(condition);
  condition.notify(count);
}

Coroutine<> notify_all(asyncio::Condition& condition) {
  const auto guard = co_await asyncio::with(condition);
  condition.notify_all();
}

bool never() { return false; }

}  // namespace

// The lock

CASE("asyncio.condition.lock.own", "it has a lock of its own") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    log(condition.locked());
    soon("a turn");
    const bool taken = co_await condition.acquire();
    log(taken, condition.locked());
    const auto task = start(condition.acquire(), "A");
    co_await turns();
    condition.release();
    log(condition.locked());
    co_await task;
    log(condition.locked());
  };
  run_virtual(main());
}

CASE("asyncio.condition.lock.given", "over a given lock, taking either takes both") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    asyncio::Condition condition(lock);
    {
      const auto guard = co_await asyncio::with(condition);
      log(lock.locked(), condition.locked());
    }
    log(lock.locked(), condition.locked());
    {
      const auto guard = co_await asyncio::with(lock);
      log(lock.locked(), condition.locked());
      condition.notify();
    }
    log(lock.locked(), condition.locked());
  };
  run_virtual(main());
}

CASE("asyncio.condition.lock.shared", "two conditions over one lock wait apart") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    asyncio::Condition first(lock), second(lock);
    const Plain one = co_await waiting(first, "A"), other = co_await waiting(second, "B");
    co_await notify(second);
    co_await turns(2);
    log(first, second);
    co_await notify(first);
    co_await one[0];
  };
  run_virtual(main());
}

CASE("asyncio.condition.lock.not-held", "who has not taken it can neither wait nor notify") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const std::string said = co_await awaited(condition.wait());
    log(said);
    log(raised([&] { condition.notify(); }));
    log(raised([&] { condition.notify_all(); }));
    log(condition);
  };
  run_virtual(main());
}

// wait, notify

CASE("asyncio.condition.wait.frees-the-lock",
     "it is free while somebody waits, and taken again when wait() returns") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "A");
    log(condition.locked());
    co_await condition.acquire();
    condition.notify();
    co_await turns(2);
    log(condition, tasks[0].done());
    condition.release();
    co_await turns();
    log(condition, tasks[0].done());
  };
  run_virtual(main());
}

CASE("asyncio.condition.wait.gives-way", "wait() lets those that wait for the lock have it") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    co_await condition.acquire();
    const auto other = asyncio::create_task(notify(condition));
    co_await turns();
    const bool came = co_await condition.wait();
    log(came, condition.locked(), other.done());
  };
  run_virtual(main());
}

CASE("asyncio.condition.notify.oldest-first", "notify() wakes the task that has waited longest") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "ABC");
    for (int i = 0; i < 3; ++i) {
      co_await notify(condition);
      co_await turns();
      log("then");
    }
  };
  run_virtual(main());
}

CASE("asyncio.condition.notify.count", "notify(n) wakes n, or all that there are") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "ABC");
    co_await notify(condition, 2);
    co_await turns(3);
    log("then");
    co_await notify(condition, 2048);
    co_await turns(3);
    log(condition);
  };
  run_virtual(main());
}

CASE("asyncio.condition.notify.none", "notify(n) with n of zero or less wakes nobody") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "A");
    co_await notify(condition, 0);
    co_await notify(condition, -1);
    co_await turns(2);
    log(condition);
    co_await notify(condition);
    co_await tasks[0];
  };
  run_virtual(main());
}

CASE("asyncio.condition.notify.all", "notify_all() wakes all that wait") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "ABC");
    co_await notify_all(condition);
    co_await turns(4);
    log(tasks[0].done(), tasks[1].done(), tasks[2].done(), condition);
  };
  run_virtual(main());
}

CASE("asyncio.condition.notify.not-remembered", "a notify() that finds nobody is forgotten") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    co_await notify(condition);
    co_await notify_all(condition);
    const auto task = asyncio::create_task(wait(condition, "A"));
    co_await turns(3);
    log(task.done(), condition);
    co_await notify(condition);
    co_await task;
  };
  run_virtual(main());
}

CASE("asyncio.condition.notify.twice", "two in one turn wake two tasks") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "ABC");
    {
      const auto guard = co_await asyncio::with(condition);
      condition.notify();
      condition.notify();
    }
    co_await turns(4);
    log(tasks[0].done(), tasks[1].done(), tasks[2].done());
    co_await notify(condition);
    co_await tasks[2];
  };
  run_virtual(main());
}

CASE("asyncio.condition.notify.keeps-the-lock",
     "those that were notified go on when the lock is released") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "AB");
    {
      const auto guard = co_await asyncio::with(condition);
      condition.notify_all();
      co_await turns(3);
      log(condition, tasks[0].done(), tasks[1].done());
    }
    log("released");
    co_await tasks[1];
    log(condition);
  };
  run_virtual(main());
}

// cancel

CASE("asyncio.condition.cancel.waiting",
     "a cancelled wait() takes the lock again first, and no longer waits") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "A");
    co_await condition.acquire();
    tasks[0].cancel();
    co_await turns(2);
    log(condition, tasks[0].done());
    condition.release();
    co_await turns();
    log(condition, tasks[0].done());
  };
  run_virtual(main());
}

CASE("asyncio.condition.cancel.message", "what cancel() was told arrives") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition first, second;
    const Plain one = co_await waiting(first, "A");
    one[0].cancel("foo");
    co_await one[0];
    const Plain other = co_await waiting(second, "B");
    co_await second.acquire();
    second.notify();
    co_await turns();
    other[0].cancel("bar");
    second.release();
    co_await other[0];
  };
  run_virtual(main());
}

CASE("asyncio.condition.cancel.same-exception",
     "the exception that cancelled is the one that leaves") {
  // Waits, and remembers what left wait_for() on its way out.
  const auto caught = [](asyncio::Condition& condition, const void*& kept) -> Coroutine<> {
    const auto guard = co_await asyncio::with(condition);
    try {
      co_await condition.wait_for(never);
    } catch (const asyncio::CancelledError& error) {
      kept = &error;
      throw;
    }
  };
  const auto main = [](auto wait_and_keep) -> Coroutine<> {
    asyncio::Condition condition;
    const void* kept = nullptr;
    const auto task = asyncio::create_task(wait_and_keep(condition, kept));
    co_await turns();
    task.cancel("foo");
    try {
      co_await task;
    } catch (const asyncio::CancelledError& error) {
      log(raised_by(std::current_exception()), static_cast<const void*>(&error) == kept);
    }
  };
  run_virtual(main(caught));
}

CASE("asyncio.condition.cancel.last-exception",
     "cancelled again while it takes the lock, it is the newest that leaves") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "A");
    co_await condition.acquire();
    tasks[0].cancel("first");
    co_await turns();
    tasks[0].cancel("second");
    co_await turns(2);
    log(condition, tasks[0].done());
    condition.release();
    co_await tasks[0];
    log(condition);
  };
  run_virtual(main());
}

CASE("asyncio.condition.cancel.taking-the-lock",
     "one that was notified and is cancelled while it takes the lock takes it, and raises") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "A");
    co_await condition.acquire();
    condition.notify();
    co_await turns();
    log(condition);
    tasks[0].cancel();
    co_await turns(2);
    log(condition, tasks[0].done());
    condition.release();
    co_await turns();
    log(condition, tasks[0].done());
  };
  run_virtual(main());
}

CASE("asyncio.condition.cancel.contested",
     "cancelled and the lock released in one turn: it has the lock when it ends") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    co_await condition.acquire();
    const auto task = start(condition.wait(), "A");
    co_await turns();
    co_await condition.acquire();
    condition.notify();
    const auto loop = asyncio::get_running_loop();
    loop.call_soon([task] { task.cancel(); });
    loop.call_soon([&condition] { condition.release(); });
    co_await task;
    log(condition);
  };
  run_virtual(main());
}

namespace {

// Things that consumers wait for until there are fewer than none.
struct Stock {
  asyncio::Condition condition;
  int items = 0;

  Coroutine<> consume(std::string name) {
    const auto guard = co_await asyncio::with(condition);
    const auto any = [this] { return items != 0; };
    for (;;) {
      co_await condition.wait_for(any);
      if (items < 0) co_return;
      --items;
      log(name, "took one");
    }
  }
};

// One of two is notified and then cancelled: the other has to take what there is.
Coroutine<> lose_a_consumer(int turns_first) {
  Stock stock;
  const Plain consumers{asyncio::create_task(stock.consume("A")),
                        asyncio::create_task(stock.consume("B"))};
  co_await turns();
  {
    const auto guard = co_await asyncio::with(stock.condition);
    ++stock.items;
    stock.condition.notify();
    co_await turns(turns_first);
    consumers[0].cancel();
    co_await turns(2);
  }
  co_await turns(3);
  log(stock.items, consumers[0].cancelled(), stock.condition);
  {
    const auto guard = co_await asyncio::with(stock.condition);
    stock.items = -1;
    stock.condition.notify_all();
  }
  co_await consumers[1];
}

}  // namespace

CASE("asyncio.condition.cancel.hands-on",
     "one that is cancelled as it is notified leaves that to the next") {
  run_virtual(lose_a_consumer(0));
}

CASE("asyncio.condition.cancel.hands-on-late", "the same while it takes the lock again") {
  run_virtual(lose_a_consumer(1));
}

CASE("asyncio.condition.cancel.timeout", "a wait() that is given a time ends with the lock held") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const auto guard = co_await asyncio::with(condition);
    const std::string said = co_await awaited(asyncio::wait_for(condition.wait(), 500ms));
    log(said, condition, loop_time());
  };
  run_virtual(main());
}

// wait_for

CASE("asyncio.condition.wait-for.holds",
     "it waits until the predicate holds, asking with the lock held") {
  struct Asked {
    asyncio::Condition condition;
    bool ready = false;
    int count = 0;
  };
  const auto wait_until_ready = [](Asked& asked) -> Coroutine<> {
    const auto guard = co_await asyncio::with(asked.condition);
    const auto ready = [&asked] {
      ++asked.count;
      log("asked", asked.condition.locked());
      return asked.ready;
    };
    const bool said = co_await asked.condition.wait_for(ready);
    log(said, asked.condition.locked());
  };
  const auto main = [](auto wait_for_it) -> Coroutine<> {
    Asked asked;
    const auto task = asyncio::create_task(wait_for_it(asked));
    co_await turns();
    co_await notify(asked.condition);
    co_await turns(2);
    log(task.done());
    asked.ready = true;
    co_await notify(asked.condition);
    co_await task;
    log(asked.count);
  };
  run_virtual(main(wait_until_ready));
}

CASE("asyncio.condition.wait-for.at-once",
     "a predicate that holds is asked once, whoever has the lock") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    int asked = 0;
    soon("a turn");
    const auto ready = [&asked] { return ++asked > 0; };
    const bool said = co_await condition.wait_for(ready);
    log(said, asked);
    co_await turns();
  };
  run_virtual(main());
}

CASE("asyncio.condition.wait-for.not-held", "one that does not hold asks for the lock") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const std::string said = co_await awaited(condition.wait_for(never));
    log(said);
  };
  run_virtual(main());
}

CASE("asyncio.condition.wait-for.fails", "what the predicate raises leaves, with the lock held") {
  const auto wait_and_fail = [](asyncio::Condition& condition, bool& ready) -> Coroutine<> {
    const auto guard = co_await asyncio::with(condition);
    const auto fail = [&ready] {
      if (ready) throw tandem::ValueError("no");
      return false;
    };
    const std::string said = co_await awaited(condition.wait_for(fail));
    log(said, condition);
  };
  const auto main = [](auto wait_for_it) -> Coroutine<> {
    asyncio::Condition condition;
    bool ready = false;
    const auto task = asyncio::create_task(wait_for_it(condition, ready));
    co_await turns();
    ready = true;
    co_await notify(condition);
    co_await task;
    log(condition);
  };
  run_virtual(main(wait_and_fail));
}

// The rest

CASE("asyncio.condition.with.releases",
     "with holds it, and releases it whatever leaves the block") {
  const auto fail = [](asyncio::Condition& condition) -> Coroutine<> {
    const auto guard = co_await asyncio::with(condition);
    log(condition.locked());
    throw tandem::ValueError("no");
  };
  const auto main = [](auto fail_within) -> Coroutine<> {
    asyncio::Condition condition;
    {
      const auto guard = co_await asyncio::with(condition);
      log(condition.locked());
    }
    log(condition.locked());
    const std::string said = co_await awaited(fail_within(condition));
    log(said, condition.locked());
  };
  run_virtual(main(fail));
}

CASE("asyncio.condition.loop.another",
     "who has to wait in another loop than the first to wait gets RuntimeError") {
  asyncio::Condition condition;
  const auto main = [](asyncio::Condition& shared) -> Coroutine<> {
    const auto task = asyncio::create_task(wait(shared, "A"));
    co_await turns();
    co_await notify(shared);
    co_await task;
  };
  const auto again = [](asyncio::Condition& shared) -> Coroutine<> {
    const auto guard = co_await asyncio::with(shared);
    const std::string said = co_await awaited(shared.wait());
    log(said);
    log(shared);
  };
  run_virtual(main(condition));
  run_virtual(again(condition));
}

CASE("asyncio.condition.lock.outlived",
     "a task may wait when the lock goes; it can be cancelled, and fails when it is notified") {
  const std::string gone = "RuntimeError: the lock of the condition is gone";
  const auto cancelled = [&gone]() -> Coroutine<> {
    std::optional<asyncio::Lock> lock(std::in_place);
    asyncio::Condition condition(*lock);
    co_await lock->acquire();
    const Tasks tasks{start(condition.wait(), "A")};
    co_await turns();
    lock.emplace();  // in its place
    co_await lock->acquire();
    EXPECT_FALSE(condition.locked());
    EXPECT_EQ(raised([&] { condition.release(); }), gone);
    EXPECT_EQ(raised([&] { return condition.acquire(); }), gone);
    tasks[0].cancel();
    co_await turns();
    EXPECT_EQ(state(tasks[0]), "CancelledError");
  };
  run_virtual(cancelled());
  const auto notified = [&gone]() -> Coroutine<> {
    std::optional<asyncio::Lock> lock(std::in_place);
    asyncio::Condition condition(*lock);
    Tasks tasks;
    for (const char* name : {"A", "B", "C"}) {
      co_await lock->acquire();
      tasks.push_back(start(condition.wait(), name));
      co_await turns();
    }
    co_await notify(condition);
    lock.reset();
    co_await turns(3);
    for (const auto& task : tasks) EXPECT_EQ(state(task), gone);  // each says it to the next
  };
  run_virtual(notified());
}

CASE("asyncio.condition.waiter.outlived",
     "a task may wait when the condition goes, is never woken then and can be cancelled") {
  const auto main = []() -> Coroutine<> {
    auto first = std::make_unique<asyncio::Condition>();
    auto second = std::make_unique<asyncio::Condition>();
    co_await first->acquire();
    co_await second->acquire();
    const Tasks tasks{start(first->wait(), "A"), start(second->wait_for(never), "B")};
    co_await turns();
    co_await second->acquire();
    second->notify();
    co_await turns();
    first.reset();
    second.reset();
    co_await turns();
    EXPECT_EQ(state(tasks[0]), "pending");
    EXPECT_EQ(state(tasks[1]), "pending");
    tasks[0].cancel();
    co_await turns();
    EXPECT_EQ(state(tasks[0]), "CancelledError");
  };
  // B waits for a lock that is held for ever, and no cancellation keeps it from that.
  const auto loop = asyncio::new_event_loop();
  loop.run_until_complete(main());
}

CASE("asyncio.condition.waiter.dropped", "a task that is dropped with its loop no longer waits") {
  asyncio::Condition condition;
  {
    const auto loop = asyncio::new_event_loop();
    loop.run_until_complete(waiting(condition, "AB"));
    EXPECT_TRUE(to_string(condition).ends_with("[unlocked, waiters:2]>"));
    loop.close();
  }
  EXPECT_TRUE(to_string(condition).ends_with("[unlocked]>"));
}

CASE("asyncio.condition.repr.state", "its repr says whether it is held, and how many wait") {
  const auto main = []() -> Coroutine<> {
    asyncio::Condition condition;
    const Plain tasks = co_await waiting(condition, "AB");
    log(condition);
    {
      const auto guard = co_await asyncio::with(condition);
      log(condition);
      condition.notify_all();
      log(condition);
    }
    co_await turns(3);
    log(condition);
  };
  run_virtual(main());
}
