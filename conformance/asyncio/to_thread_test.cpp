#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "conformance/asyncio/support.hpp"
#include "tandem/contextvars.hpp"
#include "tandem/threading.hpp"

namespace tandem::conformance {
namespace {

int add(int a, int b) { return a + b; }
void fails() { throw RuntimeError("test"); }

CASE("asyncio.to-thread.result", "calls it in a thread, and has its result") {
  asyncio::run([]() -> Coroutine<> {
    log(co_await asyncio::to_thread(add, 40, 2));
    const auto own = std::this_thread::get_id();
    log(co_await asyncio::to_thread(std::this_thread::get_id) == own);
  }());
}

CASE("asyncio.to-thread.exception", "has its exception") {
  asyncio::run([]() -> Coroutine<> {
    try {
      co_await asyncio::to_thread(fails);
    } catch (const RuntimeError& error) {
      log("RuntimeError:", error.what());
    }
  }());
}

class Calls {
 public:
  void add(int number) {
    const std::lock_guard guard(lock_);
    calls_.push_back(number);
  }
  std::vector<int> all() const {
    const std::lock_guard guard(lock_);
    return calls_;
  }

 private:
  mutable std::mutex lock_;
  std::vector<int> calls_;
};

CASE("asyncio.to-thread.once", "each call once, and only when it is awaited") {
  asyncio::run([]() -> Coroutine<> {
    Calls calls;
    auto call = asyncio::to_thread(&Calls::add, &calls, 1);
    co_await turns(3);
    log(calls.all());
    co_await std::move(call);
    log(calls.all());
    std::vector<Coroutine<>> more;
    for (int n = 0; n < 10; ++n) more.push_back(asyncio::to_thread(&Calls::add, &calls, 2));
    co_await asyncio::gather(std::move(more));
    log(calls.all());
  }());
}

CASE("asyncio.to-thread.loop-goes-on", "the loop goes on meanwhile") {
  asyncio::run([]() -> Coroutine<> {
    threading::Event go;
    const auto waits = [&go] { return go.wait(); };
    const auto waiting = asyncio::create_task(asyncio::to_thread(waits));
    co_await turns(3);
    log(waiting.done());
    go.set();
    log(co_await waiting);
  }());
}

CASE("asyncio.to-thread.concurrent", "several at the same time") {
  // Not within the coroutine: g++ puts no local with an alignment of its own at such an address.
  threading::Barrier both(2);
  asyncio::run([](threading::Barrier& barrier) -> Coroutine<> {
    const auto waits = [&barrier] { return static_cast<int>(barrier.wait()); };
    auto [one, other] =
        co_await asyncio::gather(asyncio::to_thread(waits), asyncio::to_thread(waits));
    log(std::vector{std::min(one, other), std::max(one, other)});
  }(both));
}

contextvars::ContextVar<std::string> variable("variable");

std::string sets(std::string text) {
  std::string before = variable.get();
  variable.set(std::move(text));
  return before;
}

CASE("asyncio.to-thread.context", "the context's variables are there") {
  asyncio::run([]() -> Coroutine<> {
    variable.set("parrot");
    log(co_await asyncio::to_thread(sets, "cheese"));
    log(variable.get());
  }());
}

CASE("asyncio.to-thread.cancelled", "cancelled it comes back at once; the call goes on") {
  asyncio::run([]() -> Coroutine<> {
    threading::Event go, entered, left;
    const auto call = [&go, &entered, &left] {
      entered.set();
      go.wait();
      left.set();
    };
    const auto waiting = asyncio::create_task(asyncio::to_thread(call));
    co_await turns();
    entered.wait();
    waiting.cancel();
    try {
      co_await waiting;
    } catch (const asyncio::CancelledError&) {
      log("CancelledError", left.is_set());
    }
    go.set();
    left.wait();
    log("left");
  }());
}

}  // namespace
}  // namespace tandem::conformance
