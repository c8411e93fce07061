#include <memory>
#include <string>
#include <utility>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {
namespace {

using asyncio::Future;
using Seconds = std::chrono::duration<double>;

Coroutine<int> value(int number, Seconds delay = 0s) {
  log_at("begin", number);
  co_await asyncio::sleep(delay);
  log_at("end", number);
  co_return number;
}

Future<int> new_future() { return asyncio::get_running_loop().create_future<int>(); }

CASE("asyncio.shield.result", "the inner's result, a turn after it") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = new_future(), outer = asyncio::shield(inner);
    inner.set_result(42);
    log(outer.done());
    co_await turns();
    log(outer.done());
    log(co_await outer);
  }());
}

CASE("asyncio.shield.exception", "the inner's exception, the same object") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = new_future(), outer = asyncio::shield(inner);
    co_await turns();
    inner.set_exception(RuntimeError("expected"));
    co_await turns();
    log(raised_by(outer.exception()), outer.exception() == inner.exception());
  }());
}

CASE("asyncio.shield.cancel-inner", "the inner cancelled: the outer too") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = new_future(), outer = asyncio::shield(inner);
    co_await turns();
    log(inner.cancel());
    log(outer.cancelled());
    co_await turns();
    log(outer.cancelled());
  }());
}

CASE("asyncio.shield.cancel-outer", "the outer cancelled: the inner goes on") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = asyncio::create_task(value(1, 5s));
    const auto outer = asyncio::shield(inner);
    co_await turns();
    log(outer.cancel());
    co_await noted(outer, "outer");
    log(state(inner));
    log(co_await inner);
  }());
}

Coroutine<> says_inner(Future<int> waiter) {
  co_await waiter;
  log("inner");
}
Coroutine<> shields(Future<int> waiter) {
  co_await asyncio::shield(says_inner(waiter));
  log("never");
}

CASE("asyncio.shield.cancel-awaiter", "a task cancelled in it; what it shields goes on") {
  run_virtual([]() -> Coroutine<> {
    const auto waiter = new_future();
    const auto task = asyncio::create_task(shields(waiter));
    co_await turns(2);
    task.cancel();
    co_await noted(task, "task");
    waiter.set_result(0);
    co_await turns(2);
  }());
}

CASE("asyncio.shield.detaches", "after it was cancelled an exception of the inner is reported") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    {
      const auto inner = new_future(), outer = asyncio::shield(inner);
      outer.cancel();
      co_await turns(2);
      inner.set_exception(ValueError("lost"));
      co_await turns(2);
    }
    log("end");
  }());
}

CASE("asyncio.shield.marks-retrieved", "an exception in the turn of the cancellation") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    auto inner = std::make_optional(new_future());
    const auto outer = asyncio::shield(*inner);
    inner->set_exception(ValueError("lost"));
    outer.cancel();
    co_await turns(2);
    inner.reset();
    log("end", outer.cancelled());
  }());
}

CASE("asyncio.shield.shortcut", "of what is done it is that itself") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = new_future();
    inner.set_result(42);
    const auto outer = asyncio::shield(inner);
    const int result = co_await outer;
    log(outer == inner, result);
  }());
}

CASE("asyncio.shield.coroutine", "a coroutine becomes a task, which runs awaited or not") {
  run_virtual([]() -> Coroutine<> {
    const auto outer = asyncio::shield(value(1));
    log("not yet");
    co_await turns(3);
    log(state(outer));
  }());
}

CASE("asyncio.shield.gather", "a gather that is shielded; a gather of what is shielded") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future();
    const auto parent = asyncio::gather(a, b);
    const auto outer = asyncio::shield(parent);
    co_await turns();
    outer.cancel();
    co_await turns();
    log(state(outer));
    a.set_result(1);
    b.set_result(2);
    co_await turns(2);
    log(parent.result());

    const auto c = new_future(), d = new_future();
    const auto one = asyncio::shield(c), two = asyncio::shield(d);
    const auto gathered = asyncio::gather(one, two);
    co_await turns();
    gathered.cancel();
    co_await turns(2);
    log(raised_by(gathered.exception()), state(one), state(two), state(c), state(d));
  }());
}

CASE("asyncio.shield.event-order", "when the outer is done, when its awaiter comes") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = new_future(), outer = asyncio::shield(inner);
    inner.add_done_callback([](const auto&) { log("inner"); });
    outer.add_done_callback([](const auto&) { log("outer"); });
    const auto task = asyncio::create_task(noted(outer, "awaiter"));
    co_await turns();
    inner.set_result(1);
    for (int turn = 0; turn < 3; ++turn) {
      co_await turns();
      log("turn", outer.done(), task.done());
    }
  }());
}

CASE("asyncio.shield.copying-throws", "a result whose copying throws") {
  run_virtual([]() -> Coroutine<> {
    const Future<NoCopy> inner;
    const auto outer = asyncio::shield(inner);
    inner.set_result(NoCopy());
    co_await turns();
    EXPECT_EQ(raised_by(outer.exception()), "ValueError: copied");
  }());
}

CASE("asyncio.shield.move-only", "a result that cannot be copied is moved") {
  run_virtual([]() -> Coroutine<> {
    const Future<std::unique_ptr<int>> inner;
    const auto outer = asyncio::shield(inner);
    inner.set_result(std::make_unique<int>(7));
    co_await turns();
    EXPECT_EQ(*outer.result(), 7);
    EXPECT_FALSE(inner.result());
  }());
}

CASE("asyncio.shield.without-loop", "a coroutine needs a loop") {
  asyncio::set_event_loop(std::nullopt);
  auto coroutine = value(1);
  const std::string refused = raised([&] { return asyncio::shield(std::move(coroutine)); });
  log(refused.substr(0, refused.find(" in thread")));
  coroutine.close();
  run_virtual([]() -> Coroutine<> { log(co_await asyncio::shield(value(3))); }());
}

Coroutine<std::string> ends(Future<> future) {
  co_await future;
  co_return "ends";
}
asyncio::AnyTask other_task() {
  auto tasks = asyncio::all_tasks();
  std::erase(tasks, *asyncio::current_task());
  return tasks.at(0);
}

CASE("asyncio.shield.untyped", "of a task that is only known as one of all_tasks()") {
  run_virtual([]() -> Coroutine<> {
    const auto inner = asyncio::create_task(value(1, 5s), "inner");
    asyncio::AnyTask task = other_task();
    Future<> outer = asyncio::shield(task);
    co_await turns();
    log(outer.cancel());
    co_await noted(outer, "outer");
    co_await noted(ends(asyncio::shield(task)), "another");
    log(inner.result(), asyncio::shield(task) == task);
    const auto second = asyncio::create_task(value(2, 5s));
    co_await turns();
    task = other_task();
    outer = asyncio::shield(task);
    log(task.cancel());
    co_await noted(outer, "cancelled");
    log(second.cancelled());
  }());
}

}  // namespace
}  // namespace tandem::conformance
