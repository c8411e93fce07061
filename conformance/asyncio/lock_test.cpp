#include <memory>
#include <string>
#include <vector>

#include "conformance/asyncio/support.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;

namespace {

// Takes the lock and gives it back at once.
Coroutine<> hold(asyncio::Lock& lock, std::string name) {
  co_await lock.acquire();
  log(name);
  lock.release();
}

// Takes the lock, and has a task for each name wait for it.
Coroutine<Tasks> take(asyncio::Lock& lock, std::string names) {
  co_await lock.acquire();
  Tasks tasks;
  for (const char name : names) tasks.push_back(start(lock.acquire(), std::string(1, name)));
  co_await turns();
  co_return tasks;
}

Coroutine<> release(asyncio::Lock& lock) {
  lock.release();
  co_return;
}

Coroutine<> fail_within(asyncio::Lock& lock) {
  const auto guard = co_await asyncio::with(lock);
  log(lock.locked());
  throw tandem::ValueError("no");
}

Coroutine<> enter(asyncio::Lock& lock) {
  const auto guard = co_await asyncio::with(lock);
  log("entered");
}

Coroutine<> log_acquire(asyncio::Lock& lock) {
  const bool taken = co_await lock.acquire();
  log(taken);
}

}  // namespace

CASE("asyncio.lock.acquire.free", "a free lock is taken at once") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    soon("a turn");
    log(lock.locked());
    const bool taken = co_await lock.acquire();
    log(taken, lock.locked());
    co_await turns();
  };
  run_virtual(main());
}

CASE("asyncio.lock.acquire.waits", "a held lock is waited for") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "A");
    co_await turns(3);
    log(state(tasks[0]), lock.locked());
    lock.release();
    log(state(tasks[0]), lock.locked());
    co_await turns();
    log(state(tasks[0]), lock.locked());
  };
  run_virtual(main());
}

CASE("asyncio.lock.acquire.oldest-first",
     "the tasks get it in the order of their coming, one by each release") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "ABC");
    for (int i = 0; i < 2; ++i) {
      log("release");
      lock.release();
      co_await turns(2);
    }
    const auto later = start(lock.acquire(), "D");
    for (int i = 0; i < 2; ++i) {
      log("release");
      lock.release();
      co_await turns();
    }
    co_await later;
  };
  run_virtual(main());
}

CASE("asyncio.lock.acquire.no-overtaking",
     "who comes after a release goes behind the one that was woken") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    co_await lock.acquire();
    const auto waiting = asyncio::create_task(hold(lock, "A"));
    co_await turns();
    lock.release();
    log(lock.locked());
    co_await hold(lock, "main");
    co_await waiting;
  };
  run_virtual(main());
}

CASE("asyncio.lock.acquire.only-cancelled-before",
     "cancelled tasks that have not run yet are in nobody's way") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "AB");
    tasks[0].cancel();
    tasks[1].cancel();
    lock.release();
    const bool taken = co_await lock.acquire();
    log(taken, state(tasks[0]), state(tasks[1]));
    co_await turns();
    log(lock);
  };
  run_virtual(main());
}

// cancel

CASE("asyncio.lock.cancel.waiting", "a cancelled task no longer waits") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "A");
    tasks[0].cancel();
    co_await turns();
    log(lock);
    lock.release();
    log(lock);
  };
  run_virtual(main());
}

CASE("asyncio.lock.cancel.woken", "one that is woken and cancelled hands the lock on") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "AB");
    lock.release();
    tasks[0].cancel();
    co_await turns();
    log(lock, state(tasks[1]));
    co_await turns();
    log(lock, state(tasks[1]));
  };
  run_virtual(main());
}

CASE("asyncio.lock.cancel.then-release",
     "one that was cancelled and is not yet gone does not keep the lock from the next") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "ABC");
    tasks[0].cancel();
    lock.release();
    co_await turns(3);
    log(lock, state(tasks[1]), state(tasks[2]));
    lock.release();
    co_await tasks[2];
  };
  run_virtual(main());
}

CASE("asyncio.lock.cancel.second", "the cancelling of one that is not first wakes nobody") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "ABC");
    tasks[1].cancel();
    co_await turns(2);
    log(lock, state(tasks[0]), state(tasks[2]));
    for (int i = 0; i < 2; ++i) {
      lock.release();
      co_await turns();
    }
  };
  run_virtual(main());
}

// release

CASE("asyncio.lock.release.not-acquired", "a free lock cannot be released") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const auto release = [&] { lock.release(); };
    Log{raised(release), lock.locked()};
    co_await lock.acquire();
    lock.release();
    Log{raised(release), lock.locked()};
  };
  run_virtual(main());
}

CASE("asyncio.lock.release.no-waiters", "it is free then") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    co_await lock.acquire();
    log(lock.locked());
    lock.release();
    const bool locked = lock.locked(), taken = co_await lock.acquire();
    log(locked, taken);
  };
  run_virtual(main());
}

CASE("asyncio.lock.release.free-until-taken", "it is free until the one that was woken runs") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "A");
    lock.release();
    log(lock, raised([&] { lock.release(); }));
    co_await turns();
    log(lock);
  };
  run_virtual(main());
}

CASE("asyncio.lock.release.any-task", "any task may release it, and what is no task") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    const Tasks tasks = co_await take(lock, "A");
    co_await asyncio::create_task(release(lock));
    co_await turns();
    asyncio::get_running_loop().call_soon([&lock] { lock.release(); });
    co_await turns();
    log(lock);
  };
  run_virtual(main());
}

// The rest

CASE("asyncio.lock.with.releases", "with holds it, and releases it whatever leaves the block") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    {
      const auto guard = co_await asyncio::with(lock);
      log(lock.locked());
    }
    log(lock.locked());
    const std::string said = co_await awaited(fail_within(lock));
    log(said, lock.locked());
  };
  run_virtual(main());
}

CASE("asyncio.lock.with.cancelled",
     "one that is cancelled while it waits does not enter the block") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    co_await lock.acquire();
    const auto task = start(enter(lock), "A");
    co_await turns();
    task.cancel();
    co_await turns();
    log(lock, state(task));
    lock.release();
    const std::string said = co_await awaited(enter(lock));
    log(said, lock);
  };
  run_virtual(main());
}

CASE("asyncio.lock.loop.made-without", "it is made, taken and released without a loop of its own") {
  asyncio::Lock lock;
  run_virtual(log_acquire(lock));
  log(lock);
  lock.release();
  run_virtual(log_acquire(lock));
}

CASE("asyncio.lock.loop.another",
     "who has to wait in another loop than the first to wait gets RuntimeError") {
  asyncio::Lock lock;
  const auto main = [](asyncio::Lock& shared) -> Coroutine<> {
    co_await shared.acquire();
    const auto waiting = start(shared.acquire(), "A");
    co_await turns();
    shared.release();
    co_await waiting;
  };
  const auto again = [](asyncio::Lock& shared) -> Coroutine<> {
    const std::string refused = co_await awaited(shared.acquire());
    log(refused);
    shared.release();
    const std::string taken = co_await awaited(shared.acquire());
    log(taken, shared);
  };
  run_virtual(main(lock));
  run_virtual(again(lock));
}

CASE("asyncio.lock.waiter.dropped", "a task that is dropped with its loop no longer waits") {
  asyncio::Lock lock;
  {
    const auto loop = asyncio::new_event_loop();
    loop.run_until_complete(take(lock, "AB"));
    EXPECT_TRUE(to_string(lock).ends_with("[locked, waiters:2]>"));
    loop.close();
  }
  EXPECT_TRUE(to_string(lock).ends_with("[locked]>"));
  lock.release();
  EXPECT_FALSE(lock.locked());
}

CASE("asyncio.lock.waiter.outlived",
     "a task may wait when the lock goes, is never woken then and can be cancelled") {
  const auto main = []() -> Coroutine<> {
    auto lock = std::make_unique<asyncio::Lock>();
    const Tasks tasks = co_await take(*lock, "ABC");
    lock->release();
    tasks[0].cancel();
    tasks[1].cancel();
    lock.reset();
    co_await turns(3);
    EXPECT_EQ(state(tasks[0]), "CancelledError");
    EXPECT_EQ(state(tasks[1]), "CancelledError");
    EXPECT_EQ(state(tasks[2]), "pending");
    tasks[2].cancel();
    co_await tasks[2];
  };
  run_virtual(main());
}

CASE("asyncio.lock.repr.state", "its repr says whether it is held, and how many wait") {
  const auto main = []() -> Coroutine<> {
    asyncio::Lock lock;
    log(lock);
    co_await lock.acquire();
    log(lock);
    const Tasks tasks{start(lock.acquire(), "A"), start(lock.acquire(), "B")};
    co_await turns();
    log(lock);
    for (const auto& task : tasks) task.cancel();
    log(lock);
    co_await turns();
    log(lock);
  };
  run_virtual(main());
}
