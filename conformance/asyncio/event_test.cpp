#include <memory>
#include <string>

#include "conformance/asyncio/support.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;

namespace {

// A task for each name that waits for the event.
Coroutine<Tasks> waiting(asyncio::Event& event, std::string names) {
  Tasks tasks;
  for (const char name : names) tasks.push_back(start(event.wait(), std::string(1, name)));
  co_await turns();
  co_return tasks;
}

Coroutine<> log_wait(asyncio::Event& event) {
  const bool came = co_await event.wait();
  log(came);
}

}  // namespace

CASE("asyncio.event.wait.set-already", "wait() returns at once while it is set") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    soon("a turn");
    event.set();
    const bool came = co_await event.wait();
    log(came, event.is_set());
    const bool again = co_await event.wait();
    log(again);
    co_await turns();
  };
  run_virtual(main());
}

CASE("asyncio.event.wait.until-set", "wait() waits while it is not set") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "A");
    co_await turns(3);
    log(state(tasks[0]), event.is_set());
    event.set();
    log(state(tasks[0]), event.is_set());
    co_await turns();
    log(state(tasks[0]));
  };
  run_virtual(main());
}

CASE("asyncio.event.set.wakes-all", "set() wakes all that wait, in the order of their coming") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "ABC");
    event.set();
    co_await turns();
    log(state(tasks[0]), state(tasks[1]), state(tasks[2]));
  };
  run_virtual(main());
}

CASE("asyncio.event.set.newcomer-first",
     "one that comes to a set event does not wait for those that were woken later") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "AB");
    const auto third = start(event.wait(), "C");
    event.set();
    co_await turns();
    log(state(tasks[0]), state(tasks[1]), state(third));
  };
  run_virtual(main());
}

CASE("asyncio.event.set.again", "set() of a set event changes nothing") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "A");
    event.set();
    event.set();
    log(event);
    co_await turns(2);
    log(event);
  };
  run_virtual(main());
}

CASE("asyncio.event.clear.waits-again", "after clear() wait() waits again") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    event.clear();
    log(event.is_set());
    event.set();
    event.clear();
    log(event.is_set());
    const auto task = start(event.wait(), "A");
    co_await turns(2);
    log(state(task));
    event.set();
    co_await task;
  };
  run_virtual(main());
}

CASE("asyncio.event.clear.at-once",
     "those that set() has woken return True though it was cleared at once") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "AB");
    event.set();
    event.clear();
    const auto late = start(event.wait(), "late");
    co_await turns(2);
    log(state(tasks[0]), state(tasks[1]), state(late), event);
    event.set();
    co_await late;
  };
  run_virtual(main());
}

CASE("asyncio.event.clear.set-again", "set, cleared and set in one turn: each is woken once") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "A");
    event.set();
    event.clear();
    event.set();
    event.set();
    log(event);
    co_await turns();
    log(event, state(tasks[0]));
    event.clear();
    co_await turns(2);
    log(event);
  };
  run_virtual(main());
}

CASE("asyncio.event.cancel.waiting", "a cancelled task no longer waits, the others do") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "AB");
    tasks[0].cancel();
    co_await turns();
    log(event);
    event.set();
    co_await tasks[1];
    log(event);
  };
  run_virtual(main());
}

CASE("asyncio.event.cancel.woken", "one that is cancelled when it was woken is cancelled") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "ABC");
    tasks[0].cancel();
    event.set();
    tasks[1].cancel();
    co_await turns();
    log(event);
  };
  run_virtual(main());
}

CASE("asyncio.event.loop.made-without",
     "it is made, set and waited for without a loop of its own") {
  asyncio::Event event;
  event.set();
  log(event);
  run_virtual(log_wait(event));
  run_virtual(log_wait(event));
}

CASE("asyncio.event.loop.another",
     "who has to wait in another loop than the first to wait gets RuntimeError") {
  asyncio::Event event;
  const auto main = [](asyncio::Event& shared) -> Coroutine<> {
    const auto task = start(shared.wait(), "A");
    co_await turns();
    shared.set();
    co_await task;
    shared.clear();
  };
  const auto again = [](asyncio::Event& shared) -> Coroutine<> {
    const std::string refused = co_await awaited(shared.wait());
    log(refused);
    shared.set();
    const std::string said = co_await awaited(shared.wait());
    log(said);
  };
  run_virtual(main(event));
  run_virtual(again(event));
}

CASE("asyncio.event.waiter.outlived",
     "a task may wait when the event goes, is never woken then and can be cancelled") {
  const auto main = []() -> Coroutine<> {
    auto event = std::make_unique<asyncio::Event>();
    const Tasks tasks = co_await waiting(*event, "AB");
    tasks[0].cancel();
    event.reset();
    co_await turns(2);
    EXPECT_EQ(state(tasks[0]), "CancelledError");
    EXPECT_EQ(state(tasks[1]), "pending");
    tasks[1].cancel();
    co_await tasks[1];
  };
  run_virtual(main());
}

CASE("asyncio.event.waiter.dropped", "a task that is dropped with its loop no longer waits") {
  asyncio::Event event;
  {
    const auto loop = asyncio::new_event_loop();
    loop.run_until_complete(waiting(event, "AB"));
    EXPECT_TRUE(to_string(event).ends_with("[unset, waiters:2]>"));
    loop.close();
  }
  EXPECT_TRUE(to_string(event).ends_with("[unset]>"));
  event.set();
  EXPECT_TRUE(event.is_set());
}

CASE("asyncio.event.repr.state", "its repr says whether it is set, and how many wait") {
  const auto main = []() -> Coroutine<> {
    asyncio::Event event;
    const Tasks tasks = co_await waiting(event, "AB");
    log(event);
    event.set();
    log(event);
    co_await turns();
    log(event);
  };
  run_virtual(main());
}
