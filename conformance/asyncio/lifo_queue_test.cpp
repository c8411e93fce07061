#include <concepts>
#include <string>

#include "conformance/asyncio/support.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;
using IntQueue = asyncio::LifoQueue<int>;

CASE("asyncio.lifo-queue.order.lifo", "the last in is the first out") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    for (const int item : {1, 3, 2}) co_await q.put(item);
    for (int i = 0; i < 3; ++i) {
      const int item = co_await q.get();
      log(item);
    }
  };
  run_virtual(main());
}

CASE("asyncio.lifo-queue.order.interleaved", "each get takes the newest") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    for (const int item : {1, 2}) co_await q.put(item);
    const int first = co_await q.get();
    log(first);
    for (const int item : {3, 4}) co_await q.put(item);
    log(q);
    for (int i = 0; i < 3; ++i) {
      const int item = co_await q.get();
      log(item);
    }
  };
  run_virtual(main());
}

CASE("asyncio.lifo-queue.order.waiting-put", "what a put() stores that had to wait is the newest") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(2);
    q.put_nowait(1);
    q.put_nowait(2);
    const auto task = start(q.put(3), "put");
    co_await turns();
    log(q.get_nowait());
    co_await task;
    Log{q.get_nowait(), q.get_nowait()};
  };
  run_virtual(main());
}

CASE("asyncio.lifo-queue.order.woken-together",
     "of several items put in one turn the first to be woken gets the newest") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks tasks{start(q.get(), "A"), start(q.get(), "B"), start(q.get(), "C")};
    co_await turns();
    for (const int item : {1, 2, 3}) q.put_nowait(item);
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.lifo-queue.kind.is-a-queue", "it is a Queue") {
  IntQueue own;
  asyncio::Queue<int>& q = own;
  q.put_nowait(1);
  q.put_nowait(2);
  EXPECT_EQ(q.get_nowait(), 2);
  log(std::derived_from<IntQueue, asyncio::Queue<int>>);
}
