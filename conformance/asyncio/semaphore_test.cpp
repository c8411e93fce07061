#include <concepts>
#include <memory>
#include <string>
#include <vector>

#include "conformance/asyncio/support.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;

namespace {

// Takes one, and has a task for each name wait for another.
Coroutine<Tasks> empty(asyncio::Semaphore& semaphore, std::string names) {
  co_await semaphore.acquire();
  Tasks tasks;
  for (const char name : names) tasks.push_back(start(semaphore.acquire(), std::string(1, name)));
  co_await turns();
  co_return tasks;
}

Coroutine<> twice(asyncio::Semaphore& semaphore, std::string name) {
  for (const int round : {1, 2}) {
    co_await semaphore.acquire();
    log(name, round);
    co_await asyncio::sleep(10ms);
    semaphore.release();
  }
}

Coroutine<> take_and_log(asyncio::Semaphore& semaphore) {
  const bool taken = co_await semaphore.acquire();
  log(taken, semaphore);
}

}  // namespace

// The count

CASE("asyncio.semaphore.value.default", "it is one unless another is given") {
  const asyncio::Semaphore one, three(3);
  const asyncio::BoundedSemaphore bounded;
  for (const asyncio::Semaphore* semaphore :
       {&one, static_cast<const asyncio::Semaphore*>(&bounded), &three})
    log(semaphore->locked(), *semaphore);
}

CASE("asyncio.semaphore.value.zero", "one of zero has to be released first") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore(0);
    log(semaphore.locked());
    const auto task = start(semaphore.acquire(), "A");
    co_await turns();
    log(state(task));
    semaphore.release();
    co_await task;
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.value.negative", "it cannot be negative") {
  log(raised([] { asyncio::Semaphore(-1); }));
  log(raised([] { asyncio::BoundedSemaphore(-1); }));
}

// acquire

CASE("asyncio.semaphore.acquire.takes-one",
     "acquire() takes one at once, as long as there are any") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore(2);
    soon("a turn");
    for (int i = 0; i < 2; ++i) {
      const bool taken = co_await semaphore.acquire();
      log(taken, semaphore.locked(), semaphore);
    }
    co_await turns();
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.acquire.waits", "acquire() waits while there is none") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "A");
    co_await turns(3);
    log(state(tasks[0]), semaphore.locked());
    semaphore.release();
    log(state(tasks[0]), semaphore.locked());
    co_await turns();
    log(state(tasks[0]), semaphore.locked());
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.acquire.oldest-first", "the tasks get it in the order of their coming") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "ABC");
    const auto later = start(semaphore.acquire(), "D");
    semaphore.release();
    semaphore.release();
    co_await turns();
    log(semaphore);
    for (int i = 0; i < 2; ++i) {
      semaphore.release();
      co_await turns();
    }
    co_await later;
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.acquire.in-turn",
     "one that releases and comes again goes behind those that wait") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore(1);
    std::vector<asyncio::Task<>> tasks;
    for (const char* name : {"A", "B", "C"})
      tasks.push_back(asyncio::create_task(twice(semaphore, name)));
    for (const auto& task : tasks) co_await task;
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.acquire.no-overtaking",
     "who comes after a release goes behind the one that was woken") {
  const auto again = [](asyncio::Semaphore& semaphore) -> Coroutine<> {
    co_await semaphore.acquire();
    log("B");
    semaphore.release();
    co_await semaphore.acquire();
    log("D");
  };
  const auto main = [](auto acquire_again) -> Coroutine<> {
    asyncio::Semaphore semaphore(1);
    const auto first = start(semaphore.acquire(), "A");
    const auto second = asyncio::create_task(acquire_again(semaphore));
    const auto third = start(semaphore.acquire(), "C");
    co_await turns();
    semaphore.release();
    semaphore.release();
    co_await second;
    log(semaphore, state(third));
  };
  run_virtual(main(again));
}

CASE("asyncio.semaphore.acquire.lets-others-in",
     "those that had to wait behind one that was woken are woken by it") {
  struct Shared {
    asyncio::Semaphore semaphore{0};
    Tasks late;
  };
  const auto acquire_and_start = [](Shared& shared) -> Coroutine<> {
    co_await shared.semaphore.acquire();
    log("A", shared.semaphore);
    shared.late.push_back(start(turns(0), "D"));
  };
  const auto release_three = [](Shared& shared) -> Coroutine<> {
    for (int i = 0; i < 3; ++i) shared.semaphore.release();
    log(shared.semaphore, shared.semaphore.locked());
    co_await shared.semaphore.acquire();
    log("B");
  };
  const auto main = [](auto make_first, auto make_second) -> Coroutine<> {
    Shared shared;
    const auto first = asyncio::create_task(make_first(shared));
    const auto second = asyncio::create_task(make_second(shared));
    const auto third = start(shared.semaphore.acquire(), "C");
    co_await turns();
    log(shared.semaphore);
    co_await turns(2);
    log(shared.semaphore, first.done(), second.done(), third.done(), shared.late[0].done());
  };
  run_virtual(main(acquire_and_start, release_three));
}

// release, locked

CASE("asyncio.semaphore.release.adds-one", "release() adds one, also beyond the first value") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    co_await semaphore.acquire();
    log(semaphore.locked());
    semaphore.release();
    log(semaphore.locked(), semaphore);
    semaphore.release();
    log(semaphore);
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.release.one-each", "each release() lets one task in") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "ABC");
    for (int i = 0; i < 3; ++i) {
      semaphore.release();
      co_await turns(2);
      log(tasks[0].done(), tasks[1].done(), tasks[2].done());
    }
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.release.count-is-taken",
     "what it adds belongs to the one that it wakes at once") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "A");
    semaphore.release();
    log(semaphore, semaphore.locked());
    semaphore.release();
    log(semaphore, semaphore.locked());
    co_await turns();
    log(semaphore, semaphore.locked());
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.locked.while-others-wait",
     "it is locked while one that was woken has not run, whatever the count") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "A");
    for (int i = 0; i < 3; ++i) semaphore.release();
    log(semaphore.locked());
    co_await turns();
    log(semaphore.locked(), semaphore);
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.locked.only-cancelled-wait",
     "cancelled tasks that have not run yet do not count") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "AB");
    tasks[0].cancel();
    tasks[1].cancel();
    semaphore.release();
    log(semaphore.locked(), semaphore);
    const bool taken = co_await semaphore.acquire();
    log(taken, state(tasks[0]), state(tasks[1]));
    co_await turns();
    log(semaphore);
  };
  run_virtual(main());
}

// cancel

CASE("asyncio.semaphore.cancel.waiting", "a cancelled task no longer waits") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "A");
    tasks[0].cancel();
    co_await turns();
    log(semaphore);
    semaphore.release();
    log(semaphore);
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.cancel.then-release",
     "those that were cancelled and are not yet gone do not keep it from the next") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "ABCD");
    tasks[0].cancel();
    tasks[1].cancel();
    semaphore.release();
    co_await turns(3);
    log(state(tasks[2]), state(tasks[3]), semaphore);
    tasks[3].cancel();
    co_await turns();
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.cancel.woken", "one that is woken and cancelled hands it on") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "AB");
    semaphore.release();
    tasks[0].cancel();
    co_await turns();
    log(semaphore);
    co_await turns();
    log(semaphore, state(tasks[1]));
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.cancel.woken-last",
     "with nobody to hand it on to, the count has it again") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "A");
    semaphore.release();
    tasks[0].cancel();
    co_await turns(2);
    const bool taken = co_await semaphore.acquire();
    log(semaphore, taken);
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.cancel.by-the-holder",
     "one that is cancelled by the task that has just released leaves it free") {
  const auto hold_and_cancel = [](asyncio::Semaphore& semaphore, Tasks& tasks) -> Coroutine<> {
    {
      const auto guard = co_await asyncio::with(semaphore);
      co_await turns();
    }
    tasks[1].cancel();
  };
  const auto hold = [](asyncio::Semaphore& semaphore) -> Coroutine<> {
    const auto guard = co_await asyncio::with(semaphore);
    log("never");
  };
  const auto main = [](auto make_first, auto make_second) -> Coroutine<> {
    asyncio::Semaphore semaphore(1);
    Tasks tasks;
    tasks.push_back(start(make_first(semaphore, tasks), "A"));
    tasks.push_back(start(make_second(semaphore), "B"));
    co_await all_of(tasks);
    const bool taken = co_await semaphore.acquire();
    log(semaphore, taken);
  };
  run_virtual(main(hold_and_cancel, hold));
}

CASE("asyncio.semaphore.cancel.in-order", "after a cancelled one the others come in their order") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore(0);
    Tasks tasks;
    for (const char* name : {"A", "B", "C"}) tasks.push_back(start(semaphore.acquire(), name));
    co_await turns();
    tasks[0].cancel();
    co_await turns();
    semaphore.release();
    semaphore.release();
    co_await all_of(tasks);
    log(semaphore);
  };
  run_virtual(main());
}

// BoundedSemaphore

CASE("asyncio.semaphore.bounded.too-many", "it cannot be released above its first value") {
  const auto main = []() -> Coroutine<> {
    asyncio::BoundedSemaphore semaphore(2);
    const auto release = [&] { semaphore.release(); };
    Log{raised(release), semaphore};
    co_await semaphore.acquire();
    co_await semaphore.acquire();
    Log{semaphore.locked(), raised(release), raised(release), raised(release)};
    log(semaphore);
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.bounded.as-semaphore", "in all else it is a Semaphore") {
  const auto main = []() -> Coroutine<> {
    asyncio::BoundedSemaphore semaphore;
    const Tasks tasks = co_await empty(semaphore, "AB");
    log(semaphore, std::derived_from<asyncio::BoundedSemaphore, asyncio::Semaphore>);
    semaphore.release();
    tasks[0].cancel();
    co_await tasks[1];
    log(semaphore);
  };
  run_virtual(main());
}

// The rest

CASE("asyncio.semaphore.with.releases",
     "with takes one, and gives it back whatever leaves the block") {
  const auto fail = [](asyncio::Semaphore& semaphore) -> Coroutine<> {
    const auto guard = co_await asyncio::with(semaphore);
    log(semaphore.locked());
    throw tandem::ValueError("no");
  };
  const auto main = [](auto fail_within) -> Coroutine<> {
    asyncio::Semaphore semaphore;
    {
      const auto guard = co_await asyncio::with(semaphore);
      log(semaphore.locked());
    }
    log(semaphore);
    const std::string said = co_await awaited(fail_within(semaphore));
    log(said, semaphore);
  };
  run_virtual(main(fail));
}

CASE("asyncio.semaphore.loop.made-without",
     "it is made, taken and released without a loop of its own") {
  asyncio::Semaphore semaphore(2);
  run_virtual(take_and_log(semaphore));
  run_virtual(take_and_log(semaphore));
  semaphore.release();
  log(semaphore);
}

CASE("asyncio.semaphore.loop.another",
     "who has to wait in another loop than the first to wait gets RuntimeError") {
  asyncio::Semaphore semaphore(0);
  const auto main = [](asyncio::Semaphore& shared) -> Coroutine<> {
    const auto task = start(shared.acquire(), "A");
    co_await turns();
    shared.release();
    co_await task;
  };
  const auto again = [](asyncio::Semaphore& shared) -> Coroutine<> {
    const std::string said = co_await awaited(shared.acquire());
    log(said);
  };
  run_virtual(main(semaphore));
  run_virtual(again(semaphore));
}

CASE("asyncio.semaphore.waiter.outlived",
     "a task may wait when the semaphore goes, is never woken then and can be cancelled") {
  const auto main = []() -> Coroutine<> {
    auto semaphore = std::make_unique<asyncio::Semaphore>();
    const Tasks tasks = co_await empty(*semaphore, "ABC");
    semaphore->release();
    tasks[0].cancel();
    tasks[1].cancel();
    semaphore.reset();
    co_await turns(3);
    EXPECT_EQ(state(tasks[0]), "CancelledError");
    EXPECT_EQ(state(tasks[1]), "CancelledError");
    EXPECT_EQ(state(tasks[2]), "pending");
    tasks[2].cancel();
    co_await tasks[2];
  };
  run_virtual(main());
}

CASE("asyncio.semaphore.waiter.dropped",
     "a task that is dropped with its loop no longer waits, and gives back what it was given") {
  asyncio::Semaphore semaphore;
  {
    const auto loop = asyncio::new_event_loop();
    loop.run_until_complete(empty(semaphore, "AB"));
    EXPECT_TRUE(to_string(semaphore).ends_with("[locked, waiters:2]>"));
    semaphore.release();
    loop.close();
  }
  EXPECT_TRUE(to_string(semaphore).ends_with("[unlocked, value:1]>")) << to_string(semaphore);
}

CASE("asyncio.semaphore.repr.state", "its repr says how many there are, and how many wait") {
  const auto main = []() -> Coroutine<> {
    asyncio::Semaphore semaphore(2);
    const asyncio::BoundedSemaphore bounded(7);
    log(semaphore, bounded);
    co_await semaphore.acquire();
    co_await semaphore.acquire();
    log(semaphore);
    const Tasks tasks{start(semaphore.acquire(), "A"), start(semaphore.acquire(), "B")};
    co_await turns();
    log(semaphore);
    for (const auto& task : tasks) {
      task.cancel();
      co_await task;
    }
  };
  run_virtual(main());
}
