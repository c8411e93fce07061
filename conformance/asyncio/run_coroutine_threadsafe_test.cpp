#include <string>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"
#include "tandem/futures.hpp"

namespace tandem::conformance {
namespace {

using asyncio::Future;

Coroutine<int> add(int a, int b) {
  co_await turns();
  co_return a + b;
}
Coroutine<> fails() {
  co_await turns();
  throw RuntimeError("Fail!");
}
Coroutine<> cancels_itself() {
  asyncio::current_task()->cancel();
  co_await turns();
}

// What another thread gets of a coroutine that it gives to this loop.
template <class T>
Coroutine<std::string> submitted(Coroutine<T> coroutine) {
  const auto loop = asyncio::get_running_loop();
  auto submit = [loop, given = std::move(coroutine)]() mutable {
    return outcome(
        [&] { return asyncio::run_coroutine_threadsafe(std::move(given), loop).result(); });
  };
  auto running = loop.run_in_executor(nullptr, std::move(submit));
  co_return co_await std::move(running);
}

CASE("asyncio.run-coroutine-threadsafe.result", "runs it as a task of that loop") {
  asyncio::run([]() -> Coroutine<> { log(co_await submitted(add(1, 2))); }());
}

CASE("asyncio.run-coroutine-threadsafe.exception", "the future has its exception") {
  asyncio::run([]() -> Coroutine<> { log(co_await submitted(fails())); }());
}

CASE("asyncio.run-coroutine-threadsafe.task-cancelled", "a task that was cancelled") {
  asyncio::run([]() -> Coroutine<> {
    const auto future =
        asyncio::run_coroutine_threadsafe(cancels_itself(), asyncio::get_running_loop());
    co_await turns(5);
    log(future.cancelled(), raised([&] { return future.result(); }));
  }());
}

Coroutine<bool> runs_in(asyncio::EventLoop loop) {
  co_return asyncio::current_task().has_value() && asyncio::get_running_loop() == loop;
}

CASE("asyncio.run-coroutine-threadsafe.in-that-loop", "it runs in that loop's thread") {
  asyncio::run(
      []() -> Coroutine<> { log(co_await submitted(runs_in(asyncio::get_running_loop()))); }());
}

CASE("asyncio.run-coroutine-threadsafe.future", "it is a future of concurrent.futures") {
  asyncio::run([]() -> Coroutine<> {
    const futures::Future<int> future =
        asyncio::run_coroutine_threadsafe(add(1, 2), asyncio::get_running_loop());
    log(future.done(), future.running());
    co_await turns(4);
    log(future.done(), future.result());
  }());
}

struct Leaves {
  ~Leaves() { log("leaves"); }
};
Coroutine<> sleeps_long() {
  const Leaves leaves;
  co_await asyncio::sleep(1000s);
}

CASE("asyncio.run-coroutine-threadsafe.cancel", "cancelling the future cancels the task") {
  asyncio::run([]() -> Coroutine<> {
    const auto future =
        asyncio::run_coroutine_threadsafe(sleeps_long(), asyncio::get_running_loop());
    co_await turns(3);
    Log{asyncio::all_tasks().size(), future.cancel()};
    co_await turns(4);
    log(asyncio::all_tasks().size(), future.cancelled());
  }());
}

Coroutine<int> awaits(Future<int> released) { co_return co_await released; }

CASE("asyncio.run-coroutine-threadsafe.timeout", "a result() that is given up") {
  asyncio::run([]() -> Coroutine<> {
    const auto loop = asyncio::get_running_loop();
    const auto released = loop.create_future<int>();
    const auto submit = [&loop, &released] {
      const auto future = asyncio::run_coroutine_threadsafe(awaits(released), loop);
      std::string error = raised([&] { return future.result(0s); });
      loop.call_soon_threadsafe([released] { released.set_result(5); });
      return std::pair(error, future.result());
    };
    auto [error, result] = co_await loop.run_in_executor(nullptr, submit);
    log(error, result);
  }());
}

CASE("asyncio.run-coroutine-threadsafe.factory-fails", "a task factory that throws") {
  asyncio::run([]() -> Coroutine<> {
    const auto loop = asyncio::get_running_loop();
    loop.set_exception_handler([](const auto&, const auto& context) {
      const std::string text = raised_by(context.exception);
      log("report:", text.substr(0, text.find(':')));
    });
    loop.set_task_factory([](const auto&, const auto&) { throw ValueError("no tasks today"); });
    const auto future = asyncio::run_coroutine_threadsafe(add(1, 2), loop);
    co_await turns(2);
    loop.set_task_factory({});
    log(raised([&] { return future.result(); }));
  }());
}

// Where it is moved outside of a task.
struct NoMove {
  NoMove() = default;
  NoMove(NoMove&&) {
    if (!asyncio::current_task()) throw ValueError("moved");
  }
  NoMove& operator=(const NoMove&) = delete;
};
Coroutine<NoMove> gives_no_move() { co_return NoMove(); }

CASE("asyncio.run-coroutine-threadsafe.moving-throws", "a result whose moving throws") {
  asyncio::run([]() -> Coroutine<> {
    const auto future =
        asyncio::run_coroutine_threadsafe(gives_no_move(), asyncio::get_running_loop());
    co_await turns(3);
    EXPECT_EQ(future.done() ? raised_by(future.exception()) : "pending", "ValueError: moved");
  }());
}

CASE("asyncio.run-coroutine-threadsafe.closed-loop", "a loop that is closed is refused") {
  const auto loop = asyncio::new_event_loop();
  loop.close();
  log(raised([&] { return asyncio::run_coroutine_threadsafe(add(1, 2), loop); }));
}

}  // namespace
}  // namespace tandem::conformance
