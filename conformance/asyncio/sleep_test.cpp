#include <array>
#include <limits>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {

namespace {

using Seconds = std::chrono::duration<double>;

Coroutine<> sleeper(std::string name, Seconds delay) {
  co_await asyncio::sleep(delay);
  log_at(name);
}

}  // namespace

CASE("asyncio.sleep.passes", "sleep(d) returns when d has passed, and not before") {
  run_virtual([]() -> Coroutine<> {
    co_await asyncio::sleep(500ms);
    log_at();
    co_await asyncio::sleep(2s);
    log_at();
  });
}

CASE("asyncio.sleep.real", "also on the real clock") {
  asyncio::run([]() -> Coroutine<> {
    const double start = loop_time();
    co_await asyncio::sleep(times::must_expire);
    log(loop_time() - start >= Seconds(times::must_expire).count());
  }());
}

CASE("asyncio.sleep.result", "sleep(d, result) returns the result") {
  run_virtual([]() -> Coroutine<> {
    const std::string text = co_await asyncio::sleep(1s, std::string("result"));
    const int number = co_await asyncio::sleep(0s, 7);
    const std::string nothing = co_await awaited(asyncio::sleep(1s));
    log(text, number, nothing);
  });
}

CASE("asyncio.sleep.zero", "sleep(0) takes exactly one turn, and so does a negative delay") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    for (const Seconds delay : {0s, -1s}) {
      loop.call_soon([] { log("this turn"); });
      loop.call_soon([&loop] { loop.call_soon([] { log("the turn after"); }); });
      co_await asyncio::sleep(delay);
      log_at("back");
      co_await asyncio::sleep(delay);
      log_at("back again");
    }
  });
}

CASE("asyncio.sleep.order", "sleepers wake in the order of their deadlines") {
  run_virtual([]() -> Coroutine<> {
    const std::array tasks{asyncio::create_task(sleeper("c", 3s)),
                           asyncio::create_task(sleeper("a", 1s)),
                           asyncio::create_task(sleeper("b", 2s))};
    for (const auto& task : tasks) co_await task;
  });
}

CASE("asyncio.sleep.ties", "those with the same deadline wake in the order of CPython's heap") {
  run_virtual([]() -> Coroutine<> {
    std::vector<asyncio::Task<>> tasks;
    for (const Seconds delay : {2s, 1s, 2s, 1s, 3s, 1s, 2s, 3s, 1s, 2s, 1s, 1s, 3s, 2s, 1s, 2s})
      tasks.push_back(asyncio::create_task(sleeper("s" + std::to_string(tasks.size()), delay)));
    for (const auto& task : tasks) co_await task;
  });
}

CASE("asyncio.sleep.wakes-a-turn-later", "a turn after a callback of the same time") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    const auto task = asyncio::create_task(sleeper("sleeper", 1s));
    co_await turns();
    loop.call_later(1s, [&loop] {
      log_at("timer");
      loop.call_soon([] { log("callback of the timer"); });
    });
    co_await task;
  });
}

CASE("asyncio.sleep.cancel", "a cancelled sleep ends at once, and leaves no timer behind") {
  run_virtual([]() -> Coroutine<> {
    const auto task = asyncio::create_task(asyncio::sleep(3600s, std::string("never")));
    co_await asyncio::sleep(1s);
    task.cancel();
    co_await noted(task, "task");
    co_await asyncio::sleep(1s);
    log_at("the loop goes on");
  });
}

CASE("asyncio.sleep.nan", "a delay that is no number is an error") {
  run_virtual([]() -> Coroutine<> {
    const Seconds nan(std::numeric_limits<double>::quiet_NaN());
    const std::string said = co_await awaited(asyncio::sleep(nan));
    log(said);
  });
}

CASE("asyncio.sleep.nan-was-awaited", "one whose delay is no number was awaited all the same") {
  run_virtual([]() -> Coroutine<> {
    const Logged logged;
    const Seconds nan(std::numeric_limits<double>::quiet_NaN());
    const std::string said = co_await awaited(asyncio::sleep(nan));
    log(said);
    log(first_lines(logged));
  });
}

}  // namespace tandem::conformance
