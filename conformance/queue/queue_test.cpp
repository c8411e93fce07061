// queue.Queue, and what LifoQueue and PriorityQueue share with it: that is asked of all three.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "conformance/harness/allocations.hpp"
#include "conformance/harness/sanitizers.hpp"
#include "conformance/queue/support.hpp"
#include "conformance/threading/exits.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace queue = tandem::queue;
using IntQueue = queue::Queue<int>;

namespace {
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
using Seconds = std::chrono::duration<double>;
}  // namespace

// Bounds

CASE("queue.maxsize.default-unbounded", "a queue has no bound unless one is given") {
  IntQueue q;
  for (int item = 0; item < 1000; ++item) q.put_nowait(item);
  Log{q.maxsize(), q.qsize(), q.full()};
}

CASE("queue.maxsize.not-positive-unbounded", "a maxsize of zero or less is no bound") {
  for (const int maxsize : {0, -1, -7}) {
    IntQueue q(maxsize);
    for (int item = 0; item < 100; ++item) q.put_nowait(item);
    Log{q.maxsize(), q.qsize(), q.full()};
  }
}

CASE("queue.maxsize.bounds-the-items", "maxsize items fit and no more") {
  each_kind(5, [](IntQueue& q) {
    for (int i = 0; i < 5; ++i) q.put_nowait(1);
    Log{raised([&] { q.put_nowait(1); }), q.qsize()};
    for (int i = 0; i < 5; ++i) q.get_nowait();
    Log{raised([&] { return q.get_nowait(); }), q.qsize()};
  });
}

CASE("queue.maxsize.shrink-keeps-full", "a queue that holds more than a lowered maxsize is full") {
  each_kind(3, [](IntQueue& q) {
    for (const int item : {1, 2, 3}) q.put(item);
    const auto put = [&] { q.put_nowait(4); };
    Log{raised(put), q.qsize()};
    q.maxsize(2);
    Log{raised(put), q.qsize(), q.full(), q.maxsize()};
    q.get();
    Log{raised(put), q.full()};
    q.get();
    Log{raised(put), q.full()};
  });
}

CASE("queue.maxsize.grow", "a raised maxsize makes room at once") {
  IntQueue q(1);
  q.put(1);
  Log{raised([&] { q.put_nowait(2); })};
  q.maxsize(2);
  Log{raised([&] { q.put_nowait(2); }), raised([&] { q.put_nowait(3); })};
  q.maxsize(0);
  Log{raised([&] { q.put_nowait(3); }), q.full(), q.qsize()};
}

CASE("queue.maxsize.grow-under-a-putter", "a blocked put goes on after a raise and a get") {
  IntQueue q(1);
  q.put(1);
  Blocked blocked([&] { q.put(2); });
  q.maxsize(2);
  Log{q.get()};
  blocked.join();
  Log{q.qsize(), q.get()};
}

CASE("queue.maxsize.grow-lets-putters-in", "a raised maxsize lets blocked puts in, without a get") {
  each_kind(1, [](IntQueue& q) {
    q.put(1);
    queue::Queue<bool> done;
    const auto put = [&] {
      q.put(1);
      done.put(true);
    };
    Blocked putters(put, put, put);
    q.maxsize(2);
    EXPECT_TRUE(done.get());
    wait_until_blocked(2);
    EXPECT_EQ(q.qsize(), 2U);
    q.maxsize(0);
    putters.join();
    log(putters.said(), q.qsize());
  });
}

// Sizes

CASE("queue.qsize.counts", "the number of items held") {
  each_kind(0, [](IntQueue& q) {
    std::vector sizes{q.qsize()};
    for (const int item : {3, 1, 2}) {
      q.put(item);
      sizes.push_back(q.qsize());
    }
    for (int i = 0; i < 3; ++i) {
      q.get();
      sizes.push_back(q.qsize());
    }
    log(sizes);
  });
}

CASE("queue.empty.nothing-held", "true when nothing is held") {
  each_kind(0, [](IntQueue& q) {
    const bool before = q.empty();
    q.put(1);
    const bool held = q.empty();
    q.get();
    log(before, held, q.empty());
  });
}

CASE("queue.full.at-maxsize", "true from maxsize items on") {
  each_kind(2, [](IntQueue& q) {
    std::vector states{q.full()};
    for (const int item : {1, 2}) {
      q.put(item);
      states.push_back(q.full());
    }
    q.get();
    log(states, q.full());
  });
}

// Order

CASE("queue.order.fifo", "the first in is the first out") {
  IntQueue q(5);
  for (const int item : {111, 333, 222}) q.put(item);
  log(drain(q));
}

CASE("queue.order.through-reuse", "the order holds through growth and reuse") {
  IntQueue q;
  std::vector<int> seen;
  int put = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 3; ++i) q.put(put++);
    for (int i = 0; i < 2; ++i) seen.push_back(q.get());
  }
  log(q.qsize());
  while (!q.empty()) seen.push_back(q.get());
  log(seen.size(), seen == range(put));
}

// put

CASE("queue.put.blocks-while-full", "waits for a free slot") {
  each_kind(1, [](IntQueue& q) {
    q.put(1);
    Blocked blocked([&] { q.put(2); });
    log(blocked.said(), q.qsize());
    q.get();
    blocked.join();
    log(blocked.said(), q.qsize());
  });
}

CASE("queue.put.timeout-full", "raises Full after the timeout, never before") {
  each_kind(1, [](IntQueue& q) {
    q.put(1);
    const auto start = now();
    log(raised([&] { q.put(2, {.timeout = times::must_expire}); }));
    log("waited", now() - start >= times::must_expire, q.qsize());
  });
}

CASE("queue.put.timeout-slot-freed", "goes on when a slot is freed in time") {
  each_kind(1, [](IntQueue& q) {
    q.put(1);
    Blocked blocked([&] { q.put(2, {.timeout = times::must_not_expire}); });
    q.get();
    blocked.join();
    log(blocked.said(), q.qsize());
  });
}

CASE("queue.put.timeout-zero", "a timeout of zero polls") {
  IntQueue q(1);
  Log{raised([&] { q.put(1, {.timeout = 0s}); }), q.qsize()};
  Log{raised([&] { q.put(2, {.timeout = 0s}); }), q.qsize()};
}

CASE("queue.put.block-false", "does not wait, whatever the timeout") {
  IntQueue q(1);
  Log{raised([&] { q.put(1, {.block = false, .timeout = -1s}); }), q.qsize()};
  log(raised([&] { q.put(2, {.block = false}); }));
  log(raised([&] { q.put(2, {.block = false, .timeout = times::must_not_expire}); }));
  Log{raised([&] { q.put(2, {.block = false, .timeout = -1s}); }), q.qsize()};
}

CASE("queue.put.nowait", "put_nowait is put without waiting") {
  IntQueue q(1);
  Log{raised([&] { q.put_nowait(1); }), raised([&] { q.put_nowait(2); }), q.qsize()};
}

CASE("queue.put.negative-timeout", "a bounded queue refuses a negative timeout, room or not") {
  each_kind(1, [](IntQueue& q) {
    Log{raised([&] { q.put(1, {.timeout = -1s}); }), q.qsize(), q.unfinished_tasks()};
    q.put(1);
    Log{raised([&] { q.put(2, {.timeout = -1s}); }), q.qsize(), q.unfinished_tasks()};
  });
}

CASE("queue.put.negative-timeout-unbounded", "an unbounded queue does not look at the timeout") {
  each_kind(0, [](IntQueue& q) { Log{raised([&] { q.put(1, {.timeout = -1s}); }), q.qsize()}; });
}

CASE("queue.put.serves-one-getter", "one put lets one waiting get return") {
  IntQueue q, taken;
  Blocked getters([&] { taken.put(q.get()); }, [&] { taken.put(q.get()); },
                  [&] { taken.put(q.get()); });
  for (const int item : {1, 2, 3}) {
    q.put(item);
    Log{taken.get(), q.qsize(), taken.qsize()};
    wait_until_blocked(static_cast<std::size_t>(3 - item));
  }
  getters.join();
  log(q.qsize(), taken.qsize());
}

CASE("queue.put.refused-item-untouched",
     "an item that was not put is as it was, and still the caller's") {
  queue::Queue<std::unique_ptr<int>> q(1);
  q.put(std::make_unique<int>(1));
  auto item = std::make_unique<int>(2);
  const auto ask = [&](const char* how, const std::string& said, const std::string& expected) {
    EXPECT_EQ(said, expected);
    EXPECT_TRUE(item && *item == 2);
    log(how, said, item != nullptr);
  };
  ask("nowait", raised([&] { q.put_nowait(std::move(item)); }), "Full");
  ask("timeout", raised([&] { q.put(std::move(item), {.timeout = times::brief}); }), "Full");
  ask("negative", raised([&] { q.put(std::move(item), {.timeout = -1s}); }),
      "ValueError: 'timeout' must be a non-negative number");
  ask("try", outcome([&] { return q.try_put(std::move(item)); }), "False");
  {
    Blocked blocked([&] { q.put(std::move(item)); });
    q.shutdown();
    blocked.join();
    ask("blocked", *blocked.said()[0], "ShutDown");
  }
  ask("shut down", raised([&] { q.put(std::move(item)); }), "ShutDown");
}

CASE("queue.put.lvalue-copied", "a named item is copied, a moved one is moved") {
  queue::Queue<std::string> q;
  std::string kept = "a text too long to live inside a string object";
  q.put(kept);
  std::string given = kept;
  q.put(std::move(given));
  q.put_nowait(kept);
  EXPECT_TRUE(q.try_put(kept));
  EXPECT_EQ(kept.size(), 46U);
  EXPECT_NE(given, kept);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(q.get(), kept);
  log(kept, q.qsize());
}

// get

CASE("queue.get.blocks-until-put", "waits for an item") {
  each_kind(0, [](IntQueue& q) {
    Blocked blocked([&] { return q.get(); });
    log(blocked.said());
    q.put(7);
    blocked.join();
    log(blocked.said(), q.qsize());
  });
}

CASE("queue.get.timeout-empty", "raises Empty after the timeout, never before") {
  each_kind(0, [](IntQueue& q) {
    const auto start = now();
    log(raised([&] { return q.get({.timeout = times::must_expire}); }));
    log("waited", now() - start >= times::must_expire);
  });
}

CASE("queue.get.timeout-item-put", "returns an item that comes in time") {
  each_kind(0, [](IntQueue& q) {
    Blocked blocked([&] { return q.get({.timeout = times::must_not_expire}); });
    q.put(7);
    blocked.join();
    log(blocked.said(), q.qsize());
  });
}

CASE("queue.get.timeout-zero", "a timeout of zero polls") {
  IntQueue q;
  log(raised([&] { return q.get({.timeout = 0s}); }));
  q.put(1);
  log(q.get({.timeout = 0s}));
}

CASE("queue.get.timeout-of-decades", "a timeout of decades does not overflow") {
  IntQueue q;
  Blocked blocked([&] { return q.get({.timeout = Seconds(1e9)}); });
  q.put(7);
  blocked.join();
  log(blocked.said());
}

CASE("queue.get.timeout-too-large",
     "a timeout that the clock cannot hold is an OverflowError, once there is need to wait") {
  each_kind(1, [](IntQueue& q) {
    q.put(1);
    Log{raised([&] { q.put(2, {.timeout = Seconds(1e10)}); }), q.qsize()};
    log(q.get({.timeout = std::chrono::hours::max()}));
    log(raised([&] { return q.get({.timeout = std::chrono::hours::max()}); }));
  });
}

CASE("queue.get.nan-timeout", "a timeout that is no number is refused, not waited for") {
  each_kind(1, [](IntQueue& q) {
    const std::string refused = "ValueError: Invalid value NaN (not a number)";
    EXPECT_EQ(raised([&] { return q.get({.timeout = Seconds(nan_value)}); }), refused);
    EXPECT_EQ(raised([&] { q.put(1, {.timeout = Seconds(nan_value)}); }), refused);
    log(q.qsize());
  });
}

CASE("queue.get.block-false", "does not wait, whatever the timeout") {
  IntQueue q;
  log(raised([&] { return q.get({.block = false}); }));
  log(raised([&] { return q.get({.block = false, .timeout = times::must_not_expire}); }));
  log(raised([&] { return q.get({.block = false, .timeout = -1s}); }));
  q.put(1);
  log(q.get({.block = false, .timeout = -1s}));
}

CASE("queue.get.nowait", "get_nowait is get without waiting") {
  IntQueue q;
  log(raised([&] { return q.get_nowait(); }));
  q.put(1);
  Log{q.get_nowait(), q.qsize()};
}

CASE("queue.get.negative-timeout", "a negative timeout is refused, item or not") {
  each_kind(5, [](IntQueue& q) {
    const auto get = [&] { return q.get({.timeout = -1s}); };
    log(raised(get));
    q.put(1);
    Log{raised(get), q.qsize()};
  });
}

CASE("queue.get.takes-one-item", "each get takes exactly one item") {
  each_kind(0, [](IntQueue& q) {
    for (const int item : {1, 2, 3}) q.put(item);
    std::vector<int> items;
    std::vector<std::size_t> sizes;
    while (!q.empty()) {
      items.push_back(q.get());
      sizes.push_back(q.qsize());
    }
    log(sizes, sorted(items));
  });
}

CASE("queue.get.frees-one-putter", "one get lets one waiting put return") {
  IntQueue q(1);
  queue::Queue<bool> done;
  q.put(0);
  const auto put = [&] {
    q.put(1);
    done.put(true);
  };
  Blocked putters(put, put, put);
  for (const std::size_t left : {2U, 1U, 0U}) {
    q.get();
    Log{done.get(), q.qsize(), done.qsize()};
    wait_until_blocked(left);
  }
  putters.join();
  log(q.qsize(), done.qsize());
}

// try_get and try_put

CASE("queue.try-get.item-or-nothing",
     "what there is, or nothing: never an exception, never a wait") {
  each_kind(0, [](IntQueue& q) {
    EXPECT_EQ(q.try_get(), std::nullopt);
    q.put(7);
    q.put(7);
    EXPECT_EQ(q.try_get(), 7);
    q.shutdown();
    EXPECT_EQ(q.try_get(), 7);
    EXPECT_EQ(q.try_get(), std::nullopt);
    log(q.qsize(), q.unfinished_tasks());
  });
}

CASE("queue.try-put.put-or-not",
     "false when there is no room or the queue is shut down, and no exception") {
  each_kind(1, [](IntQueue& q) {
    EXPECT_TRUE(q.try_put(7));
    EXPECT_FALSE(q.try_put(8));
    EXPECT_EQ(q.get(), 7);
    q.shutdown();
    EXPECT_FALSE(q.try_put(9));
    log(q.qsize(), q.unfinished_tasks());
  });
}

CASE("queue.try-get.wakes-a-putter",
     "a slot freed by try_get, an item brought by try_put: both wake who waits") {
  IntQueue q(1);
  q.put(1);
  Blocked putter([&] { q.put(2); });
  EXPECT_EQ(q.try_get(), 1);
  putter.join();
  EXPECT_EQ(q.get(), 2);
  Blocked getter([&] { return q.get(); });
  EXPECT_TRUE(q.try_put(3));
  getter.join();
  log(putter.said(), getter.said());
}

// task_done and join

CASE("queue.task-done.too-many", "more task_done than items put is refused and changes nothing") {
  each_kind(0, [](IntQueue& q) {
    const auto task_done = [&] { q.task_done(); };
    Log{raised(task_done), q.unfinished_tasks()};
    q.put(1);
    q.get();
    Log{raised(task_done), raised(task_done), q.unfinished_tasks()};
    q.put(2);
    log(q.unfinished_tasks(), q.qsize());
  });
}

CASE("queue.task-done.counts-puts", "what counts is what was put, not what was taken") {
  IntQueue q;
  const auto task_done = [&] { q.task_done(); };
  q.put(1);
  Log{raised(task_done), raised(task_done), q.qsize()};
  q.join();
  log(q.get());
}

CASE("queue.unfinished-tasks.counts", "up with a put, down with task_done, unmoved by a get") {
  each_kind(0, [](IntQueue& q) {
    std::vector counts{q.unfinished_tasks()};
    const auto then = [&](auto act) {
      act();
      counts.push_back(q.unfinished_tasks());
    };
    for (const int item : {1, 2}) then([&] { q.put(item); });
    for (int i = 0; i < 2; ++i) {
      then([&] { q.get(); });
      then([&] { q.task_done(); });
    }
    log(counts);
  });
}

CASE("queue.join.nothing-unfinished", "returns at once when nothing is unfinished") {
  each_kind(0, [](IntQueue& q) {
    log(raised([&] { q.join(); }));
    q.put(1);
    q.get();
    q.task_done();
    log(raised([&] { q.join(); }));
  });
}

CASE("queue.join.waits-for-task-done", "an item taken is not an item done") {
  each_kind(0, [](IntQueue& q) {
    q.put(1);
    q.put(2);
    Blocked blocked([&] { q.join(); });
    const auto then = [&](auto act) {
      act();
      wait_until_blocked(1);
      log(blocked.said(), q.qsize(), q.unfinished_tasks());
    };
    then([&] { q.get(); });
    then([&] { q.get(); });
    then([&] { q.task_done(); });
    q.task_done();
    blocked.join();
    log(blocked.said());
  });
}

CASE("queue.join.all-joiners", "every joiner is released") {
  IntQueue q;
  q.put(1);
  const auto join = [&] { q.join(); };
  Blocked blocked(join, join, join);
  q.get();
  q.task_done();
  blocked.join();
  log(blocked.said());
}

CASE("queue.join.put-meanwhile", "an item put during a join is waited for too") {
  IntQueue q;
  q.put(1);
  Blocked blocked([&] { q.join(); });
  q.put(2);
  q.task_done();
  wait_until_blocked(1);
  log(blocked.said(), q.unfinished_tasks());
  q.task_done();
  blocked.join();
  log(blocked.said());
}

namespace {

void work(IntQueue& q, std::atomic<int>& total) {
  for (;;) {
    const int item = q.get();
    if (item >= 0) total += item;
    q.task_done();
    if (item < 0) return;
  }
}

void round_of_work(IntQueue& q) {
  std::atomic<int> total{0};
  Threads threads;
  for (int i = 0; i < 2; ++i) threads.start([&] { work(q, total); });
  for (int item = 0; item < 100; ++item) q.put(item);
  q.join();
  log(total.load());
  for (int i = 0; i < 2; ++i) q.put(-1);
  q.join();
  threads.join();
  log(q.unfinished_tasks());
}

}  // namespace

CASE("queue.join.again", "join works again and again, with workers that stop on a sign") {
  each_kind(0, [](IntQueue& q) {
    round_of_work(q);
    round_of_work(q);
    log(raised([&] { q.task_done(); }));
  });
}

// Items

CASE("queue.items.same-object", "what is shared when it is put is shared when it is taken") {
  queue::Queue<Item> q;
  const auto item = std::make_shared<int>(1);
  q.put(item);
  *item = 2;
  const Item taken = q.get();
  log(taken == item, *taken);
}

CASE("queue.items.move-only", "items that can only be moved pass through every kind of queue") {
  using Owner = std::unique_ptr<int>;
  each_kind<Owner>(0, [](queue::Queue<Owner>& q) {
    q.put(std::make_unique<int>(1));
    q.put_nowait(std::make_unique<int>(2));
    EXPECT_TRUE(q.try_put(std::make_unique<int>(3)));
    int sum = *q.get() + *q.get_nowait();
    sum += **q.try_get();
    EXPECT_EQ(sum, 6);
    log(sum, q.qsize());
  });
}

CASE("queue.items.alive-while-held",
     "an item lives in the queue until it is taken, and dies with the queue") {
  Watchers watchers;
  {
    queue::Queue<Item> q;
    watchers = put_items(q, 3);
    log(alive(watchers));
    q.get();
    log(alive(watchers), watchers[0].expired());
  }
  log(alive(watchers));
}

CASE("queue.items.let-go-when-taken", "the queue keeps nothing of an item that was taken") {
  queue::Queue<Item> q;
  int gone = 0;
  for (const auto& watcher : put_items(q, 20)) {
    q.get();
    gone += watcher.expired() ? 1 : 0;
  }
  log(gone == 20, gone);
}

CASE("queue.items.memory-given-back", "after a burst the queue gives its memory back") {
  struct Block {
    char bytes[1024] = {};
    bool operator<(const Block& other) const { return bytes[0] < other.bytes[0]; }
  };
  const auto burst = [](auto& q) {
    const auto before = live_bytes();
    for (int i = 0; i < 20000; ++i) q.put(Block{});
    const auto held = live_bytes() - before;
    for (int i = 0; i < 20000; ++i) q.get();
    const auto kept = live_bytes() - before;
    EXPECT_GE(held, 20000 * 1024);
    EXPECT_LE(kept, 256 * 1024) << "of " << held;
    log(held >= 20000 * 1024, kept <= 256 * 1024);
  };
  each_kind<Block>(0, burst);
  queue::SimpleQueue<Block> simple;
  burst(simple);
}

// Trouble while an item is stored or handed out

CASE("queue.failing.put", "a put that fails changes nothing") {
  queue::Queue<Fragile> q(5);
  for (int number = 0; number < 4; ++number) q.put(number);
  const Fragile item(9);
  const auto fail = [&](queue::BlockOptions options) {
    return failing(Fragile::moves, [&] { q.put(item, options); });
  };
  Log{fail({}), q.qsize(), q.unfinished_tasks()};
  Log{fail({.block = false}), q.qsize()};
  Log{fail({.timeout = times::must_not_expire}), q.qsize()};
  q.put(4);
  Log{q.full(), drain(q)};
}

CASE("queue.failing.blocked-put", "a put that waited and fails changes nothing") {
  queue::Queue<Fragile> q(1);
  for (const queue::BlockOptions options :
       {queue::BlockOptions{}, queue::BlockOptions{.timeout = times::must_not_expire}}) {
    q.put(1);
    {
      Threads threads;
      threads.start([&] {
        Fragile item(9);
        log(failing(Fragile::moves, [&] { q.put(std::move(item), options); }));
      });
      q.get();
    }
    log(q.qsize(), q.unfinished_tasks());
    q.put(2);
    Log{q.full(), q.get(), q.empty()};
  }
}

CASE("queue.failing.get", "a get that fails loses nothing") {
  queue::Queue<Fragile> q(5);
  for (int number = 0; number < 3; ++number) q.put(number);
  const auto fail = [&](queue::BlockOptions options) {
    return failing(Fragile::copies_and_moves, [&] { return q.get(options); });
  };
  Log{fail({}), q.qsize()};
  Log{fail({.block = false}), q.qsize()};
  Log{fail({.timeout = times::must_not_expire}), q.qsize()};
  Log{drain(q), q.unfinished_tasks()};
}

CASE("queue.failing.blocked-get", "a get that waited and fails loses nothing") {
  queue::Queue<Fragile> q(5);
  Blocked blocked([&] { return failing(Fragile::copies_and_moves, [&] { return q.get(); }); });
  q.put(1);
  blocked.join();
  log(blocked.said(), q.qsize());
  Log{q.get(), q.empty()};
}

CASE("queue.failing.any-step",
     "whichever copy or move fails, nothing is lost and the queue goes on") {
  each_kind<Fragile>(0, [](queue::Queue<Fragile>& q) {
    const Fragile item(2);
    const auto each = [&](std::size_t held, auto act) {
      EXPECT_EQ(fail_each_step(Fragile::copies_and_moves, act, [&] { EXPECT_EQ(q.qsize(), held); }),
                "nothing");
    };
    each(0, [&] { q.put(item); });
    each(1, [&] { q.put(Fragile(1)); });
    each(2, [&] { q.try_put(item); });
    each(3, [&] { return q.get_nowait().number(); });
    each(2, [&] { EXPECT_TRUE(q.try_get()); });
    each(1, [&] { return q.get_nowait().number(); });
    log(q.qsize(), q.unfinished_tasks());
  });
}

CASE("queue.failing.next-getter-served", "a get that fails leaves the item to another that waits") {
  each_kind<Fragile>(0, [](queue::Queue<Fragile>& q) {
    for (int round = 0; round < 20 && !::testing::Test::HasFailure(); ++round) {
      IntQueue served;
      Blocked bad([&] { return failing(Fragile::copies_and_moves, [&] { return q.get(); }); });
      Blocked good([&] { served.put(q.get().number()); });
      wait_until_blocked(2);
      q.put(1);
      EXPECT_EQ(outcome([&] { return served.get({.timeout = times::must_not_expire}); }), "1");
      q.put(2);  // for the bad one, if it was not its turn before
      bad.join();
      good.join();
      EXPECT_EQ(bad.said()[0], "Refused: no");
      EXPECT_EQ(str(drain(q)), "[2]");
    }
    log(q.qsize());
  });
}

CASE("queue.failing.next-putter-served",
     "a put that fails leaves the free slot to another that waits") {
  each_kind<Fragile>(1, [](queue::Queue<Fragile>& q) {
    for (int round = 0; round < 20 && !::testing::Test::HasFailure(); ++round) {
      IntQueue done;
      q.put(0);
      Blocked bad([&] {
        Fragile item(1);
        return failing(Fragile::moves, [&] { q.put(std::move(item)); });
      });
      Blocked good([&] {
        q.put(2);
        done.put(2);
      });
      wait_until_blocked(2);
      q.get();
      EXPECT_EQ(outcome([&] { return done.get({.timeout = times::must_not_expire}); }), "2");
      EXPECT_EQ(q.get().number(), 2);  // and room for the bad one, if it was not its turn before
      bad.join();
      good.join();
      EXPECT_EQ(bad.said()[0], "Refused: no");
      EXPECT_TRUE(q.empty());
    }
    log(q.qsize());
  });
}

// Types, exceptions and parameters

CASE("queue.kinds.pinned", "a queue is neither copied nor moved") {
  const auto pinned = []<class Q>(std::type_identity<Q>) {
    return !std::is_copy_constructible_v<Q> && !std::is_move_constructible_v<Q> &&
           !std::is_copy_assignable_v<Q> && !std::is_move_assignable_v<Q>;
  };
  static_assert(pinned(std::type_identity<IntQueue>{}));
  static_assert(pinned(std::type_identity<queue::LifoQueue<int>>{}));
  static_assert(pinned(std::type_identity<queue::PriorityQueue<int>>{}));
  static_assert(pinned(std::type_identity<queue::SimpleQueue<int>>{}));
  log(std::is_copy_constructible_v<IntQueue>, std::is_move_constructible_v<IntQueue>);
}

CASE("queue.kinds.owned-through-queue", "each kind can be made, used and destroyed as a Queue") {
  Watchers watchers;
  std::vector<std::unique_ptr<queue::Queue<Item>>> queues;
  queues.push_back(std::make_unique<queue::Queue<Item>>());
  queues.push_back(std::make_unique<queue::LifoQueue<Item>>());
  queues.push_back(std::make_unique<queue::PriorityQueue<Item>>());
  for (const auto& q : queues) {
    const Watchers more = put_items(*q, 2);
    watchers.insert(watchers.end(), more.begin(), more.end());
  }
  EXPECT_EQ(alive(watchers), 6);
  queues.clear();
  EXPECT_EQ(alive(watchers), 0);
  log(alive(watchers));
}

CASE("queue.exceptions.kinds",
     "three exceptions, each an Exception and none another, all without a text") {
  const auto is_exception = []<class E>(const E&) { return std::is_base_of_v<std::exception, E>; };
  log("Empty", is_exception(queue::Empty()), repr(queue::Empty().what()));
  log("Full", is_exception(queue::Full()), repr(queue::Full().what()));
  log(std::is_base_of_v<queue::Full, queue::Empty>, std::is_base_of_v<queue::Empty, queue::Full>);
}

CASE("queue.exceptions.shutdown-kind", "ShutDown is neither Empty nor Full") {
  const queue::ShutDown error;
  log("ShutDown", std::is_base_of_v<std::exception, queue::ShutDown>, repr(error.what()));
  log(std::is_base_of_v<queue::Empty, queue::ShutDown>,
      std::is_base_of_v<queue::Full, queue::ShutDown>);
}

CASE("queue.options.order", "block, then timeout; waiting for ever is the default") {
  for (int i = 0; i < 2; ++i) {  // put's and get's are the same
    const auto [block, timeout] = queue::BlockOptions{};
    static_assert(std::is_same_v<decltype(block), const bool>);
    static_assert(std::is_same_v<decltype(timeout), const tandem::Timeout>);
    log("block", "timeout");
    log(block, timeout.is_forever() ? "None" : "a number");
  }
}

// Many threads

CASE("queue.concurrent.exactly-once", "every item is taken exactly once") {
  for (const int maxsize : {0, 3})
    each_kind(maxsize, [](IntQueue& q) {
      const auto seen = pass_through(q, 4, 250, [](IntQueue& from) { return from.get(); });
      log(q.qsize(), together(seen) == range(1000));
    });
}

CASE("queue.concurrent.producer-order",
     "each consumer sees the items of a producer in their order") {
  for (const int maxsize : {0, 3}) {
    IntQueue q(maxsize);
    log(in_order(pass_through(q, 4, 250, [](IntQueue& from) { return from.get(); }), 250));
  }
}

CASE("queue.concurrent.never-over-maxsize", "a bounded queue never holds more than maxsize") {
  each_kind(2, [](IntQueue& q) {
    std::vector<std::size_t> sizes;
    Threads threads;
    for (int number = 0; number < 3; ++number)
      threads.start([&q, number] { produce(q, number, 200); });
    for (int i = 0; i < 600; ++i) {
      sizes.push_back(q.qsize());
      q.get();
    }
    threads.join();
    const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
    log(*most <= 2, *least <= 2, q.qsize());
  });
}

CASE("queue.concurrent.put-happens-before-get",
     "what was done before put is seen after get, and task_done after join") {
  for (int round = 0; round < 200; ++round) {
    IntQueue q;
    int plain = 0, answer = 0;
    Threads threads;
    threads.start([&] {
      q.get();
      answer = plain + 1;
      q.task_done();
    });
    plain = round;
    q.put(1);
    q.join();
    EXPECT_EQ(answer, round + 1);
  }
  log("seen");
}

CASE("queue.blocked.uses-no-cpu", "a blocked thread uses no processor time") {
  IntQueue q, other;
  wait_in_two(q, other);
}

// shutdown

CASE("queue.shutdown.is-shutdown", "a queue can be shut down again, and immediately after not so") {
  each_kind(0, [](IntQueue& q) {
    q.put(1);
    Log{q.is_shutdown()};
    q.shutdown();
    Log{q.is_shutdown(), q.qsize()};
    q.shutdown(true);
    Log{q.is_shutdown(), q.qsize()};
    q.shutdown(false);
    q.shutdown();
    Log{q.is_shutdown()};
  });
}

CASE("queue.shutdown.put-raises", "put raises ShutDown") {
  each_kind(0, [](IntQueue& q) {
    q.shutdown();
    Log{raised([&] { q.put(1); }), raised([&] { q.put_nowait(1); }), q.qsize(),
        q.unfinished_tasks()};
  });
}

CASE("queue.shutdown.put-raises-when-full", "put raises ShutDown and not Full") {
  each_kind(2, [](IntQueue& q) {
    q.put(1);
    q.put_nowait(2);
    q.shutdown();
    Log{raised([&] { q.put(3); }), raised([&] { q.put_nowait(3); })};
    Log{raised([&] { q.put(3, {.timeout = times::must_not_expire}); }),
        raised([&] { q.put(3, {.block = false}); }), q.qsize()};
  });
}

CASE("queue.shutdown.get-raises-when-empty", "get raises ShutDown and not Empty") {
  each_kind(0, [](IntQueue& q) {
    q.shutdown();
    Log{raised([&] { return q.get(); }), raised([&] { return q.get_nowait(); })};
    Log{raised([&] { return q.get({.timeout = times::must_not_expire}); }),
        raised([&] { return q.get({.block = false}); })};
  });
}

CASE("queue.shutdown.get-drains", "what is held can still be taken, then get raises ShutDown") {
  each_kind(2, [](IntQueue& q) {
    q.put(1);
    q.put(2);
    q.shutdown();
    std::vector taken{q.get()};
    q.task_done();
    taken.push_back(q.get({.timeout = times::must_not_expire}));
    q.task_done();
    q.join();
    Log{sorted(taken), raised([&] { return q.get(); }), raised([&] { return q.get_nowait(); })};
  });
}

CASE("queue.shutdown.before-the-timeout", "the state is looked at before the timeout") {
  IntQueue q(5);
  q.put(1);
  q.shutdown();
  const auto get = [&] { return q.get({.timeout = -1s}); };
  Log{raised([&] { q.put(2, {.timeout = -1s}); }), raised(get)};
  q.get();
  log(raised(get));
}

CASE("queue.shutdown.immediate-drops-items",
     "an immediate shutdown drops what is held and counts it as done") {
  each_kind(2, [](IntQueue& q) {
    q.put(1);
    q.put_nowait(2);
    q.shutdown(true);
    log(q.qsize(), q.empty(), q.unfinished_tasks());
    Log{raised([&] { q.put(3); }), raised([&] { q.put_nowait(3); })};
    Log{raised([&] { return q.get(); }), raised([&] { return q.get_nowait(); })};
    Log{raised([&] { q.task_done(); }), raised([&] { q.join(); })};
  });
}

CASE("queue.shutdown.immediate-destroys-items", "an immediate shutdown destroys what is held") {
  queue::Queue<Item> q;
  const auto watchers = put_items(q, 3);
  q.shutdown();
  log(alive(watchers));
  q.shutdown(true);
  log(alive(watchers));
}

CASE("queue.shutdown.wakes-getters", "blocked gets raise ShutDown") {
  for (const bool immediate : {false, true})
    each_kind(0, [=](IntQueue& q) {
      Blocked blocked([&] { return q.get(); }, [&] { return q.get(); },
                      [&] { return q.get({.timeout = times::must_not_expire}); });
      q.shutdown(immediate);
      blocked.join();
      log(blocked.said());
    });
}

CASE("queue.shutdown.wakes-putters", "blocked puts raise ShutDown and put nothing") {
  for (const bool immediate : {false, true})
    each_kind(1, [=](IntQueue& q) {
      q.put(0);
      Blocked blocked([&] { q.put(1); }, [&] { q.put(2); },
                      [&] { q.put(3, {.timeout = times::must_not_expire}); });
      q.shutdown(immediate);
      blocked.join();
      log(blocked.said(), q.qsize(), q.unfinished_tasks());
    });
}

CASE("queue.shutdown.getters-share-the-rest",
     "threads that drain get each item once, the others ShutDown") {
  each_kind(2, [](IntQueue& q) {
    q.put(1);
    q.put(2);
    q.shutdown();
    std::vector<std::string> said(3);
    {
      Threads threads;
      for (std::string& own : said) threads.start([&] { own = outcome([&] { return q.get(); }); });
    }
    log(sorted(said));
  });
}

CASE("queue.shutdown.join-still-waits",
     "after a shutdown that is not immediate join waits for what is held") {
  each_kind(2, [](IntQueue& q) {
    q.put(1);
    q.put(2);
    Blocked blocked([&] { q.join(); }, [&] { q.join(); });
    q.shutdown();
    wait_until_blocked(2);
    log(blocked.said(), q.unfinished_tasks());
    for (int i = 0; i < 2; ++i) {
      q.get();
      q.task_done();
    }
    blocked.join();
    log(blocked.said());
  });
}

CASE("queue.shutdown.immediate-releases-join",
     "an immediate shutdown releases blocked joins, which do not raise") {
  each_kind(2, [](IntQueue& q) {
    q.put(1);
    q.put(2);
    Blocked blocked([&] { q.join(); }, [&] { q.join(); });
    q.shutdown(true);
    blocked.join();
    log(blocked.said(), q.unfinished_tasks(), raised([&] { q.join(); }));
  });
}

CASE("queue.shutdown.immediate-join-waits-for-taken",
     "what was taken before still has to be done") {
  each_kind(2, [](IntQueue& q) {
    q.put(1);
    q.put(2);
    q.get();
    Blocked blocked([&] { q.join(); });
    q.shutdown(true);
    wait_until_blocked(1);
    log(blocked.said(), q.unfinished_tasks());
    Log{raised([&] { q.task_done(); }), raised([&] { q.task_done(); })};
    blocked.join();
    log(blocked.said());
  });
}

CASE("queue.shutdown.put-and-join", "a put that comes late raises, a join that waits is served") {
  for (const bool immediate : {false, true})
    each_kind(2, [=](IntQueue& q) {
      q.put(1);
      Blocked blocked([&] { q.join(); });
      q.shutdown(immediate);
      log(raised([&] { q.put(2); }));
      if (immediate) {
        log(raised([&] { return q.get_nowait(); }));
      } else {
        log(q.get());
        q.task_done();
      }
      blocked.join();
      log(blocked.said());
    });
}

CASE("queue.shutdown.many-threads", "producers, consumers and joiners all end") {
  for (const bool immediate : {false, true})
    each_kind(50, [=](IntQueue& q) {
      const auto write = [&] {
        for (;;) q.put(1);
      };
      const auto read = [&] {
        for (;; q.task_done()) q.get();
      };
      const auto join = [&] { q.join(); };
      std::vector<std::string> ended(5);
      q.put(1);
      {
        Threads threads;
        for (const std::size_t index : {0U, 1U}) {
          threads.start([&, index] { ended[index] = raised(write); });
          threads.start([&, index] { ended[index + 2] = raised(join); });
        }
        for (int i = 0; i < 20; ++i) q.get();
        threads.start([&] { ended[4] = raised(read); });
        q.shutdown(immediate);
        for (int i = 0; i < 20; ++i) q.task_done();
      }
      log(ended, q.qsize(), q.unfinished_tasks());
    });
}

CASE("queue.forked.waiting-threads", "those that waited do not count in a child") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  IntQueue q(1), full(1);
  full.put(0);
  Threads threads;
  for (int i = 0; i < 2; ++i) {
    threads.start([&] { q.get(); });
    threads.start([&] { full.put(1); });
  }
  wait_until_blocked(4);
  EXPECT_EQ(said_until_exit([&](Child& child) {
              detail::forget_blocked();
              Threads own;
              int got = 0;
              own.start([&] { got = q.get(); });
              own.start([&] { full.put(7); });
              wait_until_blocked(2);
              q.put(42);
              full.get();
              own.join();
              child.say(std::to_string(got) + " " + std::to_string(full.get()));
              std::_Exit(0);
            }),
            (std::vector<std::string>{"42 7"}));
  q.put(1), q.put(2);
  full.get(), full.get();
  threads.join();
}
