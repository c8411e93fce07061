#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <span>
#include <sstream>
#include <type_traits>

#include "conformance/concurrent/futures/support.hpp"
#include "conformance/harness/aligned.hpp"

namespace tandem::conformance {
namespace {

using futures::ShutdownOptions;
using futures::WorkItem;

// Runs everything at once, in the caller.
class Inline final : public futures::ExecutorBase {
 public:
  void shutdown(ShutdownOptions = {}) override {}

 protected:
  void post(WorkItem item) override { item.run(); }
};

// Keeps everything until it is told to run it.
class Deferred final : public futures::ExecutorBase {
 public:
  void shutdown(ShutdownOptions = {}) override {}
  void run(int count = 1) {
    for (; count > 0; --count) taken().run();
  }
  WorkItem taken() {
    WorkItem item = std::move(items.front());
    items.pop_front();
    return item;
  }
  std::deque<WorkItem> items;

 protected:
  void post(WorkItem item) override { items.push_back(std::move(item)); }
};

int absolute(int n) { return n < 0 ? -n : n; }

int divide(int x, int y) {
  if (y == 0) throw ValueError("division by zero");
  return x / y;
}

int power(int base, int exponent) {
  int product = 1;
  for (; exponent > 0; --exponent) product *= base;
  return product;
}

// fn, which writes down what it is called with first.
template <class F>
auto recorded(F fn, std::vector<int>& calls) {
  return [fn, &calls](int first, auto... rest) {
    calls.push_back(first);
    return fn(first, rest...);
  };
}

template <class Steps>
std::string steps_of(Steps& results, int count) {
  std::string line = results.next();
  while (--count > 0) line += " " + results.next();
  return line;
}

CASE("futures.executor.submit", "submit() gives the future of the call") {
  ThreadPoolExecutor pool(2);
  const Future<int> f = pool.submit(power, 2, 8);
  const int result = f.result();
  log(result, f.done(), f.running(), f.cancelled(), f.exception() ? "an exception" : "None");
}

CASE("futures.executor.submit-arguments", "the arguments are those given to submit()") {
  ThreadPoolExecutor pool(2);
  log(pool.submit([] { return "none"; }).result());
  const auto join = [](const std::string& a, int b, bool c) {
    return a + std::to_string(b) + (c ? "True" : "False");
  };
  log(pool.submit(join, "text", 1, true).result());
  std::vector<int> seen;
  pool.submit([](std::vector<int>& to, int n) { to.push_back(n); }, std::ref(seen), 5).result();
  log(seen);
}

CASE("futures.executor.submit-exception", "what the call raises is the future's") {
  ThreadPoolExecutor pool(2);
  const Future<int> f = pool.submit(divide, 1, 0);
  const std::string end = raised([&] { f.result(); });
  log(end, raised_by(f.exception()), f.done(), f.cancelled(), f);
}

CASE("futures.executor.submit-none", "the call of something without a result") {
  ThreadPoolExecutor pool(2);
  const Future<void> f = pool.submit([] {});
  const std::string end = raised([&] { f.result(); });
  log(end, f.exception() ? "an exception" : "None", f);
}

CASE("futures.executor.submit-after-shutdown", "no work is taken after shutdown()") {
  ThreadPoolExecutor pool(2);
  pool.shutdown();
  log(raised([&] { pool.submit(mul, 2, 5); }));
}

CASE("futures.executor.map-after-shutdown", "map() after shutdown() raises at once") {
  ThreadPoolExecutor pool(2);
  pool.shutdown();
  log(raised([&] { pool.map(absolute, std::vector{1, 2}); }));
  log(raised([&] { pool.map(absolute, std::vector<int>()); }));
}

CASE("futures.executor.shutdown-twice", "shutdown() may be called again") {
  ThreadPoolExecutor pool(2);
  const Future<int> f = pool.submit(mul, 2, 5);
  pool.shutdown({.wait = false});
  const auto again = [&] { pool.shutdown(); };
  const std::string once = raised(again);
  const std::string twice = raised(again);
  log(once, twice, raised([&] { pool.shutdown({.cancel_futures = true}); }));
  log(f.result(), raised([&] { pool.submit(mul, 2, 5); }));
}

CASE("futures.executor.map", "map() over two iterables, with and without a chunk size") {
  ThreadPoolExecutor pool(5);
  const std::vector<int> range = numbers(0, 5);
  log(collected(pool.map(power, range, range)));
  log(collected(pool.map(power, range, range, {.chunksize = 3})));
}

CASE("futures.executor.map-several", "map() over one, two, three and four iterables") {
  ThreadPoolExecutor pool(2);
  const std::vector a{1, 2};
  const std::vector b{3, 4};
  const std::vector c{5, 6};
  const std::vector d{7, 8};
  const auto sum = [](auto... n) { return (n + ...); };
  log(collected(pool.map(absolute, std::vector{-1, 2})));
  log(collected(pool.map(mul, a, b)));
  log(collected(pool.map(sum, a, b, c)));
  log(collected(pool.map(sum, a, b, c, d)));
}

CASE("futures.executor.map-types", "the iterables may differ in type, and the results") {
  ThreadPoolExecutor pool(2);
  const auto repeat = [](const std::string& text, int n) {
    std::string all;
    for (; n > 0; --n) all += text;
    return all;
  };
  log(collected(pool.map(repeat, std::vector<std::string>{"a", "b"}, std::list{2, 3})));
  log(collected(pool.map([](const std::string& text) { return text.size(); },
                         std::vector<std::string>{"", "abc"})));
}

CASE("futures.executor.map-shortest", "map() ends with the shortest iterable") {
  ThreadPoolExecutor pool(2);
  log(collected(pool.map(mul, std::vector{1, 2, 3}, std::vector{4, 5})));
  log(collected(pool.map(mul, std::vector<int>(), std::vector{4, 5})));
  EXPECT_EQ(collected(pool.map(mul, std::vector{1}, std::views::iota(7))), std::vector{7});
  // A stream gives each number once: what comes next tells how far it was read.
  std::istringstream endless("7 8 9 10 11 12 13 14");
  for (const auto& shorter : {std::vector{1}, std::vector<int>(), std::vector{1, 2}}) {
    const auto products =
        collected(pool.map(mul, shorter, std::ranges::istream_view<int>(endless)));
    int next = 0;
    endless >> next;
    log(products, "next", next);
  }
}

CASE("futures.executor.map-empty", "map() over nothing") {
  ThreadPoolExecutor pool(2);
  const std::vector<int> nothing;
  log(collected(pool.map(absolute, nothing)),
      collected(pool.map(absolute, nothing, {.timeout = 0s})));
}

CASE("futures.executor.map-one-pass", "an iterable that can be read only once") {
  ThreadPoolExecutor pool(2);
  std::istringstream text("-1 -2");
  log(collected(pool.map(absolute, std::views::istream<int>(text))));
}

CASE("futures.executor.map-order", "results come in the order of the input") {
  Deferred executor;
  std::vector<int> results;
  auto range = executor.map(absolute, std::vector{1, 2, 3});
  std::reverse(executor.items.begin(), executor.items.end());
  executor.run(3);
  for (const int result : range) results.push_back(result);
  log(results);
}

CASE("futures.executor.map-eager", "everything is submitted before a result is asked for") {
  std::vector<int> done;
  ThreadPoolExecutor pool(1);
  pool.map([&](int n) { done.push_back(n); }, numbers(0, 10));
  pool.shutdown({.wait = true});
  log(done);
}

CASE("futures.executor.map-submits-at-once", "all items are with the executor") {
  Deferred executor;
  auto results = executor.map(absolute, numbers(0, 5));
  log(executor.items.size());
  executor.run(5);
  log(collected(results));
}

CASE("futures.executor.map-blocks-per-result", "a result is given as soon as it is there") {
  Deferred executor;
  Steps results(executor.map(absolute, numbers(0, 3)));
  executor.run();
  log(results.next());
  executor.run();
  log(results.next());
  executor.run();
  const std::string last = results.next();
  log(last, results.next());
}

CASE("futures.executor.map-exception", "the exception comes in its place and ends the iteration") {
  ThreadPoolExecutor pool(5);
  Steps results(pool.map(divide, std::vector{1, 1, 1, 1}, std::vector{2, 3, 0, 5}));
  log(steps_of(results, 4));
}

CASE("futures.executor.map-exception-cancels", "after an exception the rest is cancelled") {
  Deferred executor;
  std::vector<int> calls;
  Steps results(
      executor.map(recorded(divide, calls), std::vector{4, 3, 2, 1}, std::vector{1, 0, 1, 1}));
  executor.run(2);
  const std::string first = results.next();
  log(first, results.next());
  executor.run(2);
  log(calls);
}

CASE("futures.executor.map-timeout", "TimeoutError where a result is not there in time") {
  Deferred executor;
  const auto start = now();
  Steps results(executor.map(absolute, std::vector{1, 2, 3}, {.timeout = times::must_expire}));
  executor.run(2);
  log(steps_of(results, 4));
  log(now() - start >= times::must_expire);
}

CASE("futures.executor.map-timeout-cancels", "after TimeoutError the rest is cancelled") {
  Deferred executor;
  std::vector<int> calls;
  Steps results(executor.map(recorded(absolute, calls), std::vector{1, 2, 3, 4}, {.timeout = 0s}));
  executor.run(2);
  log(steps_of(results, 3));
  executor.run(2);
  log(calls);
}

CASE("futures.executor.map-timeout-zero", "what is done is given although no time is left") {
  Inline executor;
  log(collected(executor.map(absolute, std::vector{1, 2}, {.timeout = 0s})),
      collected(executor.map(absolute, std::vector{1, 2}, {.timeout = -1s})));
}

CASE("futures.executor.map-current-future-cancel", "what map() gave up never runs") {
  threading::Event stop;
  std::vector<std::string> ran;
  const auto log_and_wait = [&](const std::string& name) {
    ran.push_back(name + " started");
    stop.wait();
    ran.push_back(name + " stopped");
    return 0;
  };
  {
    ThreadPoolExecutor pool(1);
    const auto first = pool.submit(log_and_wait, "first");
    {
      Steps results(
          pool.map(log_and_wait, std::vector<std::string>{"second", "third"}, {.timeout = 0s}));
      log(results.next());
    }
    stop.set();
    first.result();
  }
  log(ran);
}

CASE("futures.executor.map-abandoned", "an iteration that is left early cancels the rest") {
  Deferred executor;
  std::vector<int> calls;
  {
    auto results = executor.map(recorded(absolute, calls), numbers(0, 4));
    executor.run(2);
    for (const int result : results) {
      log(result);
      break;
    }
  }
  executor.run(2);
  log(calls);
}

CASE("futures.executor.map-never-iterated", "an iteration that never began cancels nothing") {
  Deferred executor;
  std::vector<int> calls;
  { auto results = executor.map(recorded(absolute, calls), numbers(0, 3)); }
  executor.run(3);
  log(calls);
}

CASE("futures.executor.map-chunksize", "the chunk size does not change the results") {
  ThreadPoolExecutor pool(2);
  for (const std::size_t chunksize : {1U, 2U, 50U}) {
    const futures::MapOptions options{.chunksize = chunksize};
    log(collected(pool.map(absolute, numbers(0, 5), options)));
    Steps results(pool.map(divide, std::vector{4, 3, 2, 1}, std::vector{1, 1, 0, 1}, options));
    log(steps_of(results, 4));
  }
}

CASE("futures.executor.map-chunksize-tasks", "a chunk is one task") {
  Deferred executor;
  auto results = executor.map(absolute, numbers(0, 5), {.chunksize = 3});
  EXPECT_EQ(executor.items.size(), 2U);
  const std::string said = raised([&] { executor.map(absolute, numbers(0, 5), {.chunksize = 0}); });
  EXPECT_EQ(said, "ValueError: chunksize must be >= 1.");
  executor.run(2);
  EXPECT_EQ(collected(std::move(results)), numbers(0, 5));
  log(said);
}

CASE("futures.executor.map-view",
     "a container's elements are copied, a view is read by the calls") {
  Deferred executor;
  std::vector<int> xs = numbers(0, 4);
  auto copied = executor.map(absolute, xs);
  auto read = executor.map(absolute, std::span(xs), {.chunksize = 3});
  auto sums = executor.map([](int x, int y) { return x + y; }, std::span(xs), numbers(0, 3));
  auto counted = executor.map(absolute, std::views::iota(-2, 2));
  // Its elements are made by what stands in the view itself, which may be gone when they are
  // called.
  const auto made = std::views::iota(1, 4) |
                    std::views::transform([&xs](int n) { return xs[static_cast<std::size_t>(n)]; });
  auto transformed = executor.map(absolute, made);
  for (int& x : xs) x = -x - 10;
  executor.run(4 + 2 + 3 + 4 + 3);
  EXPECT_EQ(collected(std::move(copied)), numbers(0, 4));
  EXPECT_EQ(collected(std::move(read)), numbers(10, 14));
  EXPECT_EQ(collected(std::move(sums)), (std::vector{-10, -10, -10}));
  EXPECT_EQ(collected(std::move(counted)), (std::vector{2, 1, 0, 1}));
  EXPECT_EQ(collected(std::move(transformed)), numbers(1, 4));
}

CASE("futures.executor.map-input-raises", "what the iterable raises, map() raises") {
  const auto input = [](int n) {
    if (n > 2) throw ValueError("no more");
    return n;
  };
  Deferred executor;
  std::vector<int> calls;
  const std::string end = raised([&] {
    executor.map(recorded(absolute, calls), std::views::iota(1, 9) | std::views::transform(input));
  });
  log(end, executor.items.size());
  executor.run(2);
  log(calls);
}

CASE("futures.executor.map-discarded-shutdown", "results nobody reads do not hinder shutdown()") {
  ThreadPoolExecutor pool(5);
  pool.map([](int n) { return std::to_string(n); }, std::vector<int>(6, 2));
  log(raised([&] { pool.shutdown(); }));
}

CASE("futures.executor.user-made-submit", "an executor made by the user: the same futures") {
  Inline executor;
  const Future<int> f = executor.submit(mul, 6, 7);
  log(f.done(), f.result(), f);
  const Future<int> g = executor.submit(divide, 1, 0);
  log(g.done(), raised([&] { g.result(); }));
}

CASE("futures.executor.user-made-deferred", "a work item runs when its executor wants it to") {
  Deferred executor;
  const Future<int> f = executor.submit(mul, 6, 7);
  log(f.done(), f.running(), f);
  executor.run();
  log(f.done(), f.result());
}

CASE("futures.executor.user-made-cancelled", "running a cancelled work item only notifies") {
  Deferred executor;
  std::vector<int> calls;
  const Future<void> f = executor.submit([&](int n) { calls.push_back(n); }, 1);
  const bool cancelled = f.cancel();
  log(cancelled, futures::wait({f}, {.timeout = 0s}).done.size());
  executor.run();
  log(calls, futures::wait({f}, {.timeout = 0s}).done.size());
}

CASE("futures.executor.user-made-running", "while its work item runs a future is running") {
  Deferred executor;
  std::vector<std::tuple<bool, bool, bool>> seen;
  std::optional<Future<void>> own;
  own = executor.submit([&] {
    const bool running = own->running();
    const bool cancelled = own->cancel();
    seen.emplace_back(running, cancelled, own->done());
  });
  executor.run();
  log(seen);
}

CASE("futures.executor.user-made-map", "an executor made by the user has map()") {
  Inline executor;
  log(collected(executor.map(mul, std::vector{1, 2, 3}, std::vector{4, 5, 6})));
  Steps results(executor.map(divide, std::vector{4, 1, 2}, std::vector{2, 0, 1}));
  log(steps_of(results, 3));
}

CASE("futures.executor.work-item-fail", "fail() of a work item sets its future without a call") {
  Deferred executor;
  int calls = 0;
  const Future<void> f = executor.submit([&] { ++calls; });
  const Future<void> g = executor.submit([&] { ++calls; });
  EXPECT_TRUE(g.cancel());
  executor.taken().fail(error<ValueError>("no worker"));
  executor.taken().fail(error<ValueError>("no worker"));
  const std::vector<std::string> said{raised([&] { f.result(0s); }), raised([&] { g.result(0s); })};
  EXPECT_EQ(said, (std::vector<std::string>{"ValueError: no worker", "CancelledError"}));
  EXPECT_EQ(futures::wait({f, g}, {.timeout = 0s}).done.size(), 2U);
  EXPECT_EQ(calls, 0);
  log(said, calls);
}

CASE("futures.executor.work-item-dropped", "no future waits for ever for a lost work item") {
  Deferred executor;
  const Future<int> f = executor.submit(mul, 2, 3);
  executor.items.clear();
  const std::string end = raised([&] { f.result(times::must_not_expire); });
  const auto waited = futures::wait({f}, {.timeout = times::must_not_expire});
  log(end, waited.done.size());
  EXPECT_EQ(end, "CancelledError");
  EXPECT_EQ(waited.done.size(), 1U);
}

CASE("futures.executor.set-result-on-task", "a running task's result is its own") {
  Deferred executor;
  std::string said;
  std::optional<Future<int>> own;
  own = executor.submit([&] {
    said = raised([&] { own->set_result(1); });
    return 2;
  });
  executor.run();
  EXPECT_EQ(kind(said), "InvalidStateError");
  EXPECT_EQ(own->result(), 2);
  log(said, own->result());
}

CASE("futures.executor.submit-by-reference", "std::ref passes the object, all else is bound") {
  Deferred executor;
  int object = 1;
  std::string text = "before";
  const auto by_reference = executor.submit([](int& n) { ++n; }, std::ref(object));
  const auto by_value = executor.submit([](const std::string& bound) { return bound; }, text);
  text = "after";
  executor.run(2);
  EXPECT_EQ(object, 2);
  EXPECT_EQ(by_value.result(), "before");
  log(object, by_value.result());
}

CASE("futures.executor.over-aligned", "what asks for an alignment has it") {
  ThreadPoolExecutor pool(1);
  const auto as_given = [](const Aligned& given) {
    return Aligned{given.stands_right() ? given.number : -1};
  };
  for (int number = 0; number < 3; ++number) {
    const auto future = pool.submit(
        [bound = Aligned{1}](const Aligned& given) {
          return Aligned{bound.stands_right() && given.stands_right() ? given.number : -1};
        },
        Aligned{number});
    EXPECT_EQ(future.result().number, number);
    EXPECT_TRUE(future.result().stands_right());
    Future<Aligned> own;
    own.set_result(Aligned{number});
    EXPECT_TRUE(own.result().stands_right());
  }
  int mapped = 0;
  for (const Aligned& each : pool.map(as_given, std::vector<Aligned>{{1}, {2}}))
    mapped += each.stands_right() ? each.number : 0;
  EXPECT_EQ(mapped, 3);
  log(mapped);
}

CASE("futures.executor.submit-move-only", "move-only callables, arguments and results") {
  ThreadPoolExecutor pool(1);
  auto owned = std::make_unique<int>(6);
  auto f = pool.submit([factor = std::make_unique<int>(7)](
                           std::unique_ptr<int> n) { return std::make_unique<int>(*n * *factor); },
                       std::move(owned));
  EXPECT_EQ(*f.result(), 42);
  EXPECT_EQ(*std::move(f).result(), 42);
  log(*pool.submit([] { return std::make_unique<int>(42); }).result());
}

CASE("futures.executor.submit-not-standard", "throw 42 arrives as 42") {
  ThreadPoolExecutor pool(1);
  const Future<void> f = pool.submit([] { throw 42; });
  int caught = 0;
  try {
    f.result();
  } catch (int number) {
    caught = number;
  }
  EXPECT_EQ(caught, 42);
  EXPECT_EQ(pool.submit(mul, 2, 3).result(), 6);
  log(caught, f);
}

CASE("futures.executor.task-released", "a task does not outlive its call") {
  const auto token = std::make_shared<int>(1);
  ThreadPoolExecutor pool(1);
  const Future<int> f = pool.submit([](const std::shared_ptr<int>& n) { return *n; }, token);
  const Future<int> g = pool.submit([token] { return *token; });
  f.result();
  g.result();
  wait_until_blocked(1);
  EXPECT_EQ(token.use_count(), 1);
  log(token.use_count());
}

CASE("futures.executor.map-releases-results", "nothing is kept of a result that was yielded") {
  Inline executor;
  std::vector<std::weak_ptr<int>> made;
  auto results = executor.map(
      [&](int n) {
        auto object = std::make_shared<int>(n);
        made.emplace_back(object);
        return object;
      },
      numbers(0, 4));
  std::vector<std::ptrdiff_t> alive;
  for (auto object : results) {
    object.reset();
    alive.push_back(
        std::count_if(made.begin(), made.end(), [](const auto& one) { return !one.expired(); }));
  }
  log(alive);
  // The iterator may hold the one that it stands on.
  ASSERT_EQ(alive.size(), 4U);
  EXPECT_LE(alive[3], 1);
  EXPECT_LE(alive[0], 4);
}

// 0, 1, 2, … with a count of how many were read.
class Source {
 public:
  auto upto(int end) {
    return std::views::iota(0, end) | std::views::transform([this](int n) { return read(n); });
  }
  auto endless() {
    return std::views::iota(0) | std::views::transform([this](int n) { return read(n); });
  }
  int count() const { return count_; }

 private:
  int read(int n) {
    ++count_;
    return n;
  }
  int count_ = 0;
};

CASE("futures.executor.map-buffersize", "a buffer size limits what is submitted ahead") {
  Inline executor;
  Source source;
  Steps results(executor.map(absolute, source.upto(6), {.buffersize = 2}));
  std::vector<int> read{source.count()};
  for (int n = 0; n < 6; ++n) {
    EXPECT_EQ(results.next(), std::to_string(n));
    read.push_back(source.count());
  }
  EXPECT_EQ(results.next(), "end");
  EXPECT_EQ(read, (std::vector{2, 3, 4, 5, 6, 6, 6}));
  log(read);
}

CASE("futures.executor.map-buffersize-endless", "an endless iterable") {
  ThreadPoolExecutor pool(2);
  Source source;
  int sum = 0;
  for (const int n : pool.map(absolute, source.endless(), {.buffersize = 3})) {
    if (n == 10) break;
    sum += n;
  }
  EXPECT_EQ(sum, 45);
  log(sum);
}

CASE("futures.executor.map-buffersize-larger", "results, order and exceptions are the same") {
  ThreadPoolExecutor pool(2);
  const std::vector<int> input = numbers(0, 5);
  const std::vector<int> all = collected(pool.map(absolute, input));
  for (const int size : {1, 2, 5, 50}) {
    futures::MapOptions options;
    options.buffersize = static_cast<std::size_t>(size);
    EXPECT_EQ(collected(pool.map(absolute, input, options)), all);
    Steps results(pool.map(divide, std::vector{1, 1, 1}, std::vector{1, 0, 1}, options));
    EXPECT_EQ(results.next(), "1");
    EXPECT_EQ(results.next(), "ValueError: division by zero");
    EXPECT_EQ(results.next(), "end");
  }
  log(all);
}

CASE("futures.executor.map-buffersize-invalid", "a buffer size below one is a ValueError") {
  Deferred executor;
  const std::string said =
      raised([&] { executor.map(absolute, numbers(0, 3), {.buffersize = 0}); });
  EXPECT_EQ(said, "ValueError: buffersize must be None or > 0");
  EXPECT_TRUE(executor.items.empty());
  log(said);
}

// Takes no more after shutdown(), as a pool does.
class Closing final : public futures::ExecutorBase {
 public:
  void shutdown(ShutdownOptions = {}) override { closed_ = true; }
  Deferred kept;

 protected:
  void post(WorkItem item) override {
    if (closed_) throw RuntimeError("cannot schedule new futures after shutdown");
    kept.items.push_back(std::move(item));
  }

 private:
  bool closed_ = false;
};

CASE("futures.executor.map-buffersize-submit-fails",
     "an error while it submits ends the iteration") {
  const auto ended = [](auto& executor, Deferred& kept, auto range, auto spoil) {
    std::vector<int> calls;
    Steps results(executor.map(recorded(absolute, calls), std::move(range), {.buffersize = 2}));
    kept.run();
    EXPECT_EQ(results.next(), "0");
    spoil();
    const std::string said = results.next();
    EXPECT_EQ(results.next(), "end");
    kept.run(2);
    EXPECT_EQ(calls, std::vector{0});
    log(said, calls);
    return said;
  };
  Closing closing;
  EXPECT_EQ(ended(closing, closing.kept, numbers(0, 5), [&] { closing.shutdown(); }),
            "RuntimeError: cannot schedule new futures after shutdown");
  Deferred deferred;
  const auto fragile = std::views::iota(0, 5) | std::views::transform([](int n) {
                         return n < 3 ? n : throw ValueError("no more input");
                       });
  EXPECT_EQ(ended(deferred, deferred, fragile, [] {}), "ValueError: no more input");
}

CASE("futures.executor.map-braces", "map() takes its items in braces too") {
  ThreadPoolExecutor pool(2);
  const std::vector<int> results = collected(pool.map(absolute, {-1, 2, -3}));
  EXPECT_EQ(results, (std::vector{1, 2, 3}));
  log(results);
}

template <futures::Executor E>
int doubled(E& executor, int n) {
  return executor.submit(mul, n, 2).result();
}

CASE("futures.executor.concept", "generic code over any executor") {
  static_assert(futures::Executor<ThreadPoolExecutor>);
  static_assert(futures::Executor<Inline>);
  static_assert(!futures::Executor<int>);
  static_assert(std::is_abstract_v<futures::ExecutorBase>);
  static_assert(!std::is_copy_constructible_v<Inline>);
  static_assert(!std::is_copy_constructible_v<ThreadPoolExecutor>);
  static_assert(!std::is_move_constructible_v<ThreadPoolExecutor>);
  ThreadPoolExecutor pool(1);
  Inline here;
  log(doubled(pool, 4), doubled(here, 5));
  EXPECT_EQ(doubled(pool, 4) + doubled(here, 5), 18);
}

CASE("futures.executor.options-order", "those of map(), and of shutdown()") {
  const auto [timeout, chunksize, buffersize] = futures::MapOptions{};
  static_assert(std::same_as<decltype(timeout), const Timeout>);
  static_assert(std::same_as<decltype(chunksize), const std::size_t>);
  EXPECT_FALSE(buffersize);
  log("timeout", timeout.is_forever() ? "None" : "a number");
  log("chunksize", chunksize);
  // That this compiles is the order.
  const ShutdownOptions given{.wait = ShutdownOptions{}.wait,
                              .cancel_futures = ShutdownOptions{}.cancel_futures};
  const auto [wait, cancel_futures] = given;
  log("wait", wait);
  log("cancel_futures", cancel_futures);
}

}  // namespace
}  // namespace tandem::conformance
