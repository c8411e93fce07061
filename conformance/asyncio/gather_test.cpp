#include <string>
#include <vector>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {
namespace {

using asyncio::Future;
using Seconds = std::chrono::duration<double>;

// Says when it begins and when it ends.
Coroutine<int> value(int number, Seconds delay = 0s) {
  log_at("begin", number);
  co_await asyncio::sleep(delay);
  log_at("end", number);
  co_return number;
}

Coroutine<int> failure(std::string text, Seconds delay = 0s) {
  co_await asyncio::sleep(delay);
  throw ValueError(text);
}

Future<int> new_future() { return asyncio::get_running_loop().create_future<int>(); }

template <class T>
std::string said(const asyncio::Outcome<T>& outcome) {
  return outcome ? repr(outcome.result()) : repr(raised_by(outcome.exception()));
}

template <class T>
Coroutine<> watch(Future<T> future) {
  co_await future;
  log("watched");
}

CASE("asyncio.gather.results", "the results in the order of the arguments") {
  run_virtual([]() -> Coroutine<> {
    log(co_await asyncio::gather(value(1, 3s), value(2, 1s), value(3, 2s)));
  }());
}

CASE("asyncio.gather.event-order", "done in the turn after its last child") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future();
    const auto watching = asyncio::create_task(watch(b));
    co_await turns();
    const auto gathered = asyncio::gather(std::vector{a, b});
    gathered.add_done_callback([](const auto&) { log("callback"); });
    const auto waiting = asyncio::create_task(noted(gathered, "gathered"));
    co_await turns();
    b.set_result(2);
    log(state(gathered));
    co_await turns();
    log("turn", state(gathered));
    a.set_result(1);
    for (int turn = 0; turn < 3; ++turn) {
      co_await turns();
      log("turn", gathered.done(), waiting.done());
    }
    co_await watching;
  }());
}

CASE("asyncio.gather.is-future", "pending until the last child; each callback once") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future(), c = new_future();
    const auto gathered = asyncio::gather(a, b, c);
    gathered.add_done_callback([](const auto&) { log("called"); });
    b.set_result(1);
    a.set_result(2);
    co_await turns(2);
    log(gathered.done());
    c.set_result(3);
    co_await turns(2);
    log(gathered.done(), gathered.result());
  }());
}

CASE("asyncio.gather.empty", "of nothing it is done at once") {
  run_virtual([]() -> Coroutine<> {
    const auto gathered = asyncio::gather();
    log(gathered.done(), gathered.result());
    log(co_await gathered);
    EXPECT_TRUE(asyncio::gather(std::vector<Future<int>>()).done());
  }());
}

CASE("asyncio.gather.duplicates", "the same future several times") {
  run_virtual([]() -> Coroutine<> {
    const auto a = asyncio::create_task(value(1)), b = asyncio::create_task(value(2));
    log(co_await asyncio::gather(a, a, b, a));
  }());
}

CASE("asyncio.gather.first-exception", "fails with the first one, and the others go on") {
  run_virtual([]() -> Coroutine<> {
    const auto other = asyncio::create_task(value(1, 5s));
    co_await noted(asyncio::gather(other, failure("first", 2s), failure("second", 3s)), "gathered");
    log_at(state(other));
    const int result = co_await other;
    log_at(result);
  }());
}

CASE("asyncio.gather.marks-retrieved", "the exceptions that come later are nobody's") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    co_await noted(asyncio::gather(failure("first", 1s), failure("second", 2s)), "gathered");
    co_await asyncio::sleep(2s);
    log_at("end");
  }());
}

CASE("asyncio.gather.return-exceptions", "exceptions among the results, cancellations too") {
  run_virtual([]() -> Coroutine<> {
    std::vector<Future<int>> all;
    for (int n = 0; n < 6; ++n) all.push_back(new_future());
    const auto gathered = asyncio::gather(asyncio::return_exceptions, all);
    all[0].set_result(1);
    all[1].set_exception(ValueError("b"));
    all[2].cancel();
    co_await turns(2);
    log(gathered.done());
    all[3].set_result(3);
    all[4].cancel("e");
    all[5].set_exception(RuntimeError("f"));
    std::string text;
    for (const auto& outcome : co_await gathered)
      text += (text.empty() ? "" : ", ") + said(outcome);
    log("[" + text + "]");
  }());
}

CASE("asyncio.gather.child-cancelled", "a cancelled child is a failure, not a cancellation") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future(), c = new_future();
    const auto gathered = asyncio::gather(a, b, c);
    gathered.add_done_callback([](const auto&) { log("called"); });
    a.set_result(1);
    b.cancel("why");
    co_await turns(2);
    log(gathered.done(), gathered.cancelled(), raised_by(gathered.exception()));
    log(c.done(), c.cancelled());
  }());
}

struct Leaves {
  std::string name;
  ~Leaves() { log_at(name, "leaves"); }
};
Coroutine<int> sleeps_long(std::string name) {
  const Leaves leaves{name};
  co_await asyncio::sleep(10s);
  co_return 0;
}

CASE("asyncio.gather.cancel", "cancel() cancels all children that are not done") {
  run_virtual([]() -> Coroutine<> {
    const auto a = asyncio::create_task(sleeps_long("a"));
    const auto b = asyncio::create_task(sleeps_long("b"));
    const auto c = new_future();
    c.set_result(1);
    const auto gathered = asyncio::gather(a, b, c);
    co_await turns();
    Log{gathered.cancel("stop"), gathered.done()};
    co_await noted(gathered, "gathered");
    log(gathered.cancelled(), state(a), state(b), state(c), gathered.cancel());
  }());
}

Coroutine<> awaits_both(Future<int> a, Future<int> b) {
  co_await asyncio::gather(a, b);
  log("never");
}

CASE("asyncio.gather.cancel-awaiter", "a task cancelled in it cancels the children") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future();
    const auto task = asyncio::create_task(awaits_both(a, b));
    co_await turns();
    log(task.cancel());
    co_await noted(task, "outer");
    log(state(task), state(a), state(b));
  }());
}

Coroutine<int> awaits(Future<int> future) { co_return co_await future; }

CASE("asyncio.gather.cancel-refused", "cancel() is refused once all children are done") {
  run_virtual([]() -> Coroutine<> {
    const auto future = new_future();
    const auto gathered = asyncio::gather(awaits(future));
    co_await turns();
    future.add_done_callback([gathered](const auto&) { log("cancel:", gathered.cancel()); });
    future.set_result(42);
    co_await turns();
    log(gathered.cancel());
    log(co_await gathered);
    log(gathered.cancel(), gathered.cancelled());
  }());
}

CASE("asyncio.gather.cancel-with-return-exceptions", "a cancellation is none of the results") {
  run_virtual([]() -> Coroutine<> {
    const auto gathered =
        asyncio::gather(asyncio::return_exceptions, failure("bad", 1s), asyncio::sleep(5s));
    co_await asyncio::sleep(2s);
    log(gathered.cancel("my message"));
    std::exception_ptr error;
    try {
      co_await gathered;
    } catch (...) {
      error = std::current_exception();
    }
    log_at("gathered", raised_by(error));
    log(gathered.cancelled());
  }());
}

CASE("asyncio.gather.cancel-after-failure", "done is done: cancel() then touches no child") {
  run_virtual([]() -> Coroutine<> {
    const auto other = asyncio::create_task(value(1, 2s));
    const auto gathered = asyncio::gather(other, failure("bad", 1s));
    co_await noted(gathered, "gathered");
    log(gathered.cancel());
    log(co_await other);
  }());
}

CASE("asyncio.gather.eager", "what it gathers runs, awaited or not, in order") {
  run_virtual([]() -> Coroutine<> {
    const auto gathered = asyncio::gather(value(1), value(2));
    log("not yet");
    co_await turns(5);
    log(gathered.done());
  }());
}

Coroutine<int> stubborn() {
  bool is_cancelled = false;
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    is_cancelled = true;
  }
  if (is_cancelled) co_await asyncio::sleep(1s);
  co_return 5;
}

CASE("asyncio.gather.child-suppresses", "a child that ignores the cancellation is waited for") {
  run_virtual([]() -> Coroutine<> {
    const auto child = asyncio::create_task(stubborn());
    const auto gathered = asyncio::gather(child);
    co_await turns();
    log(gathered.cancel());
    co_await noted(gathered, "gathered");
    log(state(child));
  }());
}

CASE("asyncio.gather.all-done", "of futures that are done it is done at once") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future();
    a.set_result(1);
    b.set_result(2);
    const auto gathered = asyncio::gather(a, b);
    log(gathered.done(), gathered.result());
    co_return;
  }());
}

CASE("asyncio.gather.other-loop", "futures of two loops are refused") {
  const auto one = asyncio::new_event_loop(), other = asyncio::new_event_loop();
  const auto a = one.create_future<int>(), b = other.create_future<int>(),
             c = other.create_future<int>();
  log(raised([&] { return asyncio::gather(a, b); }));
  const auto gathered = asyncio::gather(b, c);
  b.set_result(1);
  c.set_result(2);
  log(other.run_until_complete(gathered));
  one.close();
  other.close();
}

CASE("asyncio.gather.without-loop", "coroutines, or nothing, need a loop") {
  asyncio::set_event_loop(std::nullopt);
  const std::string refused = raised([] { return asyncio::gather(); });
  log(refused.substr(0, refused.find(" in thread")));
  const auto loop = asyncio::new_event_loop();
  asyncio::set_event_loop(loop);
  log(loop.run_until_complete(asyncio::gather(asyncio::sleep(0s, 1), asyncio::sleep(0s, 2))));
  asyncio::set_event_loop(std::nullopt);
  loop.close();
}

CASE("asyncio.gather.nested", "gathers within a gather: cancelled with it") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future(), c = new_future();
    const auto outer = asyncio::gather(asyncio::gather(a, b), c);
    co_await turns();
    a.set_result(1);
    log(outer.cancel());
    co_await noted(outer, "outer");
    log(state(a), state(b), state(c));
  }());
}

CASE("asyncio.gather.types", "a tuple of what was given one by one, a vector of a range") {
  run_virtual([]() -> Coroutine<> {
    auto [number, text, nothing] = co_await asyncio::gather(
        asyncio::sleep(0s, 1), asyncio::sleep(0s, std::string("two")), asyncio::sleep(0s));
    static_assert(std::same_as<decltype(nothing), std::monostate>);
    EXPECT_EQ(number, 1);
    EXPECT_EQ(text, "two");

    std::vector<Coroutine<std::unique_ptr<int>>> coroutines;  // results that cannot be copied
    for (int n = 0; n < 3; ++n) coroutines.push_back(asyncio::sleep(0s, std::make_unique<int>(n)));
    const std::vector<std::unique_ptr<int>> all = co_await asyncio::gather(std::move(coroutines));
    EXPECT_EQ(*all.at(2), 2);

    auto [good, bad] =
        co_await asyncio::gather(asyncio::return_exceptions, asyncio::sleep(0s, 4), failure("bad"));
    EXPECT_EQ(good.result(), 4);
    EXPECT_EQ(good.exception(), nullptr);
    EXPECT_THROW(bad.result(), ValueError);
  }());
}

std::vector<asyncio::AnyTask> others() {
  auto tasks = asyncio::all_tasks();
  std::erase(tasks, *asyncio::current_task());
  return tasks;
}

CASE("asyncio.gather.all-tasks", "the tasks that there are, whatever their results") {
  run_virtual([]() -> Coroutine<> {
    const auto first = asyncio::create_task(value(1, 1s), "1");
    asyncio::create_task(failure("bad", 2s), "2");
    const auto third = asyncio::create_task(value(3, 9s), "3");
    co_await turns();
    third.cancel();
    const auto outcomes = co_await asyncio::gather(asyncio::return_exceptions, others());
    std::vector<std::string> all;
    for (const auto& outcome : outcomes)
      all.push_back(outcome ? "ends" : raised_by(outcome.exception()));
    log_at(all);
    log(first.result());
    const auto last = asyncio::create_task(value(4, 4s), "4");
    asyncio::create_task(failure("worse", 1s), "5");
    co_await noted(asyncio::gather(others()), "gathered");
    const auto waiting = asyncio::create_task(noted(asyncio::gather(others()), "cancelled"));
    co_await turns();
    log(waiting.cancel());
    co_await waiting;
    log(state(last));
  }());
}

}  // namespace
}  // namespace tandem::conformance
