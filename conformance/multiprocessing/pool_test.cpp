// multiprocessing.Pool
#include <fcntl.h>
#include <sched.h>
#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <exception>
#include <functional>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "conformance/harness/run_program.hpp"
#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using namespace std::string_literals;
using mp::AsyncResult;
using mp::Pool;
using tandem::call;

namespace {

// What workers call

int square(int x) { return x * x; }
std::int64_t square64(std::int64_t x) { return x * x; }
int multiply(int x, int y) { return x * y; }
int pid() { return ::getpid(); }
int pid_of(int) { return ::getpid(); }

int both_at(const std::string& gate, int value) {
  enter(gate);
  return value;
}

std::string pass_gate(const std::string& gate) {
  enter(gate);
  return gate.substr(gate.rfind('/') + 1);
}

int pid_at(const std::string& gate) {
  enter(gate);
  return ::getpid();
}

void fail(const std::string& text) { throw tandem::ValueError(text); }

void missing(const std::string& path) { throw tandem::FileNotFoundError(ENOENT, path); }

int fail_at(int x) {
  if (x == 3 || x == 6) throw tandem::ValueError("at " + std::to_string(x));
  return x * x;
}

int note_and_fail_at(const std::string& path, int x) {
  note(path, x);
  return fail_at(x);
}

void fail_or_wait(const std::string& gate, int which) {
  if (which == 0) throw tandem::ValueError("at once");
  enter(gate);
}

std::string twice(const std::string& text) { return text + text; }

void say(const std::string& path, const std::string& text) { note(path, text); }

// What cannot be pickled, once it has been told to.
struct Unwilling {
  bool unwilling = false;
  template <class Archive>
  void serialize(Archive& archive) {
    if (unwilling) throw tandem::RuntimeError("not me");
    archive(unwilling);
  }
};
int identity(const Unwilling&) { return 0; }
Unwilling make_unwilling() { return {true}; }

// What can be pickled, but not unpickled, once it has been told to.
struct Unreadable {
  bool unreadable = false;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(unreadable);
    if constexpr (Archive::is_loading::value)
      if (unreadable) throw tandem::RuntimeError("not to be read");
  }
};
Unreadable make_unreadable(bool unreadable) { return {unreadable}; }

struct Described {
  bool daemon;
  int parent;
  bool own;
};
Described describe() {
  const mp::Process process = mp::current_process();
  return {process.daemon(), ::getppid(), process.pid() == ::getpid()};
}

std::vector<int> state;
void set_state(int first, int second) { state.push_back(first + second); }
int get_state() { return state.size() == 1 ? state[0] : -static_cast<int>(state.size()); }
int get_state_of(int) { return get_state(); }

struct Shared {
  mp::Lock lock;
  mp::RawValue<int> value;
  mp::SimpleQueue<int> q;
};
std::optional<Shared> shared;
void keep(const mp::Lock& lock, const mp::RawValue<int>& value, const mp::SimpleQueue<int>& q) {
  shared = Shared{lock, value, q};
}
void count_in(int times) {
  for (int i = 0; i < times; ++i) {
    std::scoped_lock guard(shared->lock);
    ++shared->value.value();
  }
  shared->q.put(times);
}

void use_a_pool_without_stdin(const mp::SimpleQueue<std::vector<int>>& q) {
  ::close(0);
  Pool pool(2);
  q.put(pool.map(square, {0, 1, 2, 3}));
}

void fail_to_begin() { throw tandem::ValueError("no beginning"); }

int die_at(int x) {
  if (x == 3) ::kill(::getpid(), SIGKILL);
  return x * x;
}

void die() { ::kill(::getpid(), SIGKILL); }

void have_pool(std::string method, std::string top) {
  Pool pool = mp::get_context(method).Pool(2);
  auto results = pool.imap_unordered(come_to_gate, {top, top});
  results.next();
  open_gate(top + "/ready");
  wait_to_be_killed();
}

void ignore_interrupts() { std::signal(SIGINT, SIG_IGN); }
mp::PoolOptions deaf_to_interrupts() { return {.processes = 2, .initializer = ignore_interrupts}; }

int pid_past(const std::string& hello, const std::string& gate) {
  open_gate(hello);
  return pid_at(gate);
}

// A process group of its own, which is interrupted while both workers are busy.
void interrupt_all(const Folder& folder, const std::string& path) {
  ::setpgid(0, 0);
  std::signal(SIGINT, SIG_DFL);
  Pool pool(deaf_to_interrupts());
  std::signal(SIGINT, [](int) {});  // not the workers'
  std::vector<AsyncResult<int>> results;
  for (const char* const name : {"a", "b"})
    results.push_back(pool.apply_async(pid_past, folder.path("hello "s + name), folder.path(name)));
  for (const char* const name : {"a", "b"}) enter(folder.path("hello "s + name));
  ::kill(0, SIGINT);
  for (const char* const name : {"a", "b"}) open_gate(folder.path(name));
  const std::set<int> pids{results[0].get(), results[1].get()};
  note(path, pids.size(), pids.contains(pool.apply(pid)));
  pool.close();
  pool.join();
}

// Paths: what it holds until its end, where it says that it has begun, and what it waits for.
void hold_until(const std::vector<std::string>& paths) {
  hold(paths[0]);
  open_gate(paths[1]);
  enter(paths[2]);
}

// Waits in get(), map() or join().
void wait_for_an_interrupt(const std::string& where, const std::vector<std::string>& paths) {
  ::setpgid(0, 0);
  std::signal(SIGINT, SIG_DFL);
  Pool pool(deaf_to_interrupts());
  if (where == "map") pool.map(hold_until, {paths});
  const auto result = pool.apply_async(hold_until, paths);
  if (where == "get") result.get();
  pool.close();
  pool.join();
}

// What the cases say of results

std::vector<int> range(int begin, int end) {
  std::vector<int> numbers;
  for (int number = begin; number < end; ++number) numbers.push_back(number);
  return numbers;
}
std::vector<int> range(int end) { return range(0, end); }
std::vector<int> squares(const std::vector<int>& numbers) {
  std::vector<int> all;
  for (const int number : numbers) all.push_back(square(number));
  return all;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

template <class T>
std::vector<T> list(mp::IMapIterator<T> results) {
  std::vector<T> all;
  for (const T& result : results) all.push_back(result);
  return all;
}

// What Python's next() returns or raises.
template <class T>
std::string next(mp::IMapIterator<T>& results, tandem::Timeout timeout = {}) {
  return outcome([&] {
    const auto result = results.next(timeout);
    return result ? str(*result) : std::string("StopIteration");
  });
}

std::string kind(const std::string& said) { return said.substr(0, said.find(':')); }

template <class T>
std::string got(const AsyncResult<T>& result, tandem::Timeout timeout = {}) {
  return raised([&] { result.get(timeout); });
}

std::string text_of(const std::exception_ptr& error) {
  return raised([&] { std::rethrow_exception(error); });
}

// How often each value comes, one after another.
std::vector<int> runs(const std::vector<int>& values) {
  std::vector<int> counts;
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (index > 0 && values[index] == values[index - 1])
      ++counts.back();
    else
      counts.push_back(1);
  }
  return counts;
}

// 0, 1, … count - 1, but for what comes instead of one of them.
class SayingWhen {
 public:
  SayingWhen(int count, int when) : count_(count), when_(when) {}

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    iterator(int number, int count, int when) : number_(number), count_(count), when_(when) {}
    int operator*() const {
      if (number_ == when_) throw tandem::RuntimeError("when");
      return number_;
    }
    iterator& operator++() {
      ++number_;
      return *this;
    }
    void operator++(int) { ++number_; }
    bool operator==(std::default_sentinel_t) const { return number_ == count_; }

   private:
    int number_, count_, when_;
  };
  iterator begin() const { return {0, count_, when_}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  int count_, when_;
};

// 0, 1, 2, … for somebody else to read: how many that were, and one that it has to wait for.
class Numbers {
  template <class R>
  auto read_each(R numbers) {
    return std::views::transform(std::move(numbers), [this](int n) { return read(n); });
  }

 public:
  explicit Numbers(int awaited = -1) : awaited_(awaited) {}

  auto endless() { return read_each(std::views::iota(0)); }
  auto upto(int end) {
    return read_each(std::views::iota(0) |
                     std::views::take_while([end](int n) { return n < end; }));
  }
  auto sized(int end) { return read_each(std::views::iota(0, end)); }

  void go_on() { event_.set(); }
  int count() const { return count_; }
  // Waits until so many were read; and those that follow at once.
  int count_from(int enough) const {
    while (count_ < enough) std::this_thread::yield();
    let_others_run();
    return count_;
  }

 private:
  int read(int n) {
    ++count_;
    if (n == awaited_) event_.wait();
    return n;
  }

  int awaited_;
  std::atomic<int> count_ = 0;
  tandem::threading::Event event_;
};

}  // namespace

// Making one

CASE("multiprocessing.pool.processes.number", "so many processes of their own") {
  for (const int count : {1, 3}) {
    Pool pool(count);
    const Folder folder;
    std::vector<std::string> gates;
    std::vector<AsyncResult<int>> results;
    for (int number = 0; number < count; ++number) {
      gates.push_back(folder.gate(std::to_string(number)));
      results.push_back(pool.apply_async(pid_at, gates.back()));
    }
    for (auto gate = gates.rbegin(); gate != gates.rend(); ++gate) open_gate(*gate);
    std::set<int> pids;
    for (const auto& result : results) pids.insert(result.get());
    Log{pids.size(), pids.contains(::getpid()), mp::active_children().size()};
    bool all_of_them = true;
    for (int i = 0; i < 10; ++i) all_of_them &= pids.contains(pool.apply(pid));
    log(all_of_them);
  }
}

CASE("multiprocessing.pool.processes.many", "a hundred of them") {
  Pool pool(100);
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<int> squares = pool.map(square, numbers);
  log(std::accumulate(squares.begin(), squares.end(), 0), mp::active_children().size());
}

CASE("multiprocessing.pool.processes.default", "as many as processors") {
  cpu_set_t usable;
  ASSERT_EQ(::sched_getaffinity(0, sizeof usable, &usable), 0);
  Pool pool;
  pool.apply(pid);
  log(mp::active_children().size() == static_cast<std::size_t>(CPU_COUNT(&usable)));
}

CASE("multiprocessing.pool.processes.invalid", "at least one") {
  Log{raised([] { Pool(0); }), raised([] { Pool(-1); })};
}

CASE("multiprocessing.pool.processes.daemons", "daemons of this process") {
  Pool pool = fork_only("the system's parent of a fork server's child is the server").Pool(1);
  const Described described = pool.apply(describe);
  Log{described.daemon, described.parent == ::getpid(), described.own};
}

CASE("multiprocessing.pool.methods", "with each start method") {
  each_method([](const mp::Context& context) {
    Pool pool = context.Pool({.processes = 2, .initializer = call(set_state, 20, 22)});
    Log{pool.apply(get_state), pool.map(square, range(6)), list(pool.imap(square, {7, 8}))};
    Log{raised([&] { pool.apply(fail, "no"); }), raised([&] { pool.map(fail_at, range(5)); })};
    Log{pool.starmap(multiply, {std::tuple(2, 3), std::tuple(4, 5)}),
        sorted(list(pool.imap_unordered(square, range(3))))};
    pool.close();
    pool.join();
  });
}

CASE("multiprocessing.pool.initializer.each-worker", "once in each, first") {
  {
    Pool pool({.processes = 3, .initializer = call(set_state, 1, 2)});
    const std::vector<int> states = pool.map(get_state_of, range(30), 1);
    const std::set<int> different(states.begin(), states.end());
    log(std::vector<int>(different.begin(), different.end()));
  }
  const Folder folder;
  const std::string path = folder.path("notes");
  {
    Pool pool({.processes = 2, .initializer = call(say, path, "begun")});
    const std::vector<std::string> gates{folder.gate("a"), folder.gate("b")};
    const auto results = pool.map_async(pass_gate, gates, 1);
    open_gate(gates[1]);
    open_gate(gates[0]);
    log(results.get());
  }
  log_notes(path);
}

CASE("multiprocessing.pool.initializer.inherits", "what goes by inheritance") {
  each_method([](const mp::Context& context) {
    const mp::Lock lock(context);
    const mp::RawValue<int> value(0);
    const mp::SimpleQueue<int> q(context);
    Pool pool = context.Pool({.processes = 2, .initializer = call(keep, lock, value, q)});
    pool.map(count_in, {500, 500, 500}, 1);
    const int sum = q.get() + q.get() + q.get();
    Log{value.value(), sum};
  });
}

CASE("multiprocessing.pool.initializer.fails", "nothing waits for ever") {
  for (const char* const method : start_methods) {
    Pool pool = mp::get_context(method).Pool({.processes = 2, .initializer = call(fail_to_begin)});
    const auto result = pool.apply_async(square, 2);
    EXPECT_NE(got(result, times::must_not_expire), "TimeoutError");
    EXPECT_FALSE(result.successful());
    EXPECT_NE(raised([&] { pool.apply_async(square, 3).get(times::must_not_expire); }),
              "TimeoutError");
  }
}

CASE("multiprocessing.pool.maxtasksperchild.replaced", "another process after so many tasks") {
  {
    Pool pool({.processes = 1, .maxtasksperchild = 2});
    std::vector<int> pids;
    for (int i = 0; i < 6; ++i) pids.push_back(pool.apply(pid));
    Log{pids[0] == pids[1], pids[2] == pids[3], pids[4] == pids[5],
        std::set<int>(pids.begin(), pids.end()).size()};
  }
  Pool pool({.processes = 3, .maxtasksperchild = 10});
  std::vector<int> results;
  for (const int number : range(20)) results.push_back(pool.apply_async(square, number).get());
  log(results);
  std::vector<AsyncResult<int>> all;
  for (const int number : range(100)) all.push_back(pool.apply_async(square, number));
  results.clear();
  for (const auto& result : all) results.push_back(result.get());
  log(results == squares(range(100)));
}

CASE("multiprocessing.pool.maxtasksperchild.early-close", "after close() too") {
  Pool pool({.processes = 3, .maxtasksperchild = 1});
  std::vector<AsyncResult<int>> all;
  for (const int number : range(8)) all.push_back(pool.apply_async(square, number));
  pool.close();
  pool.join();
  std::vector<int> results;
  for (const auto& result : all) results.push_back(result.get());
  log(results);
}

CASE("multiprocessing.pool.maxtasksperchild.invalid", "at least one") {
  Log{raised([] { Pool({.processes = 1, .maxtasksperchild = 0}); }),
      raised([] { Pool({.processes = 1, .maxtasksperchild = -1}); })};
}

CASE("multiprocessing.pool.no-stdin", "without descriptor 0") {
  const mp::Context context = mp::get_context();
  const mp::SimpleQueue<std::vector<int>> q(context);
  Log{run(context, use_a_pool_without_stdin, q), q.get()};
}

CASE("multiprocessing.pool.repr", "its state and its size") {
  Pool pool(2);
  log(to_string(pool));
  pool.close();
  log(to_string(pool));
  pool.terminate();
  log(to_string(pool));
}

// One call

CASE("multiprocessing.pool.apply.result", "waits for the result") {
  Pool pool(2);
  Log{pool.apply(square, 5), pool.apply(multiply, 6, 7), pool.apply(twice, "ab")};
  Log{pool.apply(pid) != ::getpid(), pool.apply_async(multiply, 6, 7).get()};
}

CASE("multiprocessing.pool.apply.raises", "what the call raised") {
  Pool pool(1);
  Log{raised([&] { pool.apply(fail, "some text"); }),
      raised([&] { pool.apply(missing, "/no/such"); })};
  log(pool.apply(square, 3));
}

CASE("multiprocessing.pool.apply-async.returns", "at once") {
  Pool pool(1);
  const Folder folder;
  const std::string gate = folder.gate("gate");
  const auto result = pool.apply_async(both_at, gate, 7);
  log(result.ready());
  open_gate(gate);
  Log{result.get(), result.get(times::must_not_expire)};
}

CASE("multiprocessing.pool.apply-async.at-the-same-time", "as many as workers, and no more") {
  Pool pool(2);
  const Folder folder;
  std::vector<std::string> gates;
  std::vector<AsyncResult<std::string>> results;
  for (const char* const name : {"a", "b", "c"}) {
    gates.push_back(folder.gate(name));
    results.push_back(pool.apply_async(pass_gate, gates.back()));
  }
  tandem::threading::Thread third([&] { open_gate(gates[2]); });
  third.start();
  third.join(times::must_expire);
  log(third.is_alive());
  open_gate(gates[1]);
  Log{results[1].get(), results[0].ready()};
  third.join();
  Log{results[2].get(), results[0].ready()};
  open_gate(gates[0]);
  log(results[0].get());
}

// One worker is held up. Calls have been quick, so that many of them may be handed over ahead.
CASE("multiprocessing.pool.apply-async.in-order", "the oldest first") {
  Pool pool(2);
  pool.map(square, range(2000), 1);
  const Folder folder;
  const std::string gate = folder.gate("gate"), tokens = folder.gate("tokens");
  const int keeps = checked(::open(tokens.c_str(), O_RDWR | O_CLOEXEC));
  const auto held = pool.apply_async(pass_gate, gate);
  std::vector<AsyncResult<void>> results;
  for (const int number : range(200))
    results.push_back(pool.apply_async(say, folder.path("notes"), str(number)));
  for (const auto& result : results) result.get();
  log(count_in_order(folder.path("notes")));
  results.clear();
  for ([[maybe_unused]] const int number : range(20)) {
    pool.apply_async(square, 2);
    pool.apply_async(give, tokens);
    results.push_back(pool.apply_async(take, tokens));
  }
  for (const auto& result : results) result.get();
  log(held.ready());
  open_gate(gate);
  log(held.get());
  ::close(keeps);
}

CASE("multiprocessing.pool.apply-async.arguments-not-picklable", "fails alone") {
  Pool pool(1);
  Log{raised([&] { pool.apply_async(identity, Unwilling{true}).get(); }), pool.apply(square, 3)};
}

CASE("multiprocessing.pool.apply-async.result-not-picklable", "fails alone") {
  Pool pool(1);
  const int before = pool.apply(pid);
  std::vector<std::string> caught;
  for (int i = 0; i < 3; ++i) {
    const auto result = pool.apply_async(
        call(make_unwilling),
        {.error_callback = [&](std::exception_ptr error) { caught.push_back(text_of(error)); }});
    const std::string said = kind(got(result));
    Log{said, kind(caught.back()), result.successful()};
  }
  Log{caught[0].find("not me") != std::string::npos,
      caught[0].find("Error sending result: '") != std::string::npos};
  log(pool.apply(pid) == before);
}

CASE("multiprocessing.pool.apply-async.result-not-unpicklable", "fails alone") {
  Pool pool(1);
  const int before = pool.apply(pid);
  EXPECT_TRUE(got(pool.apply_async(make_unreadable, true)).ends_with("not to be read"));
  EXPECT_FALSE(pool.apply(make_unreadable, false).unreadable);
  EXPECT_EQ(pool.apply(pid), before);
}

CASE("multiprocessing.pool.apply-async.callback", "called with the result") {
  Pool pool(1);
  std::vector<std::pair<int, bool>> seen;
  std::vector<bool> ready;
  std::optional<AsyncResult<int>> result_of;
  tandem::threading::Event go;
  const int own = ::getpid();
  result_of = pool.apply_async(call(square, 5), {.callback = [&](int value) {
                                 go.wait();
                                 seen.emplace_back(value, ::getpid() == own);
                                 ready.push_back(result_of->ready());
                               }});
  go.set();
  Log{result_of->get(), seen, ready};
}

CASE("multiprocessing.pool.apply-async.error-callback", "called with what was raised") {
  Pool pool(1);
  std::vector<std::string> seen;
  const auto result = pool.apply_async(
      call(fail, "text"),
      {.callback = [&](auto&&) { seen.push_back("called"); },
       .error_callback = [&](std::exception_ptr error) { seen.push_back(text_of(error)); }});
  Log{got(result), seen};
}

CASE("multiprocessing.pool.apply-async.callback-raises", "the pool goes on") {
  Pool pool(1);
  const auto result = pool.apply_async(call(square, 5),
                                       {.callback = [](int) { throw tandem::RuntimeError("no"); }});
  EXPECT_EQ(result.get(), 25);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

CASE("multiprocessing.pool.apply-async.callback-hands-over", "a callback hands over more") {
  Pool pool(1);
  std::optional<AsyncResult<int>> later;
  tandem::threading::Event done;
  pool.apply_async(call(square, 2), {.callback = [&](int value) {
                     later = pool.apply_async(square, value);
                     done.set();
                   }});
  done.wait();
  log(later->get());
}

// AsyncResult

CASE("multiprocessing.pool.async-result.get-timeout",
     "TimeoutError after the timeout, never before") {
  Pool pool(1);
  const Folder folder;
  const std::string gate = folder.gate("gate");
  const auto result = pool.apply_async(both_at, gate, 7);
  const auto start = now();
  Log{got(result, times::must_expire), now() - start >= times::must_expire};
  Log{got(result, 0s), got(result, -1s)};
  Log{std::is_base_of_v<mp::ProcessError, mp::TimeoutError>,
      std::is_base_of_v<tandem::TimeoutError, mp::TimeoutError>};
  open_gate(gate);
  Log{result.get(), result.get(0s)};
}

CASE("multiprocessing.pool.async-result.get-again", "the same again") {
  Pool pool(1);
  const auto good = pool.apply_async(twice, "ab");
  const auto bad = pool.apply_async(fail, "text");
  Log{std::vector{good.get(), good.get(), good.get()}, std::vector{got(bad), got(bad), got(bad)}};
}

CASE("multiprocessing.pool.async-result.wait", "until it is ready, or for so long") {
  Pool pool(1);
  const Folder folder;
  const std::string gate = folder.gate("gate");
  const auto result = pool.apply_async(both_at, gate, 7);
  const auto start = now();
  Log{raised([&] { result.wait(times::must_expire); }), now() - start >= times::must_expire,
      result.ready()};
  open_gate(gate);
  result.wait();
  log(result.ready());
  const auto bad = pool.apply_async(fail, "text");
  Log{raised([&] { bad.wait(); }), bad.ready(), raised([&] { bad.wait(0s); })};
}

CASE("multiprocessing.pool.async-result.ready", "once the call has ended") {
  Pool pool(1);
  const Folder folder;
  const std::string gate = folder.gate("gate");
  const auto good = pool.apply_async(both_at, gate, 7);
  const auto bad = pool.apply_async(fail, "text");
  log(std::vector{good.ready(), bad.ready()});
  open_gate(gate);
  good.wait();
  bad.wait();
  log(std::vector{good.ready(), bad.ready()});
}

CASE("multiprocessing.pool.async-result.successful", "whether nothing was raised") {
  Pool pool(1);
  const Folder folder;
  const std::string gate = folder.gate("gate");
  const auto good = pool.apply_async(both_at, gate, 7);
  const auto bad = pool.apply_async(fail, "text");
  log(raised([&] { good.successful(); }));
  open_gate(gate);
  good.wait();
  bad.wait();
  Log{good.successful(), bad.successful()};
}

CASE("multiprocessing.pool.async-result.outlives", "read after the pool is gone") {
  std::optional<Pool> pool(std::in_place, 1);
  const auto good = pool->apply_async(twice, "ab");
  const auto bad = pool->apply_async(fail, "text");
  pool->close();
  pool->join();
  pool.reset();
  Log{good.get(), got(bad)};
}

// Many calls

CASE("multiprocessing.pool.map.order", "in the order of the input") {
  Pool pool(3);
  const Folder folder;
  const std::vector<int> numbers = range(50);
  for (const std::optional<std::size_t> chunksize :
       {std::optional<std::size_t>(), std::optional<std::size_t>(1), std::optional<std::size_t>(7),
        std::optional<std::size_t>(50), std::optional<std::size_t>(1000)})
    log(pool.map(square, numbers, chunksize) == squares(numbers));
  Log{pool.map(twice, std::vector<std::string>{"a", "b", "c"}), pool.map(square, range(4)),
      pool.map(square, {3})};
  const std::vector<std::string> gates{folder.gate("a"), folder.gate("b"), folder.gate("c")};
  const auto results = pool.map_async(pass_gate, gates, 1);
  for (auto gate = gates.rbegin(); gate != gates.rend(); ++gate) open_gate(*gate);
  log(results.get());
}

CASE("multiprocessing.pool.map.empty", "nothing of nothing") {
  Pool pool(1);
  const std::vector<int> nothing;
  Log{pool.map(square, nothing), pool.map(square, nothing, 1),
      pool.map_async(square, nothing).get(),
      pool.starmap(multiply, std::vector<std::tuple<int, int>>())};
  Log{list(pool.imap(square, nothing)), list(pool.imap_unordered(square, nothing))};
  Log{pool.map_async(square, nothing, 1).get(times::must_not_expire),
      pool.map_async(square, nothing).successful()};
}

CASE("multiprocessing.pool.map.chunks", "four tasks to a worker") {
  for (const int count : {3, 8, 9, 10, 25}) {
    Pool pool({.processes = 1, .maxtasksperchild = 1});
    Log{count, runs(pool.map(pid_of, range(count)))};
  }
  Pool pool({.processes = 2, .maxtasksperchild = 1});
  log(sorted(runs(pool.map(pid_of, range(20)))));
}

CASE("multiprocessing.pool.map.chunksize", "so many calls to a task") {
  Pool pool({.processes = 1, .maxtasksperchild = 1});
  for (const std::size_t chunksize : {1u, 3u, 10u, 100u})
    Log{chunksize, runs(pool.map(pid_of, range(10), chunksize))};
  std::vector<std::tuple<int>> arguments;
  for (const int number : range(7)) arguments.emplace_back(number);
  Log{runs(pool.starmap(pid_of, arguments, 3)), runs(list(pool.imap(pid_of, range(7), 3)))};
}

CASE("multiprocessing.pool.map.chunksize-zero", "at least one call to a task") {
  Pool pool(1);
  EXPECT_EQ(raised([&] { pool.map(square, {1}, 0); }), "ValueError: Chunksize must be 1+, not 0");
  EXPECT_EQ(raised([&] { pool.map_async(square, {1}, 0); }),
            "ValueError: Chunksize must be 1+, not 0");
}

CASE("multiprocessing.pool.map.raises", "what one of them raised") {
  Pool pool(1);
  Log{raised([&] { pool.map(fail_at, range(10), 1); }),
      raised([&] { pool.map(fail_at, range(10), 5); })};
  Log{raised([&] { pool.map(fail_at, range(10)); }), raised([&] {
        pool.starmap(fail, {std::tuple("first"s), std::tuple("next"s)}, 1);
      })};
  log(pool.map(fail_at, range(3)));
}

CASE("multiprocessing.pool.map.no-fail-fast", "all are run, although one raised") {
  Pool pool(2);
  const Folder folder;
  const std::string path = folder.path("notes"), gate = folder.gate("gate");
  const auto result =
      pool.starmap_async(fail_or_wait, {std::tuple(gate, 0), std::tuple(gate, 1)}, 1);
  Log{got(result, times::must_expire), result.ready()};
  open_gate(gate);
  log(got(result));
  std::vector<std::tuple<std::string, int>> arguments;
  for (const int number : range(8)) arguments.emplace_back(path, number);
  log(kind(raised([&] { pool.starmap(note_and_fail_at, arguments, 1); })));
  std::ifstream notes(path);
  std::vector<int> ran;
  for (int number; notes >> number;) ran.push_back(number);
  log(sorted(ran));
}

CASE("multiprocessing.pool.map.input-raises", "what the input raises") {
  Pool pool(1);
  log(raised([&] { pool.map(square, SayingWhen(1, 0), 1); }));
  log(raised([&] { pool.map(square, SayingWhen(10, 3), 1); }));
  log(pool.map(square, SayingWhen(4, 7)));
}

CASE("multiprocessing.pool.map.not-picklable", "what pickling raised") {
  Pool pool(2);
  Log{raised([&] { pool.map(identity, std::vector<Unwilling>(10, Unwilling{true})); }),
      pool.map(square, {2, 3})};
}

CASE("multiprocessing.pool.map.large", "many calls, large values") {
  Pool pool(2);
  const auto sum = [](const std::vector<std::int64_t>& values) {
    return std::accumulate(values.begin(), values.end(), std::int64_t{0});
  };
  Log{sum(pool.map(square64, range(20000))), sum(pool.map(square64, range(2000), 1))};
  std::vector<std::string> texts;
  for (const char letter : {'a', 'b', 'c', 'd'}) texts.emplace_back(1024 * 1024, letter);
  std::vector<std::tuple<std::string, std::string, std::size_t>> shown;
  for (const std::string& text : pool.map(twice, texts, 1))
    shown.emplace_back(text.substr(0, 1), text.substr(text.size() - 1), text.size());
  log(shown);
}

CASE("multiprocessing.pool.map.threads", "used by several threads") {
  Pool pool(2);
  const Folder folder;
  std::atomic<int> done{0}, right{0};
  const std::vector<std::string> gates{folder.gate("a"), folder.gate("b")};
  std::vector<std::thread> threads;
  for (const std::string& gate : gates) threads.emplace_back([&] { pool.apply(pass_gate, gate); });
  open_gate(gates[1]);
  open_gate(gates[0]);
  for (const int first : {0, 100, 200})
    threads.emplace_back([&, first] {
      for (int i = 0; i < 10; ++i) {
        const std::vector<int> numbers = range(first, first + 20);
        if (pool.map(square, numbers) != squares(numbers)) continue;
        ++done;
        right += pool.apply(square, first) == first * first;
      }
    });
  for (std::thread& thread : threads) thread.join();
  Log{done.load(), done == right};
}

CASE("multiprocessing.pool.map-async.order", "in the order of the input") {
  Pool pool(2);
  const Folder folder;
  log(pool.map_async(square, range(10)).get());
  const std::vector<std::string> gates{folder.gate("a"), folder.gate("b")};
  const auto result = pool.map_async(pass_gate, gates, 1);
  open_gate(gates[1]);
  log(result.ready());
  open_gate(gates[0]);
  Log{result.get(), result.successful()};
}

CASE("multiprocessing.pool.map-async.callbacks", "called once, with all") {
  Pool pool(2);
  std::vector<std::vector<int>> results;
  std::vector<std::string> errors;
  const auto keep_result = [&](const std::vector<int>& result) { results.push_back(result); };
  const auto keep_error = [&](std::exception_ptr error) {
    const std::string said = text_of(error);
    errors.push_back(said.substr(said.find(": ") + 2));
  };
  pool.map_async(square, range(5), {.callback = keep_result, .error_callback = keep_error}).wait();
  Log{results, errors};
  pool.map_async(fail_at, range(5),
                 {.chunksize = 1, .callback = keep_result, .error_callback = keep_error})
      .wait();
  Log{results, errors};
  pool.starmap_async(multiply, {std::tuple(2, 3)},
                     {.callback = keep_result, .error_callback = keep_error})
      .wait();
  Log{results, errors};
}

CASE("multiprocessing.pool.starmap.arguments", "each element is the arguments") {
  Pool pool(2);
  std::vector<std::pair<int, int>> pairs;
  for (const int number : range(10)) pairs.emplace_back(number, 9 - number);
  Log{pool.starmap(multiply, pairs), pool.starmap(multiply, pairs, 3),
      pool.starmap_async(multiply, pairs).get()};
  log(pool.starmap(twice, {std::tuple("ab"s), std::tuple("c"s)}));
}

CASE("multiprocessing.pool.imap.order", "one by one, in the order of the input") {
  Pool pool(2);
  const Folder folder;
  for (const std::size_t chunksize : {1u, 3u, 100u})
    log(list(pool.imap(square, range(10), chunksize)));
  int sum = 0;
  for (const int result : pool.imap(square, range(1000), 100)) sum += result;
  log(sum);
  const std::vector<std::string> gates{folder.gate("a"), folder.gate("b"), folder.gate("c")};
  auto results = pool.imap(pass_gate, gates);
  open_gate(gates[1]);
  log(next(results, times::brief));
  open_gate(gates[0]);
  Log{next(results), next(results)};
  open_gate(gates[2]);
  Log{next(results), next(results)};
}

CASE("multiprocessing.pool.imap.raises", "raised in its place") {
  Pool pool(1);
  const auto read = [](auto results, int count) {
    std::vector<std::string> seen;
    for (int i = 0; i < count; ++i) seen.push_back(next(results));
    log(seen);
  };
  read(pool.imap(fail_at, range(8)), 9);
  read(pool.imap_unordered(fail_at, range(4)), 5);
}

CASE("multiprocessing.pool.imap.timeout", "TimeoutError, and again") {
  Pool pool(1);
  const Folder folder;
  const std::string gate = folder.gate("gate");
  const auto start = now();
  const auto ask = [&](auto results) {
    Log{next(results, times::must_expire), now() - start >= times::must_expire};
    log(next(results, 0s));
    open_gate(gate);
    Log{next(results, times::must_not_expire), next(results, times::brief)};
  };
  ask(pool.imap(pass_gate, {gate}));
  ask(pool.imap_unordered(pass_gate, {gate}));
}

CASE("multiprocessing.pool.imap.chunksize-invalid", "at least one") {
  Pool pool(1);
  Log{raised([&] { return pool.imap(square, {1}, 0); }),
      raised([&] { return pool.imap_unordered(square, {1}, 0); })};
}

CASE("multiprocessing.pool.imap.input-raises", "in the place of what was not read") {
  Pool pool(1);
  const auto ask = [&](auto saying_when) {
    for (const auto& [count, when, chunksize] : {std::tuple(1, 0, 1u), std::tuple(10, 3, 1u),
                                                 std::tuple(20, 7, 2u), std::tuple(20, 7, 4u)}) {
      auto results = pool.imap(square, saying_when(count, when), chunksize);
      std::vector<std::string> seen;
      do seen.push_back(next(results));
      while (std::isdigit(static_cast<unsigned char>(seen.back()[0])));
      seen.push_back(next(results));
      log(seen);
    }
    for (const auto& [count, when] : {std::tuple(1, 0), std::tuple(10, 3)}) {
      auto results = pool.imap_unordered(square, saying_when(count, when));
      std::vector<std::string> seen;
      do seen.push_back(next(results));
      while (seen.back() != "StopIteration");
      log(sorted(seen));
    }
  };
  ask([](int count, int when) { return SayingWhen(count, when); });
  ask([](int count, int when) {
    return std::views::iota(0, count) | std::views::transform([when](int number) {
             return number == when ? throw tandem::RuntimeError("when") : number;
           });
  });
}

CASE("multiprocessing.pool.imap.lazy", "results of what was read, before there is more") {
  Pool pool(2);
  const auto ask = [&](auto make) {
    for (const unsigned chunksize : {1u, 2u}) {
      Numbers numbers(4);
      auto results = make(numbers.upto(6), chunksize);
      std::vector<std::string> seen;
      for (int n = 0; n < 4; ++n) seen.push_back(next(results, times::must_not_expire));
      log(sorted(seen));
      if (chunksize == 1) log(next(results, times::brief));
      numbers.go_on();
      log(sorted(list(std::move(results))));
    }
  };
  ask([&](auto r, unsigned size) { return pool.imap(square, std::move(r), size); });
  ask([&](auto r, unsigned size) { return pool.imap_unordered(square, std::move(r), size); });
}

CASE("multiprocessing.pool.imap.endless", "an input that has no end") {
  Pool pool(2);
  Numbers numbers;
  for (const unsigned chunksize : {1u, 3u}) {
    auto results = pool.imap(square64, numbers.endless(), chunksize);
    std::int64_t sum = 0;
    for (int n = 0; n < 1000; ++n) sum += results.next().value();
    log(sum);
  }
}

CASE("multiprocessing.pool.imap.others", "an input that waits holds nobody up") {
  Pool pool(1);
  Numbers numbers(1), others(1);
  auto results = pool.imap(square, numbers.upto(2));
  auto more = pool.imap(square, others.upto(2));
  EXPECT_EQ(next(results), "0");
  EXPECT_EQ(outcome([&] { return pool.apply(square, 5); }), "25");
  EXPECT_EQ(next(more), "0");
  others.go_on();
  EXPECT_EQ(list(std::move(more)), std::vector{1});
  numbers.go_on();
  EXPECT_EQ(list(std::move(results)), std::vector{1});
}

CASE("multiprocessing.pool.imap.window", "not far ahead of the results that are taken") {
  Pool pool(1);
  Numbers numbers;
  auto results = pool.imap(square, numbers.endless());
  constexpr int window = 130;
  EXPECT_EQ(numbers.count_from(window), window);
  for (const int taken : {1, 2, 3}) {
    EXPECT_EQ(next(results), str((taken - 1) * (taken - 1)));
    EXPECT_EQ(numbers.count_from(window + taken), window + taken);
  }
}

CASE("multiprocessing.pool.imap.abandoned", "what nobody wants is not read") {
  Pool pool(1);
  Numbers numbers(2);
  std::optional results(pool.imap(square, numbers.upto(1000)));
  EXPECT_EQ(next(*results), "0");
  EXPECT_EQ(numbers.count_from(3), 3);
  let_others_run();
  detail::forget_blocked();  // who reads is
  {
    Blocked dropping([&] { results.reset(); });
    EXPECT_EQ(dropping.count("None"), 0);
    numbers.go_on();
  }
  let_others_run();
  EXPECT_EQ(numbers.count(), 3);
  pool.close();
  pool.join();
  EXPECT_EQ(numbers.count(), 3);
}

CASE("multiprocessing.pool.imap.closed", "what is read later is run, too") {
  {
    Pool pool(2);
    Numbers numbers(2);
    auto results = pool.imap(square, numbers.upto(5));
    log(next(results));
    pool.close();
    numbers.go_on();
    log(list(std::move(results)));
    pool.join();
  }
  Pool pool(2);
  Numbers numbers;
  auto results = pool.imap(square64, numbers.upto(1000));
  pool.close();
  pool.join();
  const auto all = list(std::move(results));
  Log{all.size(), std::accumulate(all.begin(), all.end(), std::int64_t{0})};
}

CASE("multiprocessing.pool.imap.terminated", "an input that waits is not waited for") {
  Pool pool(1);
  Numbers numbers(2);
  auto results = pool.imap(square, numbers.endless());
  EXPECT_EQ(next(results), "0");
  EXPECT_EQ(next(results), "1");
  EXPECT_EQ(numbers.count_from(3), 3);
  pool.terminate();
  EXPECT_EQ(kind(next(results)), "WorkerLostError");
  EXPECT_EQ(next(results), "StopIteration");
  numbers.go_on();
}

CASE("multiprocessing.pool.imap.buffersize", "so many tasks ahead of the results") {
  Pool pool(1);
  const auto ask = [&](Numbers& numbers, auto results, int chunksize) {
    EXPECT_EQ(numbers.count_from(2 * chunksize), 2 * chunksize);
    for (int taken = 0; taken < 4; ++taken) {
      EXPECT_EQ(next(results), str(taken * taken));
      const int bound = (2 + taken / chunksize + 1) * chunksize;
      EXPECT_EQ(numbers.count_from(bound), bound);
    }
  };
  Numbers numbers[5];
  ask(numbers[0], pool.imap(square, numbers[0].endless(), {.buffersize = 2}), 1);
  ask(numbers[1], pool.imap(square, numbers[1].sized(20), {.buffersize = 2}), 1);
  ask(numbers[2], pool.imap_unordered(square, numbers[2].endless(), {.buffersize = 2}), 1);
  ask(numbers[3], pool.imap(square, numbers[3].sized(20), {.chunksize = 2, .buffersize = 2}), 2);
  for (const std::size_t buffersize : {1u, 3u, 100u})
    EXPECT_EQ(list(pool.imap(square, {0, 1, 2}, {.buffersize = buffersize})),
              (std::vector{0, 1, 4}));
  EXPECT_EQ(list(pool.imap(square, range(3), {.chunksize = 2})), squares(range(3)));
}

CASE("multiprocessing.pool.imap.buffersize-invalid", "at least one") {
  Pool pool(1);
  Numbers numbers;
  const auto none = [&](auto make) {
    EXPECT_EQ(raised(make), "ValueError: buffersize must be None or > 0");
  };
  none([&] { return pool.imap(square, numbers.endless(), {.buffersize = 0}); });
  none([&] { return pool.imap_unordered(square, {1}, {.buffersize = 0}); });
  EXPECT_EQ(numbers.count(), 0);
}

CASE("multiprocessing.pool.imap.buffersize-joined", "no further than the buffer, and said so") {
  const auto ask = [](auto make) {
    Pool pool(2);
    auto results = make(pool);
    EXPECT_EQ(next(results), "0");
    pool.close();
    EXPECT_EQ(next(results), "1");
    pool.join();
    std::vector<std::string> seen;
    do seen.push_back(next(results));
    while (seen.back() != "StopIteration");
    return seen;
  };
  Numbers numbers;
  EXPECT_EQ(
      ask([&](Pool& pool) { return pool.imap(square, numbers.endless(), {.buffersize = 2}); }),
      (std::vector<std::string>{"4", "9", "ValueError: Pool not running", "StopIteration"}));
  EXPECT_EQ(numbers.count(), 4);
  EXPECT_EQ(ask([](Pool& pool) { return pool.imap(square, range(4), {.buffersize = 2}); }),
            (std::vector<std::string>{"4", "9", "StopIteration"}));
}

CASE("multiprocessing.pool.imap-unordered.all", "as soon as a call has ended") {
  Pool pool(2);
  const Folder folder;
  for (const std::size_t chunksize : {1u, 3u, 100u})
    log(sorted(list(pool.imap_unordered(square, range(10), chunksize))));
  const std::vector<std::string> gates{folder.gate("a"), folder.gate("b"), folder.gate("c")};
  auto results = pool.imap_unordered(pass_gate, gates);
  for (const std::size_t which : {1u, 0u, 2u}) {
    open_gate(gates[which]);
    log(next(results));
  }
  log(next(results));
}

// The end

CASE("multiprocessing.pool.close.refuses", "no further call") {
  for (const bool close : {true, false}) {
    Pool pool(1);
    if (close)
      pool.close();
    else
      pool.terminate();
    Log{raised([&] { pool.apply(square, 1); }), raised([&] { pool.apply_async(square, 1); })};
    Log{raised([&] { pool.map(square, {1}); }),
        raised([&] { pool.map_async(square, std::vector<int>()); })};
    Log{raised([&] { return pool.imap(square, {1}); }),
        raised([&] { return pool.imap_unordered(square, {1}); })};
    log(raised([&] { pool.starmap(multiply, {std::tuple(1, 2)}); }));
    pool.join();
  }
}

CASE("multiprocessing.pool.close.finishes", "what was handed over is run") {
  Pool pool(2);
  std::vector<AsyncResult<int>> results;
  for (const int number : range(50)) results.push_back(pool.apply_async(square, number));
  const auto mapped = pool.map_async(square, range(100), 1);
  pool.close();
  pool.join();
  int ready = 0, sum = 0;
  for (const auto& result : results) {
    ready += result.ready();
    sum += result.get();
  }
  Log{ready, sum};
  Log{mapped.ready(), std::accumulate(mapped.get().begin(), mapped.get().end(), 0),
      mp::active_children().size()};
}

CASE("multiprocessing.pool.join.running", "not while it runs") {
  Pool pool(1);
  log(raised([&] { pool.join(); }));
  log(pool.apply(square, 2));
}

CASE("multiprocessing.pool.terminate.at-once", "whatever waits") {
  const Folder folder;
  const std::string gate = folder.gate("gate");
  Pool pool(3);
  pool.map_async(enter, std::vector<std::string>(10000, gate), 1);
  pool.terminate();
  pool.join();
  log(mp::active_children().size());
}

CASE("multiprocessing.pool.terminate.again", "as often as one likes") {
  Pool pool(1);
  const auto close = [&] { pool.close(); };
  const auto terminate = [&] { pool.terminate(); };
  const auto join = [&] { pool.join(); };
  for (const std::function<void()>& act : std::initializer_list<std::function<void()>>{
           close, close, terminate, terminate, join, join, close, terminate})
    log(raised(act));
}

CASE("multiprocessing.pool.terminate.results", "what was not run") {
  const Folder folder;
  const std::string gate = folder.gate("gate");
  Pool pool(1);
  const auto running = pool.apply_async(enter, gate);
  const auto waiting = pool.apply_async(square, 3);
  auto results = pool.imap(square, range(3));
  pool.terminate();
  EXPECT_EQ(kind(got(running)), "WorkerLostError");
  EXPECT_EQ(kind(got(waiting)), "WorkerLostError");
  EXPECT_EQ(kind(next(results)), "WorkerLostError");
}

CASE("multiprocessing.pool.scope.terminates", "the end of the block ends the workers") {
  const Folder folder;
  const std::string path = folder.path("notes"), gate = folder.gate("gate");
  {
    Pool pool(1);
    log(pool.map_async(square, range(4)).get());
    pool.apply_async(enter, gate);
    pool.apply_async(say, path, "never");
  }
  Log{std::filesystem::exists(path), mp::active_children().size()};
}

// Ctrl-C goes to all processes of a group.

CASE("multiprocessing.pool.interrupt.ignored", "workers that ignore it go on") {
  const Folder folder;
  for (const char* const name : {"a", "b", "hello a", "hello b"}) folder.gate(name);
  const std::string path = folder.path("notes");
  EXPECT_EQ(run(mp::get_context("fork"), [&] { interrupt_all(folder, path); }), 0);
  std::ifstream notes(path);
  int pids = 0;
  std::string among_them;
  notes >> pids >> among_them;
  EXPECT_EQ(pids, 2);
  EXPECT_EQ(among_them, "True");
}

CASE("multiprocessing.pool.interrupt.parent", "whatever it waits for") {
  for (const std::string where : {"get", "map", "join"}) {
    const Folder folder;
    const std::vector<std::string> paths{folder.gate("held"), folder.gate("hello"),
                                         folder.gate("gate")};
    const UntilDropped dropped(paths[0]);
    const mp::Process parent =
        started(mp::get_context("fork"), wait_for_an_interrupt, where, paths);
    enter(paths[1]);
    ::kill(-parent.pid().value(), SIGINT);
    parent.join();
    EXPECT_EQ(parent.exitcode(), -SIGINT) << where;
    open_gate(paths[2]);
    dropped.wait();
  }
}

CASE("multiprocessing.pool.program-ends", "although nobody has closed it") {
  const Ended ended = run_program("multiprocessing/pool_left_open");
  log(lines_of(ended)[0], ended.exit_code);
}

CASE("multiprocessing.pool.unguarded", "its workers do not begin for ever") {
  for (const std::string method : start_methods) {
    const Folder folder;
    const Ended ended =
        run_program("multiprocessing/unguarded " + method + " pool 2>" + folder.path("err"));
    const bool is_copy = method == "fork";
    EXPECT_EQ(ended.printed, is_copy ? "sum 25\n" : "") << method;
    EXPECT_EQ(ended.exit_code, is_copy ? 0 : 1) << method;
    EXPECT_EQ(advice_in(folder.path("err")), is_copy ? "False False False" : "True True True");
  }
}

// Workers that die

CASE("multiprocessing.pool.worker-killed.task", "its task, and no other") {
  for (const char* const method : start_methods) {
    Pool pool = mp::get_context(method).Pool(2);
    std::vector<AsyncResult<int>> results;
    for (const int number : range(8)) results.push_back(pool.apply_async(die_at, number));
    for (const int number : range(8)) {
      const std::string said =
          outcome([&] { return results[static_cast<std::size_t>(number)].get(); });
      EXPECT_EQ(kind(said), number == 3 ? "WorkerLostError" : str(number * number)) << method;
    }
  }
}

CASE("multiprocessing.pool.worker-killed.replaced", "the pool has all its workers again") {
  for (const char* const method : start_methods) {
    Pool pool = mp::get_context(method).Pool(2);
    EXPECT_EQ(kind(got(pool.apply_async(die))), "WorkerLostError") << method;
    ::kill(pool.apply(pid), SIGKILL);  // idle by now
    const Folder folder;
    const std::vector<std::string> gates{folder.gate("a"), folder.gate("b")};
    const auto results = pool.map_async(pass_gate, gates, 1);
    open_gate(gates[1]);
    open_gate(gates[0]);
    EXPECT_EQ(results.get(), (std::vector<std::string>{"a", "b"})) << method;
  }
}

CASE("multiprocessing.pool.worker-killed.map", "the others are run all the same") {
  Pool pool(2);
  EXPECT_EQ(kind(raised([&] { pool.map(die_at, range(8), 1); })), "WorkerLostError");
  EXPECT_EQ(pool.map(die_at, range(3), 1), (std::vector{0, 1, 4}));
  auto results = pool.imap(die_at, range(6));
  std::vector<std::string> seen;
  for (int i = 0; i < 7; ++i) seen.push_back(kind(next(results)));
  EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", "4", "WorkerLostError", "16", "25",
                                            "StopIteration"}));
}

CASE("multiprocessing.pool.parent-killed", "its workers end by themselves") {
  for (const char* const method : start_methods) {
    const bool end = workers_end_with_parent(method, have_pool);
    log(method, end);
    if (!end) break;  // the others would take as long
  }
}
