#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {
namespace {

using asyncio::Future;
using asyncio::Task;
using Seconds = std::chrono::duration<double>;

template <class T>
Coroutine<T> value(T result, Seconds delay = 0s) {
  co_await asyncio::sleep(delay);
  co_return result;
}
Coroutine<std::string> text(std::string result, Seconds delay = 0s) {
  return value(std::move(result), delay);
}
Coroutine<int> failure(std::string message, Seconds delay = 0s) {
  co_await asyncio::sleep(delay);
  throw ValueError(message);
}

template <class A, class... Others>
std::vector<A> list(A first, Others... others) {
  std::vector<A> all;
  all.push_back(std::move(first));
  (all.push_back(std::move(others)), ...);
  return all;
}

Coroutine<> log_all(std::vector<Coroutine<std::string>> coroutines, tandem::Timeout timeout = {}) {
  for (auto& completed : asyncio::as_completed(std::move(coroutines), timeout)) {
    const std::string result = co_await std::move(completed);
    log_at(result);
  }
}

CASE("asyncio.as-completed.order", "results in the order in which they come") {
  run_virtual(log_all(list(text("b", 2s), text("c", 3s), text("a", 1s))));
}

CASE("asyncio.as-completed.futures", "iterated asynchronously: the futures themselves, done") {
  run_virtual([]() -> Coroutine<> {
    const std::vector tasks{asyncio::create_task(text("b", 2s)),
                            asyncio::create_task(text("a", 1s))};
    auto all = asyncio::as_completed(tasks);
    while (const auto completed = co_await all.anext()) {
      const auto index = std::find(tasks.begin(), tasks.end(), *completed) - tasks.begin();
      log_at(index, completed->done(), completed->result());
    }
  }());
}

CASE("asyncio.as-completed.futures-of-coroutines", "of coroutines: the tasks that they became") {
  run_virtual([]() -> Coroutine<> {
    auto all = asyncio::as_completed(list(text("b", 2s), text("a", 1s)));
    while (const auto completed = co_await all.anext()) {
      static_assert(std::same_as<decltype(completed), const std::optional<Task<std::string>>>);
      log_at(asyncio::isfuture(*completed), completed->result());
    }
  }());
}

CASE("asyncio.as-completed.exception", "an exception comes where its result would have") {
  run_virtual([]() -> Coroutine<> {
    for (auto& completed :
         asyncio::as_completed(list(value(1, 1s), failure("bad", 2s), value(3, 3s))))
      co_await noted(std::move(completed), "completed");
    const Future<int> cancelled;
    cancelled.cancel();
    for (auto& completed : asyncio::as_completed(std::vector{cancelled}))
      co_await noted(std::move(completed), "cancelled");
  }());
}

CASE("asyncio.as-completed.timeout", "after the timeout each that is left throws TimeoutError") {
  run_virtual([]() -> Coroutine<> {
    const auto a = asyncio::create_task(text("a", 1s)), b = asyncio::create_task(text("b", 3s)),
               c = asyncio::create_task(text("c", 4s));
    for (auto& completed : asyncio::as_completed(std::vector{a, b, c}, 2s))
      co_await noted(std::move(completed), "completed");
    log(state(b));
    const std::string late = co_await b;
    log_at(late);
  }());
}

Coroutine<> iterate(std::vector<Task<std::string>> tasks) {
  auto all = asyncio::as_completed(tasks, 2s);
  while (const auto completed = co_await all.anext()) log_at(completed->result());
}

CASE("asyncio.as-completed.futures-timeout", "iterated asynchronously the step throws it") {
  run_virtual([]() -> Coroutine<> {
    const auto a = asyncio::create_task(text("a", 1s)), b = asyncio::create_task(text("b", 3s));
    co_await noted(iterate(list(a, b)), "iteration");
    log(state(b));
  }());
}

CASE("asyncio.as-completed.timeout-not-needed", "no TimeoutError when all are in time") {
  run_virtual([]() -> Coroutine<> {
    co_await log_all(list(text("a", 1s)), 5s);
    co_await asyncio::sleep(10s);
    log_at("end");
  }());
}

CASE("asyncio.as-completed.timeout-zero", "no time: what is done already comes") {
  run_virtual([]() -> Coroutine<> {
    for (const auto limit : {0s, -1s}) {
      const Future<std::string> done;
      done.set_result("done");
      for (auto& completed : asyncio::as_completed(std::vector{done}, limit))
        co_await noted(std::move(completed), "done");
      for (auto& completed : asyncio::as_completed(list(text("a", 1s)), limit))
        co_await noted(std::move(completed), "not done");
    }
  }());
}

std::vector<Coroutine<int>> one_to_four() {
  return list(value(1, 1s), value(2, 2s), value(3, 3s), value(4, 4s));
}

CASE("asyncio.as-completed.resumed", "an iteration that was left goes on with the rest") {
  run_virtual([]() -> Coroutine<> {
    auto all = asyncio::as_completed(one_to_four());
    int step = 0;
    for (auto& completed : all) {
      const int result = co_await std::move(completed);
      log_at(result);
      if (++step == 2) break;
    }
    for (auto& completed : all) {
      const int result = co_await std::move(completed);
      log_at(result);
    }
    log(std::ranges::distance(all.begin(), all.end()));
  }());
}

CASE("asyncio.as-completed.resumed-futures", "the same, asynchronously") {
  run_virtual([]() -> Coroutine<> {
    auto all = asyncio::as_completed(one_to_four());
    while (const auto completed = co_await all.anext()) {
      log_at(completed->result());
      if (completed->result() == 2) break;
    }
    while (const auto completed = co_await all.anext()) log_at(completed->result());
  }());
}

CASE("asyncio.as-completed.first-awaited-first", "the first one awaited is the first result") {
  run_virtual([]() -> Coroutine<> {
    auto all = asyncio::as_completed(list(text("a", 1s), text("b", 2s)));
    auto at = all.begin();
    auto first = std::move(*at);
    auto second = std::move(*++at);
    const std::string early = co_await std::move(second);
    log_at(early);
    const std::string late = co_await std::move(first);
    log_at(late);
  }());
}

CASE("asyncio.as-completed.concurrent", "several may be awaited at once") {
  run_virtual([]() -> Coroutine<> {
    std::vector<Task<std::string>> waiting;
    for (auto& completed : asyncio::as_completed(list(text("a", 2s), text("b", 1s))))
      waiting.push_back(
          asyncio::create_task(noted(std::move(completed), std::to_string(waiting.size()))));
    co_await asyncio::wait(waiting);
  }());
}

CASE("asyncio.as-completed.duplicates", "a future given several times comes once") {
  run_virtual([]() -> Coroutine<> {
    const auto ham = asyncio::create_task(text("ham", 1s));
    const auto spam = asyncio::create_task(text("spam", 2s));
    for (auto& completed : asyncio::as_completed(std::vector{ham, ham, spam})) {
      const std::string result = co_await std::move(completed);
      log_at(result);
    }
  }());
}

CASE("asyncio.as-completed.empty", "of nothing nothing") {
  run_virtual([]() -> Coroutine<> {
    auto all = asyncio::as_completed(std::vector<Coroutine<int>>());
    auto others = asyncio::as_completed(std::vector<Coroutine<int>>(), 1s);
    log(std::ranges::distance(all.begin(), all.end()),
        std::ranges::distance(others.begin(), others.end()));
    co_return;
  }());
}

Coroutine<> says() {
  log_at("runs");
  co_return;
}

CASE("asyncio.as-completed.runs-at-once", "what it is given runs from the call on") {
  run_virtual([]() -> Coroutine<> {
    auto all = asyncio::as_completed(list(says()));
    log("not yet");
    co_await turns(2);
    log("awaited");
    for (auto& completed : all) co_await std::move(completed);
  }());
}

Coroutine<> waits_for(Task<std::string> child) {
  for (auto& completed : asyncio::as_completed(std::vector{child})) co_await std::move(completed);
}

CASE("asyncio.as-completed.cancelled", "a task cancelled in it leaves the others alone") {
  run_virtual([]() -> Coroutine<> {
    const auto child = asyncio::create_task(text("child", 5s));
    const auto waiting = asyncio::create_task(waits_for(child));
    co_await asyncio::sleep(1s);
    waiting.cancel();
    co_await noted(waiting, "waiting");
    log(state(child));
    const std::string result = co_await child;
    log_at(result);
  }());
}

CASE("asyncio.as-completed.marks-nothing", "an exception that nobody asks for is reported") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    {
      auto all = asyncio::as_completed(list(failure("lost")));
      while (const auto completed = co_await all.anext()) log(completed->done());
    }
    co_await turns(2);
    log("end");
  }());
}

Coroutine<> log_results(std::vector<Future<std::string>> futures) {
  for (auto& completed : asyncio::as_completed(futures)) {
    const std::string result = co_await std::move(completed);
    log("result", result);
  }
}

CASE("asyncio.as-completed.event-order", "it comes in the turn after the callback") {
  run_virtual([]() -> Coroutine<> {
    const Future<std::string> a, b;
    const auto waiting = asyncio::create_task(log_results(list(a, b)));
    co_await turns();
    b.add_done_callback([](const auto&) { log("callback"); });
    b.set_result("b");
    for (int turn = 0; turn < 3; ++turn) {
      co_await turns();
      log("turn", waiting.done());
    }
    a.set_result("a");
    for (int turn = 0; turn < 3; ++turn) {
      co_await turns();
      log("turn", waiting.done());
    }
  }());
}

CASE("asyncio.as-completed.without-loop", "coroutines need a loop") {
  asyncio::set_event_loop(std::nullopt);
  auto coroutines = list(value(1));
  const std::string refused = raised([&] { return asyncio::as_completed(std::move(coroutines)); });
  log(refused.substr(0, refused.find(" in thread")));
  coroutines.front().close();
}

Coroutine<std::string> ends(Coroutine<> completed) {
  co_await std::move(completed);
  co_return "ends";
}

CASE("asyncio.as-completed.untyped", "of the tasks that there are, whatever their results") {
  run_virtual([]() -> Coroutine<> {
    const auto b = asyncio::create_task(text("b", 2s));
    const auto a = asyncio::create_task(text("a", 1s));
    const auto bad = asyncio::create_task(failure("bad", 3s));
    auto others = asyncio::all_tasks();
    std::erase(others, *asyncio::current_task());
    for (auto& completed : asyncio::as_completed(others))
      co_await noted(ends(std::move(completed)), "completed");
    log(std::vector{state(b), state(a), state(bad)});
    auto again = asyncio::as_completed(others);
    std::size_t count = 0;
    while (const auto completed = co_await again.anext())
      count += static_cast<std::size_t>(std::ranges::count(others, *completed));
    EXPECT_EQ(count, others.size());
  }());
}

}  // namespace
}  // namespace tandem::conformance
