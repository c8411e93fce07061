// multiprocessing.Queue
#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <numeric>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using mp::Queue;
using mp::Semaphore;
using Element = std::variant<std::monostate, bool, int, double, std::string>;
using List = std::vector<Element>;

namespace {

template <class Q>
auto taken(const Q& q, int count) {
  std::vector<decltype(q.get())> items;
  for (int i = 0; i < count; ++i) items.push_back(q.get({.timeout = times::must_not_expire}));
  return items;
}

std::vector<int> range(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

std::string shown(const Element& element) {
  return std::visit([](const auto& held) { return repr(held); }, element);
}
std::string shown(const List& list) {
  std::string items;
  for (const Element& element : list) items += (items.empty() ? "" : ", ") + shown(element);
  return "[" + items + "]";
}
std::string shown(const std::map<std::string, List>& lists) {
  std::string items;
  for (const auto& [key, list] : lists)
    items += (items.empty() ? "" : ", ") + repr(key) + ": " + shown(list);
  return "{" + items + "}";
}

bool acquired(const Semaphore& semaphore) {
  return semaphore.acquire({.timeout = times::must_not_expire});
}
bool acquired_soon(const Semaphore& semaphore) {
  return semaphore.acquire({.timeout = times::brief});
}

void put_numbers(const Queue<int>& q, int first, int count) {
  for (int number = first; number < first + count; ++number) q.put(number);
}

using Seen = std::pair<int, int>;  // by whom, what

void pass_on(const Queue<int>& source, const Queue<Seen>& target) {
  for (int number; (number = source.get()) != -1;) target.put({::getpid(), number});
}

bool in_order(const std::vector<Seen>& seen, int consumer, int count) {
  for (int producer = 0; producer < 3; ++producer) {
    std::vector<int> numbers;
    for (const auto& [who, number] : seen)
      if (who == consumer && number / count == producer) numbers.push_back(number);
    if (!std::is_sorted(numbers.begin(), numbers.end())) return false;
  }
  return true;
}

using Maybe = std::optional<int>;

void double_all(const Queue<Maybe>& source, const Queue<int>& target) {
  while (const Maybe number = source.get()) target.put(*number * 2);
}

void put_three(const Queue<int>& q, const Semaphore& put) {
  for (int number = 0; number < 3; ++number) {
    q.put(number);
    put.release();
  }
}

void close_stdin_and_put(const Queue<std::string>& q) {
  ::close(0);
  const Queue<std::string> own;
  own.put("put");
  q.put(own.get());
}

void put_and_close(const Queue<std::string>& q) {
  q.put("before");
  q.close();
}

void put_much_and_cancel(const Queue<std::string>& q) {
  q.put(std::string(4 * 1024 * 1024, 'x'));
  q.cancel_join_thread();
}

void put_much(const Queue<std::string>& q) {
  for (int i = 0; i < 4; ++i) q.put(std::string(1024 * 1024, 'x'));
}

void get_for_ever(const Queue<int>& q, const Semaphore& ready) {
  ready.release();
  for (;;) q.get();
}

void put_and_get_for_ever(const Queue<std::pair<int, std::string>>& q, int who) {
  // Wraps where the length of the text does, too, and before the numbers of the next one.
  for (int number = 0;; number = (number + 1) % 999'000) {
    q.put({who * 1'000'000 + number, std::string(static_cast<std::size_t>(number % 3000), 'x')});
    q.try_get();
  }
}

// What cannot be pickled, once it has been told to.
struct Unwilling {
  bool unwilling = false;
  template <class Archive>
  void serialize(Archive& archive) {
    if (unwilling) throw std::runtime_error("not me");
    archive(unwilling);
  }
};

// Python's has a thread that sends, and closes its pipe, once something has been put.
template <class Q>
void ask_whether_empty(const Q& unused, const Q& used) {
  unused.close();
  unused.join_thread();
  log(unused.empty());
  used.put(1);
  used.close();
  used.join_thread();
  log(raised([&] { used.empty(); }));
}

template <class Q>
void ask_closed(const Q& q) {
  q.put(1);
  q.close();
  Log{raised([&] { q.put(2); }), raised([&] { q.put_nowait(2); })};
  Log{raised([&] { q.get(); }), raised([&] { q.get_nowait(); }), raised([&] { q.close(); })};
  q.join_thread();
}

}  // namespace

// Bounds and sizes

CASE("multiprocessing.queue.maxsize.bounds", "so many items and no more") {
  const Queue<int> q(3);
  log(q.full());
  for (int number = 0; number < 3; ++number) q.put_nowait(number);
  Log{q.full(), raised([&] { q.put_nowait(7); }), raised([&] { q.put(7, {.block = false}); }),
      raised([&] { q.put(7, {.timeout = 0s}); })};
  Log{q.get(), q.full(), raised([&] { q.put_nowait(3); }), q.full()};
  Log{taken(q, 3), q.full()};
}

CASE("multiprocessing.queue.maxsize.none", "no bound unless one is given") {
  for (const Queue<int>& q : {Queue<int>(), Queue<int>(0), Queue<int>(-1)}) {
    for (int number = 0; number < 300; ++number) q.put_nowait(number);
    Log{q.full(), q.qsize(), taken(q, 300) == range(300)};
  }
}

CASE("multiprocessing.queue.qsize.counts", "the number of items inside") {
  const Queue<int> q;
  std::vector<std::size_t> sizes{q.qsize()};
  for (int number = 0; number < 3; ++number) {
    q.put(number);
    sizes.push_back(q.qsize());
  }
  for (int number = 0; number < 3; ++number) {
    q.get();
    sizes.push_back(q.qsize());
  }
  log(sizes);
}

CASE("multiprocessing.queue.empty.items", "whether there is an item") {
  const Queue<int> q;
  log(q.empty());
  q.put(1);
  Log{q.empty(), q.get(), q.empty()};
}

CASE("multiprocessing.queue.empty.at-once", "as soon as put() has returned") {
  const Queue<int> q;
  for (int number = 0; number < 1000; ++number) {
    q.put(number);
    ASSERT_FALSE(q.empty());
    ASSERT_EQ(q.get_nowait(), number);
  }
  const mp::Context context = mp::get_context();
  const Queue<int> other(context);
  run(context, put_numbers, other, 0, 1);
  EXPECT_FALSE(other.empty());
  EXPECT_EQ(other.get_nowait(), 0);
}

// Items

CASE("multiprocessing.queue.order.producer", "in the order of one process") {
  each_method([](const mp::Context& context) {
    const Queue<int> q(context);
    const mp::Process child = started(context, put_numbers, q, 0, 500);
    log(taken(q, 500) == range(500));
    child.join();
  });
}

CASE("multiprocessing.queue.items.once", "none lost, none twice") {
  each_method([](const mp::Context& context) {
    constexpr int count = 200;
    const Queue<int> source(context);
    const Queue<Seen> target(context);
    std::vector<mp::Process> consumers, producers;
    for (int i = 0; i < 2; ++i) consumers.push_back(started(context, pass_on, source, target));
    for (int first = 0; first < 3; ++first)
      producers.push_back(started(context, put_numbers, source, first * count, count));
    const std::vector<Seen> got = taken(target, 3 * count);
    const std::vector<int> pids{*consumers[0].pid(), *consumers[1].pid()};
    for (int i = 0; i < 2; ++i) source.put(-1);
    joined(consumers);
    joined(producers);
    std::vector<int> numbers;
    for (const auto& [who, number] : got) numbers.push_back(number);
    log(sorted(numbers) == range(3 * count));
    log(in_order(got, pids[0], count) && in_order(got, pids[1], count));
  });
}

CASE("multiprocessing.queue.items.values", "what was put") {
  const Queue<List> lists;
  lists.put({11, std::monostate(), "lily"});
  log(shown(lists.get()));
  const Queue<std::map<std::string, List>> maps;
  maps.put({{"one", {1.5, true}}, {"two", {}}});
  log(shown(maps.get()));
  const Queue<std::string> texts;
  texts.put("");
  const Queue<std::monostate> nothings;
  nothings.put({});
  const Queue<std::tuple<int, std::string>> tuples;
  tuples.put({-7, "text"});
  Log{texts.get() == "", nothings.get(), tuples.get()};
}

CASE("multiprocessing.queue.items.large", "larger than any buffer") {
  const Queue<std::string> q;
  for (const std::size_t size : {8u * 1024 * 1024, 1u, 8u * 1024 * 1024})
    q.put(std::string(size, 'x'));
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 3; ++i) sizes.push_back(q.get().size());
  log(sizes);
  // Two that come after one that is gone, the second of them larger than all before.
  const std::string first(10'000'000, 'a'), second(10'000'000, 'b'), third(20'000'000, 'c');
  q.put(first);
  log(q.get() == first);
  q.put(second);
  q.put(third);
  const bool is_second = q.get() == second;
  log(is_second, q.get() == third);
}

CASE("multiprocessing.queue.items.as-put", "as it was at the call") {
  const Queue<std::vector<int>> q;
  std::vector<int> item{1, 2};
  q.put(item);
  item.push_back(3);
  EXPECT_EQ(q.get(), (std::vector{1, 2}));
}

CASE("multiprocessing.queue.items.not-picklable", "fails at put()") {
  const Queue<Unwilling> q(1);
  EXPECT_TRUE(raised([&] { q.put({true}); }).ends_with("not me"));
  EXPECT_EQ(q.qsize(), 0u);
  EXPECT_TRUE(q.empty());
  q.put({false});
  EXPECT_TRUE(q.full());
  EXPECT_FALSE(q.get().unwilling);
}

// put and get

CASE("multiprocessing.queue.put.waits", "waits for room") {
  const Queue<int> q(1);
  q.put(1);
  Blocked blocked([&] { q.put(2); }, [&] { q.put(2, {.timeout = times::must_not_expire}); });
  const auto waiting = [&] {
    const auto said = blocked.said();
    return std::count(said.begin(), said.end(), std::nullopt);
  };
  Log{waiting(), q.get()};
  while (blocked.count("None") < 1) std::this_thread::yield();
  Log{blocked.count("None"), q.get()};
  blocked.join();
  Log{blocked.said(), q.get()};
}

CASE("multiprocessing.queue.put.timeout", "Full after the timeout, never before") {
  const Queue<int> q(1);
  q.put(1);
  const auto start = now();
  Log{raised([&] { q.put(2, {.timeout = times::must_expire}); }),
      now() - start >= times::must_expire};
  Log{raised([&] { q.put(2, {.timeout = 0s}); }), raised([&] { q.put(2, {.timeout = -1s}); }),
      q.qsize(), q.get()};
  Log{raised([&] { q.put(3, {.timeout = 0s}); }), q.get(),
      raised([&] { q.put(4, {.timeout = -1s}); }), q.get()};
}

CASE("multiprocessing.queue.put.nowait", "where there is room") {
  const Queue<int> q(2);
  Log{raised([&] { q.put_nowait(1); }),
      raised([&] { q.put(2, {.block = false, .timeout = -1s}); })};
  Log{raised([&] { q.put_nowait(3); }),
      raised([&] { q.put(3, {.block = false, .timeout = times::must_not_expire}); }), taken(q, 2)};
  EXPECT_TRUE(q.try_put(4) && q.try_put(5) && !q.try_put(6));
}

CASE("multiprocessing.queue.get.waits", "waits for an item") {
  const Queue<int> q;
  Blocked blocked([&] { return q.get(); });
  q.put(5);
  blocked.join();
  Blocked patient([&] { return q.get({.timeout = times::must_not_expire}); });
  q.put(6);
  patient.join();
  Log{blocked.said(), patient.said()};
}

CASE("multiprocessing.queue.get.timeout", "Empty after the timeout, never before") {
  const Queue<int> q;
  const auto start = now();
  Log{raised([&] { q.get({.timeout = times::must_expire}); }), now() - start >= times::must_expire};
  Log{raised([&] { q.get({.timeout = 0s}); }), raised([&] { q.get({.timeout = -1s}); })};
  q.put(1);
  log(q.get({.timeout = 0s}));
}

CASE("multiprocessing.queue.get.nowait", "where there is an item") {
  const Queue<int> q;
  const auto get = [&] { return q.get_nowait(); };
  Log{raised(get), raised([&] { q.get({.block = false}); }),
      raised([&] { q.get({.block = false, .timeout = times::must_not_expire}); })};
  q.put(1);
  q.put(2);
  Log{q.get(), get(), raised(get)};
  EXPECT_FALSE(q.try_get());
}

CASE("multiprocessing.queue.get.one", "one put, one get") {
  const Queue<int> q;
  const Semaphore back(0);
  Blocked blocked = Blocked::many(3, [&] {
    const int number = q.get();
    back.release();
    return number;
  });
  for (int number = 0; number < 3; ++number) {
    q.put(number);
    Log{acquired(back), acquired_soon(back)};
  }
  blocked.join();
  log(sorted(blocked.said()));
}

// Processes

CASE("multiprocessing.queue.processes.crosses", "the same queue there") {
  each_method([](const mp::Context& context) {
    const Queue<Maybe> source(context);
    const Queue<int> target(context);
    const mp::Process child = started(context, double_all, source, target);
    for (const int number : {1, 2, 3}) source.put(number);
    log(taken(target, 3));
    source.put({});
    child.join();
    Log{child.exitcode(), source.qsize(), target.qsize()};
  });
}

CASE("multiprocessing.queue.processes.forked-with-items", "what was put before is there once") {
  const mp::Context context = mp::get_context();
  const Queue<int> q(context);
  put_numbers(q, 0, 10);
  run(context, put_numbers, q, 10, 10);
  put_numbers(q, 20, 10);
  Log{sorted(taken(q, 30)) == range(30), q.qsize()};
}

CASE("multiprocessing.queue.processes.waits", "room that another process makes") {
  each_method([](const mp::Context& context) {
    const Queue<int> q(context, 2);
    const Semaphore put(context, 0);
    const mp::Process child = started(context, put_three, q, put);
    put.acquire();
    put.acquire();
    Log{acquired_soon(put), q.full(), q.get()};
    Log{acquired(put), taken(q, 2)};
    child.join();
  });
}

CASE("multiprocessing.queue.processes.no-stdin", "without descriptor 0") {
  const mp::Context context = mp::get_context();
  const Queue<std::string> q(context);
  const mp::Process child = started(context, close_stdin_and_put, q);
  log(q.get());
  child.join();
  log(child.exitcode());
}

CASE("multiprocessing.queue.sharing.inheritance", "no queue goes over a connection") {
  const auto [reader, writer] = mp::Pipe(false);
  Log{raised([&] { writer.send(Queue<int>()); }), reader.poll()};
  Log{raised([&] { writer.send(mp::JoinableQueue<int>()); }), reader.poll()};
  Log{raised([&] { writer.send(mp::SimpleQueue<int>()); }), reader.poll()};
}

// The end of a queue and of its users

CASE("multiprocessing.queue.close.refuses", "no put, no get") {
  ask_closed(Queue<int>(1));
  ask_closed(mp::JoinableQueue<int>(1));
}

CASE("multiprocessing.queue.close.empty", "empty() raises where something was put") {
  ask_whether_empty(Queue<int>(), Queue<int>());
  ask_whether_empty(mp::JoinableQueue<int>(), mp::JoinableQueue<int>());
}

CASE("multiprocessing.queue.close.others", "only for one process") {
  const mp::Context context = mp::get_context();
  const Queue<std::string> q(context);
  Log{run(context, put_and_close, q), q.get(), raised([&] { q.put("after"); }), q.get()};
}

CASE("multiprocessing.queue.join-thread.closed-only", "after close()") {
  const Queue<std::string> q;
  const auto join = [&] { q.join_thread(); };
  log(raised(join));
  q.put(std::string(1000, 'x'));
  q.close();
  Log{raised(join), raised(join)};
}

CASE("multiprocessing.queue.cancel-join-thread.ends", "does not wait for who takes it") {
  const mp::Context context = mp::get_context();
  log(run(context, put_much_and_cancel, Queue<std::string>(context)));
}

CASE("multiprocessing.queue.producer-ended.items", "taken after its end") {
  each_method([](const mp::Context& context) {
    const Queue<int> q(context);
    Log{run(context, put_numbers, q, 0, 5), taken(q, 5)};
  });
}

CASE("multiprocessing.queue.producer-ended.before-drain", "join() before anything is taken") {
  for (const char* const method : start_methods) {
    const mp::Context context = mp::get_context(method);
    const Queue<std::string> q(context);
    EXPECT_EQ(run(context, put_much, q), 0);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(q.get_nowait(), std::string(1024 * 1024, 'x'));
  }
}

CASE("multiprocessing.queue.killed.reader", "killed while it waits") {
  const mp::Context context = mp::get_context();
  const Queue<int> q(context);
  for (int i = 0; i < 3; ++i) {
    const Semaphore ready(context, 0);
    const mp::Process reader = started(context, get_for_ever, q, ready);
    ready.acquire();
    let_others_run();
    killed(reader);
    q.put(i);
    EXPECT_EQ(q.get({.timeout = times::must_not_expire}), i);
  }
}

CASE("multiprocessing.queue.killed.at-random", "killed in the middle") {
  const mp::Context context = mp::get_context();
  const Queue<std::pair<int, std::string>> q(context);
  for (int round = 0; round < 40; ++round) {
    std::vector<mp::Process> children;
    for (int who = 0; who < 3; ++who)
      children.push_back(started(context, put_and_get_for_ever, q, 1 + round * 3 + who));
    // Each of these may take as long as the children may run at a stretch.
    for (int moment = 0; moment < 10 * round; ++moment) std::this_thread::yield();
    for (const mp::Process& child : children) child.kill();
    joined(children);
    std::map<int, int> seen;
    while (const auto item = q.try_get()) {
      ++seen[item->first];
      ASSERT_EQ(item->second,
                std::string(static_cast<std::size_t>(item->first % 1'000'000 % 3000), 'x'));
    }
    for (const auto& [number, count] : seen) ASSERT_EQ(count, 1);
    q.put({-7, ""});
    ASSERT_EQ(q.get({.timeout = times::must_not_expire}).first, -7);
  }
}

CASE("multiprocessing.queue.killed.maker", "the others go on with what was put") {
  EXPECT_EQ(without_maker<Queue<int>>(), std::vector<std::string>(3, "0 99 True"));
}

CASE("multiprocessing.queue.shutdown.ends", "no more for anybody") {
  const mp::Context context = mp::get_context();
  const Queue<int> q(context, 2);
  q.put(1);
  q.put(2);
  Blocked putter([&] { q.put(3); });
  q.shutdown();
  putter.join();
  EXPECT_EQ(putter.said()[0], "ShutDown");
  EXPECT_EQ(raised([&] { q.put(4); }), "ShutDown");
  EXPECT_EQ(q.get(), 1);
  EXPECT_EQ(q.get(), 2);
  EXPECT_EQ(raised([&] { q.get(); }), "ShutDown");

  const Queue<int> other(context);
  Blocked getter([&] { return other.get(); });
  run(
      context, +[](const Queue<int>& queue) { queue.shutdown(); }, other);
  getter.join();
  EXPECT_EQ(getter.said()[0], "ShutDown");

  const Queue<int> at_once;
  at_once.put(1);
  at_once.shutdown(true);
  EXPECT_EQ(raised([&] { at_once.get(); }), "ShutDown");
  EXPECT_TRUE(at_once.is_shutdown());
}
