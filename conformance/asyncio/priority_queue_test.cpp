#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"
#include "conformance/queue/comparisons.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;
using IntQueue = asyncio::PriorityQueue<int>;

CASE("asyncio.priority-queue.order.lowest-first", "the lowest is the first out") {
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

CASE("asyncio.priority-queue.order.pairs",
     "pairs come by their number, and those with equal numbers by their data") {
  const auto main = []() -> Coroutine<> {
    using Job = std::pair<int, std::string>;
    asyncio::PriorityQueue<Job> q;
    q.put_nowait(Job(2, "code"));
    q.put_nowait(Job(1, "eat"));
    q.put_nowait(Job(3, "sleep"));
    q.put_nowait(Job(1, "drink"));
    for (int i = 0; i < 4; ++i) {
      const Job job = co_await q.get();
      log(job.first, job.second);
    }
  };
  run_virtual(main());
}

CASE("asyncio.priority-queue.order.interleaved",
     "each get takes the lowest of those that are held") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    for (const int item : {5, 2, 9, 4}) co_await q.put(item);
    log(q);
    const int first = co_await q.get();
    log(first);
    for (const int item : {1, 7, 3}) co_await q.put(item);
    log(q);
    for (int i = 0; i < 6; ++i) {
      const int item = co_await q.get();
      log(item);
    }
  };
  run_virtual(main());
}

CASE("asyncio.priority-queue.order.equal",
     "those none of which is lower come as heapq gives them") {
  struct Job {
    int priority;
    char name;
    bool operator<(const Job& other) const { return priority < other.priority; }
  };
  const auto main = []() -> Coroutine<> {
    asyncio::PriorityQueue<Job> q;
    char name = 'a';
    for (const int priority : {1, 0, 1, 1, 0, 2, 1, 0}) q.put_nowait(Job{priority, name++});
    for (int i = 0; i < 8; ++i) {
      const Job job = co_await q.get();
      log(std::string(1, job.name));
    }
  };
  run_virtual(main());
}

CASE("asyncio.priority-queue.order.waiting-put",
     "the item of a put() that had to wait takes its place by its priority") {
  const auto main = []() -> Coroutine<> {
    IntQueue q(2);
    q.put_nowait(2);
    q.put_nowait(3);
    const auto task = start(q.put(1), "put");
    co_await turns();
    log(q.get_nowait());
    co_await task;
    Log{q.get_nowait(), q.get_nowait()};
  };
  run_virtual(main());
}

CASE("asyncio.priority-queue.order.waiting-get",
     "those that wait get the lowest of what is put in one turn first") {
  const auto main = []() -> Coroutine<> {
    IntQueue q;
    const Tasks tasks{start(q.get(), "A"), start(q.get(), "B")};
    co_await turns();
    for (const int item : {3, 1, 2}) q.put_nowait(item);
    co_await all_of(tasks);
    log(q);
  };
  run_virtual(main());
}

CASE("asyncio.priority-queue.order.compare-argument", "the comparison is the second argument") {
  asyncio::PriorityQueue<int, std::greater<int>> q;
  for (const int item : {1, 3, 2}) q.put_nowait(item);
  for (const int expected : {3, 2, 1}) EXPECT_EQ(q.get_nowait(), expected);
}

CASE("asyncio.priority-queue.order.compare-object",
     "a closure, a function or a std::function may compare") {
  const auto ask = [](auto& q) {
    for (const int item : {0, 2, 1}) q.put_nowait(item);
    for (const int expected : {1, 0, 2}) EXPECT_EQ(q.get_nowait(), expected);
    log(q.maxsize());
  };
  const std::vector<int> ranks{20, 10, 30};
  const auto by_rank = [&](int left, int right) {
    return ranks[static_cast<std::size_t>(left)] < ranks[static_cast<std::size_t>(right)];
  };
  asyncio::PriorityQueue<int, decltype(by_rank)> by_closure(3, by_rank);
  ask(by_closure);
  bool (*const odd_first)(int, int) = [](int left, int right) {
    return left % 2 != right % 2 ? left % 2 == 1 : left < right;
  };
  asyncio::PriorityQueue<int, bool (*)(int, int)> by_function(4, odd_first);
  ask(by_function);
  asyncio::PriorityQueue<int, std::function<bool(int, int)>> by_either(5, by_rank);
  ask(by_either);
}

CASE("asyncio.priority-queue.order.compare-needed",
     "one that would be null, or cannot be made, has to be given") {
  static_assert(comparisons_are_given<asyncio::PriorityQueue>());
}

CASE("asyncio.priority-queue.kind.is-a-queue", "it is a Queue") {
  IntQueue own;
  asyncio::Queue<int>& q = own;
  q.put_nowait(1);
  q.put_nowait(2);
  EXPECT_EQ(q.get_nowait(), 1);
  log(std::derived_from<IntQueue, asyncio::Queue<int>>);
}
