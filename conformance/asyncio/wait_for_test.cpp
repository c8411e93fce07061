#include <optional>
#include <string>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {
namespace {

using asyncio::Future;
using asyncio::Task;
using Seconds = std::chrono::duration<double>;

struct Ends {
  int number;
  ~Ends() { log_at("end", number); }
};
Coroutine<int> value(int number, Seconds delay = 0s) {
  log_at("begin", number);
  const Ends ends{number};
  co_await asyncio::sleep(delay);
  co_return number;
}

Coroutine<> fails() {
  throw ValueError("bad");
  co_return;
}

Future<std::string> new_future() {
  return asyncio::get_running_loop().create_future<std::string>();
}

CASE("asyncio.wait-for.result", "the result, when it is in time") {
  run_virtual([]() -> Coroutine<> {
    const int first = co_await asyncio::wait_for(value(1, 2s), 3s);
    log_at(first);
    const int second = co_await asyncio::wait_for(asyncio::create_task(value(2, 2s)), 3s);
    log_at(second);
  }());
}

CASE("asyncio.wait-for.exception", "what it throws") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::wait_for(fails(), 3s), "failed");
    co_await noted(asyncio::wait_for(asyncio::create_task(fails()), 3s), "failed");
  }());
}

CASE("asyncio.wait-for.forever", "without a limit") {
  run_virtual([]() -> Coroutine<> {
    const int result = co_await asyncio::wait_for(value(1, 1000s), {});
    log_at(result);
  }());
}

CASE("asyncio.wait-for.timeout", "too late: it is cancelled, and TimeoutError") {
  run_virtual([]() -> Coroutine<> {
    const auto late = asyncio::create_task(value(1, 10s));
    co_await noted(asyncio::wait_for(late, 2s), "late");
    log(state(late));
    co_await noted(asyncio::wait_for(value(2, 10s), 2s), "late");
  }());
}

CASE("asyncio.wait-for.zero-not-started", "no time: a coroutine is never started") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::wait_for(value(1), 0s), "zero");
    co_await noted(asyncio::wait_for(value(2), -1s), "less");
  }());
}

CASE("asyncio.wait-for.zero-done", "no time: what is done has its result or its exception") {
  run_virtual([]() -> Coroutine<> {
    const auto good = new_future(), bad = new_future();
    good.set_result("done");
    bad.set_exception(ValueError("bad"));
    for (const auto limit : {0s, -1s}) {
      co_await noted(asyncio::wait_for(good, limit), "good");
      co_await noted(asyncio::wait_for(bad, limit), "bad");
    }
  }());
}

CASE("asyncio.wait-for.zero-running", "no time: what runs is cancelled, and TimeoutError") {
  run_virtual([]() -> Coroutine<> {
    for (const auto limit : {0s, -1s}) {
      const auto running = asyncio::create_task(value(1, 10s));
      co_await turns();
      co_await noted(asyncio::wait_for(running, limit), "late");
      log(state(running));
    }
  }());
}

Coroutine<> slow_to_leave() {
  std::exception_ptr cancelled;
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    cancelled = std::current_exception();
  }
  if (cancelled) co_await asyncio::sleep(3s);
  log_at("left");
  if (cancelled) std::rethrow_exception(cancelled);
}

CASE("asyncio.wait-for.waits-for-cancellation", "it waits until the cancellation was dealt with") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::wait_for(asyncio::create_task(slow_to_leave()), 2s), "late");
    const auto other = asyncio::create_task(slow_to_leave());
    co_await asyncio::sleep(1s);
    co_await noted(asyncio::wait_for(other, 0s), "zero");
  }());
}

Coroutine<> fails_when_cancelled() {
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    throw ValueError("on the way out");
  }
}

CASE("asyncio.wait-for.exception-while-cancelled", "what it throws instead wins") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::wait_for(fails_when_cancelled(), 1s), "coroutine");
    co_await noted(asyncio::wait_for(asyncio::create_task(fails_when_cancelled()), 1s), "task");
    const auto other = asyncio::create_task(fails_when_cancelled());
    co_await turns();
    co_await noted(asyncio::wait_for(other, 0s), "zero");
  }());
}

Coroutine<int> stubborn() {
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
  }
  co_return 42;
}

CASE("asyncio.wait-for.suppressed", "what it returns in spite of the cancellation is the result") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::wait_for(stubborn(), 1s), "coroutine");
    co_await noted(asyncio::wait_for(asyncio::create_task(stubborn()), 1s), "task");
    const auto other = asyncio::create_task(stubborn());
    co_await turns();
    co_await noted(asyncio::wait_for(other, 0s), "zero");
  }());
}

CASE("asyncio.wait-for.in-time-in-turn", "a result that is set in the next turn is in time") {
  run_virtual([]() -> Coroutine<> {
    const auto future = new_future();
    asyncio::get_running_loop().call_soon([future] { future.set_result("ok"); });
    co_await noted(asyncio::wait_for(future, 1s), "future");
  }());
}

CASE("asyncio.wait-for.tie", "the limit and the end in the same turn") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::wait_for(asyncio::sleep(1s, std::string("ok")), 1s), "coroutine");
    const auto first = asyncio::create_task(asyncio::sleep(1s, std::string("ok")));
    co_await turns();
    co_await noted(asyncio::wait_for(first, 1s), "task");
  }());
}

CASE("asyncio.wait-for.cancelled", "cancelled itself it cancels what it waits for") {
  run_virtual([]() -> Coroutine<> {
    for (const tandem::Timeout limit : {tandem::Timeout(), tandem::Timeout(60s)}) {
      const auto blocked = asyncio::create_task(value(1, 100s));
      const auto waiting = asyncio::create_task(asyncio::wait_for(blocked, limit));
      co_await turns(2);
      log(waiting.cancel());
      co_await noted(waiting, "waiting");
      log(state(waiting), state(blocked));
    }
  }());
}

Coroutine<std::string> done() { co_return "done"; }
Coroutine<> waits_and_sleeps(Task<std::string> inner) {
  co_await asyncio::wait_for(inner, 100s);
  log("waited for");
  co_await asyncio::sleep(1s);
  log("never");
}

CASE("asyncio.wait-for.cancelled-in-turn", "cancelled in the turn in which it ends") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = asyncio::create_task(done());
    const auto waiting = asyncio::create_task(waits_and_sleeps(inner));
    co_await turns();
    log(inner.done(), waiting.cancel());
    co_await noted(waiting, "waiting");
    log(state(inner));
  }());
}

Coroutine<> ignores_all() {
  const double until = loop_time() + 4;
  while (loop_time() < until) {
    try {
      co_await asyncio::sleep(Seconds(until - loop_time()));
    } catch (const asyncio::CancelledError&) {
      log_at("ignored");
    }
  }
  log_at("left");
}

CASE("asyncio.wait-for.stubborn-cancelled", "it waits for what ignores the cancellation") {
  run_virtual([]() -> Coroutine<> {
    const auto waiting = asyncio::create_task(asyncio::wait_for(ignores_all(), 8s));
    co_await asyncio::sleep(1s);
    waiting.cancel();
    co_await asyncio::wait({waiting});
    log_at(state(waiting));
    co_await noted(asyncio::wait_for(ignores_all(), 2s), "late");
  }());
}

Coroutine<bool> runs_in(asyncio::AnyTask task) { co_return *asyncio::current_task() == task; }

CASE("asyncio.wait-for.in-callers-task", "a coroutine runs in the task of the caller") {
  run_virtual([]() -> Coroutine<> {
    log(co_await asyncio::wait_for(runs_in(*asyncio::current_task()), 1s));
    log(co_await asyncio::wait_for(runs_in(*asyncio::current_task()), {}));
  }());
}

CASE("asyncio.wait-for.shield", "what is shielded goes on") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = asyncio::create_task(value(1, 10s));
    for (const auto limit : {0s, 2s}) {
      const auto shielded = asyncio::shield(inner);
      co_await noted(asyncio::wait_for(shielded, limit), "shielded");
      log(state(shielded), state(inner));
    }
    co_await noted(asyncio::wait_for(asyncio::shield(inner), {}), "shielded");
  }());
}

CASE("asyncio.wait-for.nested", "the innermost limit that is over counts") {
  run_virtual([]() -> Coroutine<> {
    auto inner = noted(asyncio::wait_for(value(1, 10s), 1s), "inner");
    co_await noted(asyncio::wait_for(std::move(inner), 5s), "outer");
    inner = noted(asyncio::wait_for(value(2, 10s), 5s), "inner");
    co_await noted(asyncio::wait_for(std::move(inner), 1s), "outer");
  }());
}

CASE("asyncio.wait-for.no-count-left", "the task's count of cancellations is as before") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::wait_for(value(1, 10s), 1s), "late");
    log(asyncio::current_task()->cancelling());
    co_await noted(asyncio::wait_for(value(2), 1s), "in time");
    log(asyncio::current_task()->cancelling());
  }());
}

CASE("asyncio.wait-for.cause", "the cancellation is the cause of the TimeoutError") {
  run_virtual([]() -> Coroutine<> {
    for (const auto limit : {1s, 0s}) {
      const auto late = asyncio::create_task(value(1, 10s));
      co_await turns();
      try {
        co_await asyncio::wait_for(late, limit);
      } catch (const asyncio::TimeoutError& error) {
        log(raised([&] { std::rethrow_if_nested(error); }));
      }
    }
  }());
}

CASE("asyncio.wait-for.event-order", "it comes back in the turn in which the awaited does") {
  run_virtual([]() -> Coroutine<> {
    const auto future = asyncio::get_running_loop().create_future<int>();
    const auto waiting = asyncio::create_task(noted(asyncio::wait_for(future, 5s), "waited"));
    const auto other = asyncio::create_task(noted(future, "awaited"));
    co_await turns();
    future.set_result(1);
    for (int turn = 0; turn < 3; ++turn) {
      co_await turns();
      log("turn", waiting.done(), other.done());
    }
  }());
}

Coroutine<> cancels_itself() {
  asyncio::current_task()->cancel();
  co_await asyncio::sleep(1s);
}
Coroutine<> notes_what_cancels_itself() {
  co_await noted(asyncio::wait_for(cancels_itself(), 5s), "within");
}

CASE("asyncio.wait-for.self-cancelled", "a cancellation from within is no timeout") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(asyncio::create_task(notes_what_cancels_itself()), "outer");
  }());
}

Coroutine<std::string> ends(Seconds limit) {
  auto tasks = asyncio::all_tasks();
  std::erase(tasks, *asyncio::current_task());
  co_await asyncio::wait_for(tasks.at(0), limit);
  co_return "ends";
}

CASE("asyncio.wait-for.untyped", "of a task that is only known as one of all_tasks()") {
  run_virtual([]() -> Coroutine<> {
    for (const int limit : {3, 1, 0}) {
      const auto awaited = asyncio::create_task(value(limit, 2s));
      co_await turns();
      co_await noted(ends(Seconds(limit)), "waited");
      log(state(awaited));
    }
    const asyncio::AnyTask done = asyncio::create_task(value(9));
    co_await turns(2);
    co_await asyncio::wait_for(done, 0s);
    log_at(9);
  }());
}

}  // namespace
}  // namespace tandem::conformance
