#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {
namespace {

using asyncio::AnyFuture;
using asyncio::Future;
using asyncio::Task;
using Seconds = std::chrono::duration<double>;
using Names = std::vector<std::pair<std::string, AnyFuture>>;

Coroutine<> failure(std::string text, Seconds delay = 0s) {
  co_await asyncio::sleep(delay);
  throw ValueError(text);
}

Future<int> new_future() { return asyncio::get_running_loop().create_future<int>(); }
Task<> sleeper(Seconds delay) { return asyncio::create_task(asyncio::sleep(delay)); }

// Which of the named are in which set, and when.
template <class F>
Coroutine<> waited(std::vector<F> fs, Names names, asyncio::WaitOptions options = {}) {
  auto [done, pending] = co_await asyncio::wait(fs, options);
  std::vector<std::string> in_done, in_pending;
  for (const auto& [name, future] : names) {
    if (done.contains(future)) in_done.push_back(name);
    if (pending.contains(future)) in_pending.push_back(name);
  }
  log_at("done", in_done, "pending", in_pending, done.size() + pending.size());
}

CASE("asyncio.wait.all", "waits for all of them, and says nothing of their exceptions") {
  run_virtual([]() -> Coroutine<> {
    const auto a = asyncio::create_task(asyncio::sleep(1s, std::string("a")));
    const auto b = asyncio::create_task(failure("b", 3s));
    const auto c = asyncio::create_task(asyncio::sleep(2s, std::string("c")));
    const std::vector<AnyFuture> all{a, b, c};
    const Names names{{"a", a}, {"b", b}, {"c", c}};
    co_await waited(all, names);
    log(a.result(), raised_by(b.exception()), c.result());
  }());
}

CASE("asyncio.wait.done-already", "of what is done it takes a turn all the same, and no time") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future();
    a.set_result(1);
    const std::vector all{a};
    const Names names{{"a", a}};
    const auto waiting = asyncio::create_task(waited(all, names));
    for (int turn = 0; turn < 4; ++turn) {
      co_await turns();
      log("turn", waiting.done());
    }
  }());
}

CASE("asyncio.wait.first-completed", "FIRST_COMPLETED: the first one, the others pending") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(10s), b = sleeper(1s);
    const std::vector all{a, b};
    const Names names{{"a", a}, {"b", b}};
    co_await waited(all, names, {.return_when = asyncio::FIRST_COMPLETED});
    log(state(a), state(b));
  }());
}

CASE("asyncio.wait.first-completed-cancelled", "FIRST_COMPLETED: a cancelled one is done") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future();
    const std::vector all{a, b};
    const Names names{{"a", a}, {"b", b}};
    const auto waiting =
        asyncio::create_task(waited(all, names, {.return_when = asyncio::FIRST_COMPLETED}));
    co_await turns();
    b.cancel();
    co_await waiting;
  }());
}

CASE("asyncio.wait.really-done", "what is done when it returns is in done") {
  run_virtual([]() -> Coroutine<> {
    const auto a = asyncio::create_task(turns(1)), b = asyncio::create_task(turns(2));
    const std::vector all{b, a};
    const Names names{{"a", a}, {"b", b}};
    co_await asyncio::create_task(waited(all, names, {.return_when = asyncio::FIRST_COMPLETED}));
  }());
}

CASE("asyncio.wait.first-exception", "FIRST_EXCEPTION: the first that fails ends it") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(10s), b = asyncio::create_task(failure("b", 2s)), c = sleeper(1s);
    const std::vector all{a, b, c};
    const Names names{{"a", a}, {"b", b}, {"c", c}};
    co_await waited(all, names, {.return_when = asyncio::FIRST_EXCEPTION});
    log(raised_by(b.exception()));
  }());
}

CASE("asyncio.wait.first-exception-already", "FIRST_EXCEPTION: one that has failed before") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(10s), b = asyncio::create_task(failure("b"));
    co_await turns(2);
    log(b.done());
    const std::vector all{b, a};
    const Names names{{"a", a}, {"b", b}};
    co_await waited(all, names, {.return_when = asyncio::FIRST_EXCEPTION});
  }());
}

CASE("asyncio.wait.first-exception-not-cancelled", "FIRST_EXCEPTION: a cancelled one is none") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(5s), b = sleeper(10s);
    co_await turns();
    b.cancel();
    const std::vector all{a, b};
    const Names names{{"a", a}, {"b", b}};
    co_await waited(all, names, {.return_when = asyncio::FIRST_EXCEPTION});
  }());
}

CASE("asyncio.wait.timeout", "after the timeout it returns; no error, and nothing is cancelled") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(1s), b = sleeper(3s);
    const std::vector all{a, b};
    const Names names{{"a", a}, {"b", b}};
    co_await waited(all, names, {.timeout = 2s});
    log(state(b));
    co_await b;
    log_at(state(b));
  }());
}

CASE("asyncio.wait.timeout-tie", "the timeout and an end in the same turn") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(1s), b = sleeper(2s);
    const std::vector all{b, a};
    const Names names{{"a", a}, {"b", b}};
    co_await waited(all, names, {.timeout = 1s});
    co_await waited(all, names, {.timeout = 1s});
  }());
}

CASE("asyncio.wait.timeout-zero", "zero and less: what is done after a turn") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future();
    a.set_result(1);
    const std::vector all{a, b};
    const Names names{{"a", a}, {"b", b}};
    co_await waited(all, names, {.timeout = 0s});
    co_await waited(all, names, {.timeout = -1s});
    const auto c = sleeper(0s);
    const std::vector<AnyFuture> others{b, c};
    const Names other_names{{"b", b}, {"c", c}};
    co_await waited(others, other_names, {.timeout = 0s});
  }());
}

Coroutine<> wait_for_none() { co_await asyncio::wait(asyncio::FutureList()); }
Coroutine<> wait_for_empty_range() { co_await asyncio::wait(std::vector<Future<int>>()); }

CASE("asyncio.wait.empty", "of nothing: ValueError") {
  run_virtual([]() -> Coroutine<> {
    co_await noted(wait_for_none(), "none");
    co_await noted(wait_for_empty_range(), "none");
  }());
}

CASE("asyncio.wait.duplicates", "a future given several times is waited for once") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(1s), b = sleeper(2s);
    const std::vector all{a, a, b};
    const Names names{{"a", a}, {"b", b}};
    co_await waited(all, names);
  }());
}

CASE("asyncio.wait.any-range", "any range will do: read once, lazily made") {
  run_virtual([]() -> Coroutine<> {
    std::vector<Task<>> tasks;
    auto made = std::views::iota(0, 2) | std::views::transform([&](int n) {
                  tasks.push_back(sleeper(Seconds(2 - n)));
                  return tasks.back();
                });
    auto [done, pending] = co_await asyncio::wait(made);
    log_at(done.size(), pending.size(), tasks.size());
  }());
}

Coroutine<> says_inner(Future<int> waiter) {
  co_await waiter;
  log("inner");
}
Coroutine<> waits_for(Task<> child) { co_await asyncio::wait({child}, {.timeout = 5s}); }

CASE("asyncio.wait.cancelled", "cancelled itself it leaves them alone") {
  run_virtual([]() -> Coroutine<> {
    const auto waiter = new_future();
    const auto child = asyncio::create_task(says_inner(waiter));
    const auto outer = asyncio::create_task(waits_for(child));
    co_await turns(2);
    outer.cancel();
    co_await noted(outer, "outer");
    log(state(child));
    waiter.set_result(0);
    co_await turns(2);
    log(state(child));
  }());
}

CASE("asyncio.wait.marks-nothing", "an exception that nobody asks for is still reported") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    {
      const auto a = asyncio::create_task(failure("lost"));
      co_await asyncio::wait({a});
    }
    co_await turns(2);
    log("end");
  }());
}

CASE("asyncio.wait.event-order", "it comes back in the turn after the last callback") {
  run_virtual([]() -> Coroutine<> {
    const auto a = new_future(), b = new_future();
    const std::vector all{a, b};
    const Names names{{"a", a}, {"b", b}};
    const auto waiting = asyncio::create_task(noted(waited(all, names), "waited"));
    co_await turns();
    a.add_done_callback([](const auto&) { log("callback a"); });
    b.add_done_callback([](const auto&) { log("callback b"); });
    b.set_result(1);
    a.set_result(1);
    for (int turn = 0; turn < 3; ++turn) {
      co_await turns();
      log("turn", waiting.done());
    }
  }());
}

CASE("asyncio.wait.braces", "in braces futures of any types; of a range the sets keep the type") {
  run_virtual([]() -> Coroutine<> {
    const auto a = sleeper(0s);
    const auto b = asyncio::create_task(asyncio::sleep(0s, 5));
    auto [done, pending] = co_await asyncio::wait({a, b}, {.timeout = 5s});
    static_assert(std::same_as<decltype(done), asyncio::FutureSet<AnyFuture>>);
    EXPECT_TRUE(done.contains(a) && done.contains(b));
    EXPECT_TRUE(pending.empty());

    const std::vector tasks{b};
    auto [typed, none] = co_await asyncio::wait(tasks);
    for (const Task<int>& task : typed) EXPECT_EQ(task.result(), 5);
  }());
}

}  // namespace
}  // namespace tandem::conformance
