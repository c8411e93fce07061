// queue.SimpleQueue.
#include <chrono>
#include <concepts>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "conformance/queue/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace queue = tandem::queue;
using IntQueue = queue::SimpleQueue<int>;
using Seconds = std::chrono::duration<double>;

CASE("queue.simple.basic", "put and get in all their forms") {
  IntQueue q;
  log(q.empty(), q.qsize());
  q.put(1);
  log(q.empty(), q.qsize());
  q.put(2);
  q.put_nowait(3);
  q.put(4);
  log(q.empty(), q.qsize());
  Log{q.get(), q.qsize()};
  Log{q.get_nowait(), q.qsize()};
  Log{q.get({.block = false}), q.empty(), q.qsize()};
  Log{q.get({.timeout = times::must_not_expire}), q.empty(), q.qsize()};
}

CASE("queue.simple.order", "the first in is the first out") {
  IntQueue q;
  for (const int item : {111, 333, 222}) q.put(item);
  log(drain(q));
}

CASE("queue.simple.unbounded", "takes any number of items") {
  IntQueue q;
  for (int item = 0; item < 3000; ++item) q.put(item);
  log(q.qsize());
  log(drain(q) == range(3000));
}

CASE("queue.simple.put-ignores-options",
     "put never waits: block and timeout are there for Queue's sake") {
  IntQueue q;
  log(raised([&] { q.put(1, {.block = true, .timeout = -1s}); }));
  log(raised([&] { q.put(2, {.block = false}); }));
  Log{raised([&] { q.put(3, {.timeout = 0s}); }), q.qsize()};
}

CASE("queue.simple.get-blocks", "waits for an item") {
  IntQueue q;
  Blocked blocked([&] { return q.get(); });
  log(blocked.said());
  q.put(7);
  blocked.join();
  log(blocked.said());
}

CASE("queue.simple.timeout-empty", "raises Empty after the timeout, never before") {
  IntQueue q;
  const auto start = now();
  log(raised([&] { return q.get({.timeout = times::must_expire}); }));
  log("waited", now() - start >= times::must_expire, q.qsize());
}

CASE("queue.simple.timeout-item-put", "returns an item that comes in time") {
  IntQueue q;
  Blocked blocked([&] { return q.get({.timeout = times::must_not_expire}); });
  q.put(7);
  blocked.join();
  log(blocked.said());
}

CASE("queue.simple.timeout-zero", "a timeout of zero polls") {
  IntQueue q;
  log(raised([&] { return q.get({.timeout = 0s}); }));
  q.put(1);
  log(q.get({.timeout = 0s}));
}

CASE("queue.simple.get-without-waiting", "raises Empty at once, whatever the timeout") {
  IntQueue q;
  Log{raised([&] { return q.get_nowait(); }), raised([&] { return q.get({.block = false}); })};
  log(raised([&] { return q.get({.block = false, .timeout = times::must_not_expire}); }));
  log(raised([&] { return q.get({.block = false, .timeout = -1s}); }));
  q.put(1);
  Log{q.get({.block = false, .timeout = -1s}), q.empty(), q.qsize()};
}

CASE("queue.simple.negative-timeout", "a negative timeout is refused, item or not") {
  IntQueue q;
  const auto get = [&] { return q.get({.timeout = -1s}); };
  log(raised(get));
  q.put(1);
  Log{raised(get), q.qsize()};
}

CASE("queue.simple.nan-timeout", "a timeout that is no number is refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  log(raised([&] { return IntQueue().get({.timeout = Seconds(nan)}); }));
}

CASE("queue.simple.timeout-too-large", "a timeout that the clock cannot hold is an OverflowError") {
  log(raised([] { return IntQueue().get({.timeout = Seconds(1e10)}); }));
}

CASE("queue.simple.what-it-lacks", "no bound, no tasks, no shutdown; not a Queue") {
  const auto lacks = []<class Q>(std::type_identity<Q>) {
    log(
        "maxsize", requires(Q q) { q.maxsize(); });
    log(
        "full", requires(Q q) { q.full(); });
    log(
        "task_done", requires(Q q) { q.task_done(); });
    log(
        "join", requires(Q q) { q.join(); });
    log(
        "shutdown", requires(Q q) { q.shutdown(); });
  };
  lacks(std::type_identity<IntQueue>{});
  log(std::derived_from<IntQueue, queue::Queue<int>>);
}

CASE("queue.simple.serves-one-getter", "one put lets one waiting get return") {
  IntQueue q, taken;
  const auto get = [&] { taken.put(q.get()); };
  Blocked getters(get, get, get);
  for (const int item : {1, 2, 3}) {
    q.put(item);
    Log{taken.get(), q.qsize(), taken.qsize()};
    wait_until_blocked(static_cast<std::size_t>(3 - item));
  }
  getters.join();
}

CASE("queue.simple.try-get", "what there is, or nothing: never an exception, never a wait") {
  IntQueue q;
  EXPECT_EQ(q.try_get(), std::nullopt);
  q.put(7);
  EXPECT_EQ(q.try_get(), 7);
  EXPECT_EQ(q.try_get(), std::nullopt);
  log(q.qsize());
}

CASE("queue.simple.try-put", "puts, and says so: there is always room") {
  queue::SimpleQueue<std::vector<int>> q;
  const std::vector<int> named{1};
  EXPECT_TRUE(q.try_put(named));
  EXPECT_TRUE(q.try_put({2}));
  EXPECT_EQ(q.get(), named);
  EXPECT_EQ(q.get(), std::vector{2});
  Blocked getter([&] { return q.get()[0]; });
  EXPECT_TRUE(q.try_put({3}));
  getter.join();
  log(getter.said(), q.qsize());
}

CASE("queue.simple.move-only", "items that can only be moved pass through") {
  queue::SimpleQueue<std::unique_ptr<int>> q;
  q.put(std::make_unique<int>(1));
  q.put_nowait(std::make_unique<int>(2));
  EXPECT_TRUE(q.try_put(std::make_unique<int>(3)));
  const int first = *q.get(), second = **q.try_get(), third = *q.get_nowait();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  EXPECT_EQ(third, 3);
  log(first, second, third);
}

CASE("queue.simple.let-go-when-taken", "the queue keeps nothing of an item that was taken") {
  queue::SimpleQueue<Item> q;
  int gone = 0;
  for (const auto& watcher : put_items(q, 20)) {
    q.get();
    gone += watcher.expired() ? 1 : 0;
  }
  log(gone == 20, gone);
}

CASE("queue.simple.alive-while-held",
     "an item lives in the queue until it is taken, and dies with the queue") {
  Watchers watchers;
  {
    queue::SimpleQueue<Item> q;
    watchers = put_items(q, 3);
    log(alive(watchers));
    q.get();
    log(alive(watchers), watchers[0].expired());
  }
  log(alive(watchers));
}

namespace {

// Puts a number of its own into the queue when it dies, wherever that may be: what is left of it
// after a move dies inside the queue.
struct Echo {
  queue::SimpleQueue<Echo>* q = nullptr;
  int number = -1;
  int echo = -1;

  Echo(int own) : number(own) {}
  Echo(queue::SimpleQueue<Echo>& into, int own, int after) : q(&into), number(own), echo(after) {}
  Echo(Echo&& other) noexcept : number(other.number) {
    if (dies_inside) return;
    q = std::exchange(other.q, nullptr);
    echo = other.echo;
  }
  Echo& operator=(Echo&&) = delete;
  ~Echo() {
    if (q) q->put(Echo(echo));
  }

  static inline bool dies_inside = false;  // whether the next move leaves the echo where it was
};

}  // namespace

CASE("queue.simple.reentrant", "what dies while the queue works may put into it") {
  queue::SimpleQueue<Echo> q;
  std::vector<int> seen;
  for (int number = 0; number < 200; number += 2) {
    q.put(Echo(q, number, number + 1));
    q.put(Echo(number));
    Echo::dies_inside = number % 4 == 0;
    q.get();
    Echo::dies_inside = false;
    for (int i = 0; i < 2; ++i) seen.push_back(q.get().number);
  }
  log(seen == range(200), q.qsize());
}

CASE("queue.simple.failing-item", "a put or get whose item fails loses nothing") {
  queue::SimpleQueue<Fragile> q;
  const auto each = [&](std::size_t held, auto act) {
    EXPECT_EQ(fail_each_step(Fragile::copies_and_moves, act, [&] { EXPECT_EQ(q.qsize(), held); }),
              "nothing");
  };
  for (const int number : {0, 1, 2}) {
    const Fragile item(number);
    each(static_cast<std::size_t>(number), [&] { q.put(item); });
  }
  for (const int number : {0, 1, 2}) {
    int got = -1;
    each(static_cast<std::size_t>(3 - number), [&] { got = q.get_nowait().number(); });
    EXPECT_EQ(got, number);
  }
  log(q.empty());
}

// Many threads

namespace {

int get_polling(IntQueue& q) {
  for (;; std::this_thread::yield()) try {
      return q.get({.block = false});
    } catch (const queue::Empty&) {
    }
}

int get_with_timeout(IntQueue& q) {
  for (;;) try {
      return q.get({.timeout = 10us});
    } catch (const queue::Empty&) {
    }
}

int get_waiting(IntQueue& q) { return q.get(); }

// What each consumer saw, and that nothing is left.
std::vector<std::vector<int>> pass_by(int (*get)(IntQueue&), int pairs, int count) {
  IntQueue q;
  auto seen = pass_through(q, pairs, count, get);
  log(q.empty(), q.qsize());
  return seen;
}

}  // namespace

CASE("queue.simple.one-to-one", "one producer, one consumer: the order of the puts") {
  log(pass_by(get_waiting, 1, 1000)[0] == range(1000));
}

CASE("queue.simple.many-threads", "every item is taken exactly once") {
  log(together(pass_by(get_waiting, 8, 250)) == range(2000));
}

CASE("queue.simple.many-threads-polling",
     "every item is taken exactly once, by gets that do not wait") {
  log(together(pass_by(get_polling, 8, 100)) == range(800));
}

CASE("queue.simple.many-threads-timeout",
     "every item is taken exactly once, by gets that time out and try again") {
  log(together(pass_by(get_with_timeout, 8, 100)) == range(800));
}

CASE("queue.simple.producer-order", "each consumer sees the items of a producer in their order") {
  log(in_order(pass_by(get_waiting, 4, 250), 250));
}

CASE("queue.simple.uses-no-cpu", "a blocked thread uses no processor time") {
  IntQueue q, other;
  wait_in_two(q, other);
}
