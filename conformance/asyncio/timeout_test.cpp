#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {
namespace {

using asyncio::Task;
using asyncio::Timeout;
using Seconds = std::chrono::duration<double>;

// Enters the scope, runs the body in it.
template <class Body>
auto within(Timeout& scope, Body body) {
  return asyncio::with(scope, body);
}

Coroutine<> sleeps_for(Seconds delay) {
  try {
    co_await asyncio::sleep(delay);
  } catch (const asyncio::CancelledError&) {
    log_at("cancelled");
    throw;
  }
  log_at("slept");
}
Coroutine<> sleeps() { return sleeps_for(100s); }

std::optional<double> seconds(asyncio::When when) {
  if (!when) return {};
  return when->count();
}
void tell(const Timeout& scope) { log(scope.expired(), seconds(scope.when()), to_string(scope)); }

CASE("asyncio.timeout.expires", "after its time the body is cancelled, and TimeoutError") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(2s);
    co_await noted(within(scope, sleeps), "scope");
    tell(scope);
  }());
}

CASE("asyncio.timeout.in-time", "a body that ends in time: nothing happens") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(10s);
    co_await noted(within(scope, [] { return sleeps_for(1s); }), "scope");
    tell(scope);
    co_await asyncio::sleep(20s);
    log_at("end");
  }());
}

CASE("asyncio.timeout.at", "timeout_at: at a time of the loop's clock") {
  run_virtual([]() -> Coroutine<> {
    co_await asyncio::sleep(1s);
    Timeout scope = asyncio::timeout_at(3s);
    co_await noted(within(scope, sleeps), "scope");
    tell(scope);
  }());
}

Coroutine<> tell_disabled(Timeout& scope) {
  const auto body = [](Timeout& entered) {
    log(to_string(entered));
    return sleeps_for(1000s);
  };
  co_await noted(within(scope, body), "scope");
  tell(scope);
}

CASE("asyncio.timeout.disabled", "without a time it never expires") {
  run_virtual([]() -> Coroutine<> {
    Timeout one = asyncio::timeout({}), other = asyncio::timeout_at(std::nullopt);
    co_await tell_disabled(one);
    co_await tell_disabled(other);
  }());
}

CASE("asyncio.timeout.zero", "no time, or less: the first await that waits is cancelled") {
  run_virtual([]() -> Coroutine<> {
    for (const auto delay : {0s, -11s}) {
      Timeout scope = asyncio::timeout(delay);
      co_await noted(within(scope, sleeps), "scope");
      tell(scope);
      Timeout other = asyncio::timeout(delay);
      co_await noted(within(other, [] { return sleeps_for(0s); }), "scope");
      tell(other);
    }
    Timeout scope = asyncio::timeout_at(Seconds(loop_time()));
    co_await noted(within(scope, sleeps), "scope");
  }());
}

Coroutine<int> five() { co_return 5; }

CASE("asyncio.timeout.does-not-wait", "a body that does not wait is not cancelled") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(0s);
    co_await noted(within(scope, five), "scope");
    tell(scope);
    co_await turns(2);
    log(asyncio::current_task()->cancelling());
  }());
}

Coroutine<> notes_and_rethrows(Coroutine<> coro, std::string name) {
  std::exception_ptr error;
  try {
    co_await std::move(coro);
  } catch (...) {
    error = std::current_exception();
  }
  if (!error) co_return;
  log_at(name, raised_by(error));
  std::rethrow_exception(error);
}

CASE("asyncio.timeout.nested", "of two that expire in one turn only the outermost throws") {
  run_virtual([]() -> Coroutine<> {
    Timeout inner = asyncio::timeout_at(2s), outer = asyncio::timeout_at(2s);
    const auto body = [&inner] { return notes_and_rethrows(within(inner, sleeps), "inner"); };
    co_await noted(within(outer, body), "outer");
    tell(inner);
    tell(outer);
  }());
}

Coroutine<> inner_then_sleeps() {
  Timeout inner = asyncio::timeout(1s);
  co_await noted(within(inner, sleeps), "inner");
  co_await sleeps();
}

CASE("asyncio.timeout.nested-inner", "the inner one expires first: the outer one goes on") {
  run_virtual([]() -> Coroutine<> {
    Timeout outer = asyncio::timeout(3s);
    co_await noted(within(outer, inner_then_sleeps), "outer");
  }());
}

Coroutine<> passes(Timeout& inner) {
  try {
    co_await within(inner, sleeps);
  } catch (const asyncio::CancelledError&) {
    log_at("passes");
    throw;
  }
}

CASE("asyncio.timeout.nested-outer", "the outer one expires first") {
  run_virtual([]() -> Coroutine<> {
    Timeout inner = asyncio::timeout(3s), outer = asyncio::timeout(1s);
    co_await noted(within(outer, [&inner] { return passes(inner); }), "outer");
    tell(inner);
  }());
}

CASE("asyncio.timeout.foreign-exception", "another exception passes") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s);
    const auto body = [] { throw ValueError("mine"); };
    co_await noted(within(scope, body), "scope");
    tell(scope);
  }());
}

Coroutine<> fails_when_cancelled() {
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    throw ValueError("on the way out");
  }
}

CASE("asyncio.timeout.foreign-exception-on-timeout", "an exception instead of the cancellation") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s);
    co_await noted(within(scope, fails_when_cancelled), "scope");
    tell(scope);
    log(asyncio::current_task()->cancelling());
  }());
}

Coroutine<int> stubborn() {
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
  }
  co_return 42;
}

CASE("asyncio.timeout.suppressed", "a body that returns in spite of it has returned") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s);
    co_await noted(within(scope, stubborn), "scope");
    tell(scope);
    log(asyncio::current_task()->cancelling());
  }());
}

Coroutine<> cancels_itself() {
  asyncio::current_task()->cancel();
  co_await asyncio::sleep(1s);
}

CASE("asyncio.timeout.foreign-cancel", "a cancellation that is not its own passes") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(10s);
    co_await noted(asyncio::create_task(within(scope, cancels_itself)), "task");
    tell(scope);
  }());
}

CASE("asyncio.timeout.foreign-cancel-too", "its own and another's in the same turn") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout_at(1s);
    const auto waiting = asyncio::create_task(within(scope, sleeps));
    co_await turns();
    asyncio::get_running_loop().call_at(1s, [waiting] { waiting.cancel(); });
    co_await noted(waiting, "task");
    tell(scope);
    log(waiting.cancelling(), waiting.cancelled());
  }());
}

Coroutine<int> count_after_timeout() {
  Timeout scope = asyncio::timeout(1s);
  co_await noted(within(scope, sleeps), "scope");
  co_return asyncio::current_task()->cancelling();
}

CASE("asyncio.timeout.task-not-cancelled", "the task around it is not cancelled") {
  run_virtual([]() -> Coroutine<> {
    const auto waiting = asyncio::create_task(count_after_timeout());
    const int count = co_await waiting;
    log(count, waiting.cancelled());
  }());
}

Coroutine<> after_cancellation(bool cancel) {
  asyncio::current_task()->cancel();
  co_await noted(asyncio::sleep(1s), "sleep");
  Timeout scope = asyncio::timeout(cancel ? 10s : 0s);
  const auto body = [cancel] {
    if (cancel) asyncio::current_task()->cancel();
    return asyncio::sleep(1s);
  };
  co_await noted(within(scope, body), "scope");
  log(asyncio::current_task()->cancelling());
}

CASE("asyncio.timeout.after-cancellation", "in a task that was cancelled before it works") {
  run_virtual([]() -> Coroutine<> {
    co_await asyncio::create_task(after_cancellation(false));
    co_await asyncio::create_task(after_cancellation(true));
  }());
}

Coroutine<> cleans_up() {
  std::exception_ptr cancelled;
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    cancelled = std::current_exception();
  }
  Timeout scope = asyncio::timeout(1s);
  co_await noted(within(scope, sleeps), "cleanup");
  if (cancelled) std::rethrow_exception(cancelled);
}

CASE("asyncio.timeout.nested-in-cleanup", "a scope in the cleanup of another one's body") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s);
    co_await noted(within(scope, cleans_up), "scope");
  }());
}

CASE("asyncio.timeout.reschedule", "another deadline: later, earlier, none") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout_at(2s);
    const auto waiting = asyncio::create_task(within(scope, sleeps));
    co_await turns();
    scope.reschedule(6s);
    tell(scope);
    co_await asyncio::sleep(3s);
    scope.reschedule({});
    tell(scope);
    co_await asyncio::sleep(10s);
    scope.reschedule(20s);
    scope.reschedule(15s);
    co_await noted(waiting, "waiting");
    tell(scope);
  }());
}

CASE("asyncio.timeout.reschedule-past", "a deadline that is over: in the next turn") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(100s);
    const auto waiting = asyncio::create_task(noted(within(scope, sleeps), "scope"));
    co_await asyncio::sleep(5s);
    scope.reschedule(4s);
    for (int turn = 0; turn < 4; ++turn) {
      co_await turns();
      log("turn", scope.expired(), waiting.done());
    }
  }());
}

Coroutine<> reschedules_too_late(Timeout& scope) {
  co_await noted(asyncio::sleep(10s), "sleep");
  tell(scope);
  log(raised([&] { scope.reschedule(2s); }));
}

CASE("asyncio.timeout.reschedule-refused", "not before, not after, not while it expires") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s);
    log(raised([&] { scope.reschedule(2s); }));
    co_await within(scope, reschedules_too_late);
    log(raised([&] { scope.reschedule(2s); }));
    Timeout other = asyncio::timeout(1s);
    co_await within(other, [] { return turns(); });
    log(raised([&] { other.reschedule(2s); }));
  }());
}

Coroutine<> enters_again(Timeout& scope) {
  co_await noted(within(scope, [] { return turns(); }), "again");
}

CASE("asyncio.timeout.entered-once", "it is entered once") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s);
    log(to_string(scope));
    co_await within(scope, enters_again);
    co_await noted(within(scope, [] { return turns(); }), "after");
  }());
}

template <class E>
std::string cause_of(const E& error) {
  return raised([&] { std::rethrow_if_nested(error); });
}

CASE("asyncio.timeout.cause", "the cancellation is the cause of the TimeoutError") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s);
    try {
      co_await within(scope, sleeps);
    } catch (const TimeoutError& error) {
      log(raised_by(std::current_exception()), "of", cause_of(error));
    }
  }());
}

Coroutine<> awaits(asyncio::Future<> future) { co_await future; }

CASE("asyncio.timeout.event-order", "when the cancellation comes, and when the awaiter") {
  run_virtual([]() -> Coroutine<> {
    const auto future = asyncio::get_running_loop().create_future();
    Timeout scope = asyncio::timeout_at(1s);
    const auto body = [&future] { return awaits(future); };
    const auto waiting = asyncio::create_task(noted(within(scope, body), "scope"));
    co_await turns();
    asyncio::get_running_loop().call_at(1s, [] { log("timer"); });
    co_await asyncio::sleep(1s);
    log("woken", future.cancelled(), waiting.done());
    co_await turns();
    log("turn", future.cancelled(), waiting.done());
  }());
}

Coroutine<> group_of_one(Coroutine<> coro) {
  asyncio::TaskGroup group;
  const auto body = [&coro](asyncio::TaskGroup& tg) { tg.create_task(std::move(coro)); };
  co_await asyncio::with(group, body);
}

CASE("asyncio.timeout.task-group", "around a task group: its errors pass") {
  run_virtual([]() -> Coroutine<> {
    Timeout scope = asyncio::timeout(1s), other = asyncio::timeout_at(2s);
    co_await noted(within(scope, [] { return group_of_one(asyncio::sleep(10s)); }), "cancelled");
    co_await noted(within(other, [] { return group_of_one(fails_when_cancelled()); }), "failed");
    log(asyncio::current_task()->cancelling());
  }());
}

CASE("asyncio.timeout.without-loop", "timeout() asks the running loop; timeout_at() does not") {
  log(raised([] { asyncio::timeout(1s); }));
  const Timeout scope = asyncio::timeout_at(1s);
  log(to_string(scope));
}

}  // namespace
}  // namespace tandem::conformance
