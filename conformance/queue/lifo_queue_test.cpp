// queue.LifoQueue: its order. What it shares with Queue is asked in queue_test.cpp.
#include <concepts>
#include <memory>
#include <string>
#include <vector>

#include "conformance/queue/support.hpp"

using namespace tandem::conformance;
namespace queue = tandem::queue;

namespace {

std::vector<int> two_through(queue::Queue<int>&& q) {
  q.put(1);
  q.put(2);
  return drain(q);
}

}  // namespace

CASE("queue.lifo.order", "the last in is the first out") {
  queue::LifoQueue<int> q;
  for (const int item : {111, 333, 222}) q.put(item);
  log(drain(q));
}

CASE("queue.lifo.interleaved", "each get takes the newest of what is held") {
  queue::LifoQueue<int> q;
  std::vector<int> seen;
  for (const int first : {0, 10, 20}) {
    q.put(first);
    q.put(first + 1);
    seen.push_back(q.get());
  }
  for (const int item : drain(q)) seen.push_back(item);
  log(seen);
}

CASE("queue.lifo.through-reuse", "the order holds through growth and reuse") {
  queue::LifoQueue<int> q;
  std::vector<int> model;
  bool same = true;
  const auto take = [&] {
    same = same && q.get() == model.back();
    model.pop_back();
  };
  for (int step = 0; step < 1000; ++step) {
    if (step % 5 >= 3) {
      take();
    } else {
      q.put(step);
      model.push_back(step);
    }
  }
  while (!model.empty()) take();
  log(same, q.empty());
}

CASE("queue.lifo.is-a-queue", "serves wherever a Queue is asked for") {
  log(std::derived_from<queue::LifoQueue<int>, queue::Queue<int>>,
      two_through(queue::LifoQueue<int>()), two_through(queue::Queue<int>()));
}

CASE("queue.lifo.blocked-putter-comes-last", "what a blocked put stores is the newest") {
  queue::LifoQueue<int> q(2);
  q.put(1);
  q.put(2);
  Blocked putter([&] { q.put(3); });
  Log{q.get()};
  putter.join();
  Log{q.get(), q.get(), raised([&] { return q.get_nowait(); })};
}

CASE("queue.lifo.failing-get", "a get that fails loses nothing and keeps the order") {
  queue::LifoQueue<Fragile> q;
  for (const int number : {1, 2, 3}) q.put(number);
  Log{failing(Fragile::copies_and_moves, [&] { return q.get(); }), q.qsize()};
  log(drain(q));
}

CASE("queue.lifo.failing-growth",
     "a put that fails while the stack grows loses nothing and keeps the order") {
  queue::LifoQueue<Fragile> q;
  for (int number = 0; number < 500; ++number) {
    const Fragile item(number);
    const auto unchanged = [&] { EXPECT_EQ(q.qsize(), static_cast<std::size_t>(number)); };
    fail_each_step(
        Fragile::copies_and_moves, [&] { q.put(item); }, unchanged);
  }
  for (int number = 499; number >= 0; --number) EXPECT_EQ(q.get().number(), number);
  log(q.empty());
}
