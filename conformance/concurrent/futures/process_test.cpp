// concurrent.futures.ProcessPoolExecutor
#include "tandem/futures/process.hpp"

#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/harness/aligned.hpp"
#include "conformance/harness/run_program.hpp"
#include "conformance/harness/sanitizers.hpp"
#include "conformance/multiprocessing/support.hpp"
#include "tandem/futures.hpp"

namespace tandem::conformance {
namespace {

using namespace std::chrono_literals;
using futures::Future;
using futures::ProcessPoolExecutor;
using futures::ProcessPoolExecutorOptions;

// What workers call

int pid() { return ::getpid(); }
int pid_of(int) { return ::getpid(); }
int square(int x) { return x * x; }
int mul(int x, int y) { return x * y; }

std::string pass_gate(const std::string& gate) {
  enter(gate);
  return gate.substr(gate.rfind('/') + 1);
}
int pid_at(const std::string& gate) {
  enter(gate);
  return ::getpid();
}

void have_executor(std::string method, std::string top) {
  ProcessPoolExecutor pool({.max_workers = 2, .mp_context = mp::get_context(method)});
  const auto first = pool.submit(come_to_gate, top), second = pool.submit(come_to_gate, top);
  futures::wait({first, second}, {.return_when = futures::FIRST_COMPLETED});
  open_gate(top + "/ready");
  wait_to_be_killed();
}

void say(const std::string& path, int number) { note(path, number); }
void fail(const std::string& text) { throw ValueError(text); }
void missing(const std::string& path) { throw FileNotFoundError(ENOENT, path); }
int fail_at(int x) {
  if (x == 3) throw ValueError("at 3");
  return x * x;
}
void leave(int status) { throw SystemExit(status); }
void leave_at_once(int status) { ::_exit(status); }
void die() { ::kill(::getpid(), SIGKILL); }
int square_or_die(int x) {
  if (x == 3) die();
  return x * x;
}
void die_of(const std::string&) { die(); }
std::size_t length(const std::string& text) { return text.size(); }
int square_or_wait(const std::variant<int, std::string>& what) {
  if (const auto* gate = std::get_if<std::string>(&what)) enter(*gate);
  return what.index() == 0 ? square(std::get<int>(what)) : 0;
}

// What makes trouble when it is pickled or unpickled, as it was told to.
enum class Trouble { none, fails, kills };
void make_trouble(Trouble trouble) {
  if (trouble == Trouble::fails) throw RuntimeError("not me");
  if (trouble == Trouble::kills) die();
}
struct WhenPickled {
  Trouble trouble = Trouble::none;
  template <class Archive>
  void serialize(Archive& archive) {
    if constexpr (!Archive::is_loading::value) make_trouble(trouble);
    archive(trouble);
  }
};
struct WhenUnpickled {
  Trouble trouble = Trouble::none;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(trouble);
    if constexpr (Archive::is_loading::value) make_trouble(trouble);
  }
};
// -1: it did not stand where it has to.
Aligned as_aligned(const Aligned& given) { return {given.stands_right() ? given.number : -1}; }

int ignore_pickled(const WhenPickled&) { return 1; }
int ignore_unpickled(const WhenUnpickled&) { return 1; }
WhenPickled make_pickled(Trouble trouble) { return {trouble}; }
WhenUnpickled make_unpickled(Trouble trouble) { return {trouble}; }

std::vector<int> state;
void set_state(int first, int second) { state.push_back(first + second); }
int get_state() { return state.size() == 1 ? state[0] : -static_cast<int>(state.size()); }
void fail_slowly(const std::string& gate) {
  enter(gate);
  throw ValueError("error in initializer");
}
std::string start_method() {
  // A spawned process has run main() anew, so nothing that its parent has set is there.
  return state.empty() ? "SpawnProcess" : "ForkProcess";
}

// What the cases say

std::vector<int> range(int begin, int end) {
  std::vector<int> all;
  for (int number = begin; number < end; ++number) all.push_back(number);
  return all;
}
std::vector<int> range(int end) { return range(0, end); }

template <class Range>
auto list(Range results) {
  std::vector<std::remove_cvref_t<decltype(*results.begin())>> all;
  for (auto&& result : results) all.push_back(result);
  return all;
}

template <class T>
std::vector<T> results(const std::vector<Future<T>>& fs) {
  std::vector<T> all;
  for (const auto& f : fs) all.push_back(f.result());
  return all;
}

template <class T>
std::string got(const Future<T>& f, Timeout timeout = {}) {
  return raised([&] { f.result(timeout); });
}

std::string kind(const std::string& said) { return said.substr(0, said.find(':')); }

template <class Condition>
void until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

std::size_t children() { return mp::active_children().size(); }

std::vector<std::string> gates_in(const Folder& folder, const std::string& names) {
  std::vector<std::string> gates;
  for (const char name : names) gates.push_back(folder.gate(std::string(1, name)));
  return gates;
}

std::vector<std::string> sorted_lines(const Ended& ended) {
  std::vector<std::string> lines = lines_of(ended);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Making one

CASE("futures.process.max-workers-invalid", "at least one worker") {
  for (const int number : {0, -1})
    log(raised([&] { ProcessPoolExecutor({.max_workers = number}); }));
}

CASE("futures.process.default-workers", "as many as processors") {
  cpu_set_t usable;
  ASSERT_EQ(::sched_getaffinity(0, sizeof usable, &usable), 0);
  ProcessPoolExecutor pool({.mp_context = fork_only("the first submit() starts them all")});
  pool.submit(pid).result();
  log(children() == static_cast<std::size_t>(CPU_COUNT(&usable)));
}

CASE("futures.process.workers-are-processes", "so many processes of their own") {
  for (const int count : {1, 3}) {
    const Folder folder;
    ProcessPoolExecutor pool(count);
    const auto gates =
        gates_in(folder, std::string("abc").substr(0, static_cast<std::size_t>(count)));
    std::vector<Future<int>> fs;
    for (const std::string& gate : gates) fs.push_back(pool.submit(pid_at, gate));
    for (auto gate = gates.rbegin(); gate != gates.rend(); ++gate) open_gate(*gate);
    const std::vector<int> pids = results(fs);
    const std::set<int> different(pids.begin(), pids.end());
    Log{different.size(), different.contains(::getpid())};
    bool all_of_them = true;
    for (int i = 0; i < 20; ++i) all_of_them &= different.contains(pool.submit(pid).result());
    log(all_of_them);
  }
}

CASE("futures.process.started-by-fork", "all by the first submit()") {
  ProcessPoolExecutor pool(
      {.max_workers = 3, .mp_context = fork_only("the others start them one by one")});
  log(children());
  pool.submit(pid).result();
  log(children());
}

CASE("futures.process.started-on-demand", "when none is idle") {
  for (const std::string method : {"spawn", "forkserver"}) {
    const mp::Context context = mp::get_context(method);
    {
      ProcessPoolExecutor pool({.max_workers = 4, .mp_context = context});
      std::set<int> pids;
      for (int i = 0; i < 3; ++i) pids.insert(pool.submit(pid).result());
      Log{method, pids.size(), children()};
    }
    const Folder folder;
    ProcessPoolExecutor pool({.max_workers = 3, .mp_context = context});
    const auto gates = gates_in(folder, "abcde");
    std::vector<Future<int>> fs;
    for (const std::string& gate : gates) fs.push_back(pool.submit(pid_at, gate));
    log(children());
    for (const std::string& gate : gates) open_gate(gate);
    const std::vector<int> pids = results(fs);
    log(std::set<int>(pids.begin(), pids.end()).size() <= 3);
  }
}

CASE("futures.process.methods", "with each start method") {
  for (const std::string method : start_methods) {
    ProcessPoolExecutor pool({.max_workers = 2,
                              .mp_context = mp::get_context(method),
                              .initializer = call(set_state, 20, 22)});
    Log{method, pool.submit(get_state).result(), list(pool.map(square, range(5)))};
    Log{got(pool.submit(fail, "no")),
        list(pool.map(mul, range(1, 4), range(4, 7), {.chunksize = 2}))};
  }
}

CASE("futures.process.initializer", "in each, first") {
  ProcessPoolExecutor pool({.max_workers = 2, .initializer = call(set_state, 1, 2)});
  std::vector<Future<int>> fs;
  for (int i = 0; i < 10; ++i) fs.push_back(pool.submit(get_state));
  log(results(fs));
}

CASE("futures.process.initializer-fails", "breaks the executor") {
  const Folder folder;
  const std::string gate = folder.gate("a");
  ProcessPoolExecutor pool({.max_workers = 1, .initializer = call(fail_slowly, gate)});
  std::vector<Future<int>> fs;
  for (int number = 0; number < 3; ++number) fs.push_back(pool.submit(square, number));
  open_gate(gate);
  for (const auto& f : fs) log(kind(got(f)));
  log(kind(raised([&] { pool.submit(square, 1); })));
  pool.shutdown();
}

CASE("futures.process.max-tasks-per-child", "another process after so many calls") {
  for (const char* const method : {"spawn", "forkserver"}) {
    ProcessPoolExecutor pool(
        {.max_workers = 1, .mp_context = mp::get_context(method), .max_tasks_per_child = 2});
    std::vector<int> pids;
    for (int i = 0; i < 5; ++i) pids.push_back(pool.submit(pid).result());
    Log{pids[0] == pids[1], pids[1] != pids[2], pids[2] == pids[3],
        std::set<int>(pids.begin(), pids.end()).size()};
  }
}

CASE("futures.process.max-tasks-per-child-invalid", "at least one, and no fork") {
  for (const int number : {0, -1})
    log(raised([&] { ProcessPoolExecutor({.max_workers = 1, .max_tasks_per_child = number}); }));
  log(raised([&] {
    ProcessPoolExecutor(
        {.max_workers = 1, .mp_context = fork_only("the others can"), .max_tasks_per_child = 1});
  }));
}

CASE("futures.process.max-tasks-per-child-spawns", "workers are spawned") {
  state = {1};
  ProcessPoolExecutor pool({.max_workers = 1, .max_tasks_per_child = 3});
  log(pool.submit(start_method).result());
}

CASE("futures.process.max-tasks-per-child-shutdown", "all are run") {
  ProcessPoolExecutor pool(
      {.max_workers = 3, .mp_context = mp::get_context("forkserver"), .max_tasks_per_child = 1});
  std::vector<Future<int>> fs;
  for (int number = 0; number < 6; ++number) fs.push_back(pool.submit(square, number));
  pool.shutdown();
  log(results(fs));
}

CASE("futures.process.max-tasks-per-child-never-stalls", "no call waits for nobody") {
  ProcessPoolExecutor pool(
      {.max_workers = 2, .mp_context = mp::get_context("forkserver"), .max_tasks_per_child = 1});
  std::vector<Future<int>> fs;
  for (int number = 0; number < 40; ++number) fs.push_back(pool.submit(square, number));
  for (int number = 0; number < 40; ++number)
    ASSERT_EQ(fs[static_cast<std::size_t>(number)].result(times::must_not_expire), number * number);
}

// Calls

CASE("futures.process.submit", "the future of a call") {
  ProcessPoolExecutor pool(2);
  Log{pool.submit(square, 5).result(), pool.submit(mul, 6, 7).result(),
      pool.submit(length, "text").result()};
  const auto f = pool.submit(fail, "some text");
  Log{got(f), f.done(), f.cancelled(),
      kind(raised([&] { std::rethrow_exception(f.exception()); }))};
  log(got(pool.submit(missing, "/no/such")));
}

CASE("futures.process.concurrency", "as many as workers, and no more") {
  const Folder folder;
  ProcessPoolExecutor pool(2);
  const auto gates = gates_in(folder, "abc");
  std::vector<Future<std::string>> fs;
  for (const std::string& gate : gates) fs.push_back(pool.submit(pass_gate, gate));
  threading::Thread third([&] { open_gate(gates[2]); });
  third.start();
  third.join(times::must_expire);
  log(third.is_alive());
  open_gate(gates[1]);
  Log{fs[1].result(), fs[0].done()};
  third.join();
  Log{fs[2].result(), fs[0].done()};
  open_gate(gates[0]);
  log(fs[0].result());
}

CASE("futures.process.running-ahead", "one more than workers") {
  const Folder folder;
  ProcessPoolExecutor pool(2);
  const auto gates = gates_in(folder, "ab");
  std::vector<Future<std::string>> fs;
  for (const std::string& gate : gates) fs.push_back(pool.submit(pass_gate, gate));
  for (const auto& f : fs) until([&] { return f.running(); });
  std::vector<Future<int>> more;
  for (int number = 0; number < 10; ++number) more.push_back(pool.submit(square, number));
  until([&] { return more[0].running(); });
  Log{more[0].cancel(), more[9].running(), more[9].cancel(), more[9].cancelled()};
  for (const std::string& gate : gates) open_gate(gate);
  more.pop_back();
  std::string all = "[" + repr(fs[0].result()) + ", " + repr(fs[1].result());
  for (const int result : results(more)) all += ", " + str(result);
  log(all + "]");
}

// One worker is held up. Calls have been quick, so that many of them may be handed over ahead.
CASE("futures.process.in-order", "the oldest first") {
  const Folder folder;
  ProcessPoolExecutor pool(2);
  std::vector<Future<int>> quick;
  for (int number = 0; number < 2000; ++number) quick.push_back(pool.submit(square, number));
  results(quick);
  const auto gates = gates_in(folder, "a");
  const std::string tokens = folder.gate("tokens");
  const int keeps = checked(::open(tokens.c_str(), O_RDWR | O_CLOEXEC));
  const auto held = pool.submit(pass_gate, gates[0]);
  std::vector<Future<void>> sayers, takers;
  for (int number = 0; number < 200; ++number)
    sayers.push_back(pool.submit(say, folder.path("notes"), number));
  for (const auto& sayer : sayers) sayer.result();
  log(count_in_order(folder.path("notes")));
  for (int number = 0; number < 20; ++number) {
    pool.submit(square, 2);
    pool.submit(give, tokens);
    takers.push_back(pool.submit(take, tokens));
  }
  for (const auto& taker : takers) taker.result();
  log(held.done());
  open_gate(gates[0]);
  log(held.result());
  ::close(keeps);
}

CASE("futures.process.cancel", "what was not handed over") {
  const Folder folder;
  ProcessPoolExecutor pool(1);
  const std::string gate = folder.gate("a");
  const auto first = pool.submit(pass_gate, gate);
  std::vector<Future<int>> more;
  for (int number = 0; number < 20; ++number) more.push_back(pool.submit(square, number));
  Log{more[19].cancel(), more[18].cancel(), more[19].cancelled(), more[19].done()};
  open_gate(gate);
  Log{first.result(), results(std::vector(more.begin(), more.begin() + 18)), got(more[19])};
  const auto waited = futures::wait(more);
  Log{waited.done.size(), waited.not_done.size()};
}

CASE("futures.process.callbacks", "in this process") {
  ProcessPoolExecutor pool(1);
  std::vector<std::pair<int, int>> seen;
  threading::Event done;
  pool.submit(square, 6).add_done_callback([&](const Future<int>& f) {
    seen.emplace_back(f.exception() ? -1 : f.result(), ::getpid());
    done.set();
  });
  done.wait();
  log(seen == std::vector<std::pair<int, int>>{{36, ::getpid()}});
}

CASE("futures.process.wait", "as on any futures") {
  const Folder folder;
  ProcessPoolExecutor pool(2);
  const auto gates = gates_in(folder, "ab");
  std::vector<Future<std::string>> fs;
  for (const std::string& gate : gates) fs.push_back(pool.submit(pass_gate, gate));
  log(futures::wait(fs, {.timeout = times::brief}).not_done.size());
  open_gate(gates[1]);
  const auto some = futures::wait(fs, {.return_when = futures::FIRST_COMPLETED});
  std::vector<std::string> done;
  for (const auto& f : fs)
    if (some.done.contains(f)) done.push_back(f.result());
  Log{done, some.not_done.size()};
  open_gate(gates[0]);
  const std::size_t count = futures::wait(fs).done.size();
  std::vector<std::string> completed;
  for (const auto& f : futures::as_completed(fs)) completed.push_back(f.result());
  std::sort(completed.begin(), completed.end());
  Log{count, completed};
  const auto bad = pool.submit(fail, "text");
  const auto good = pool.submit(square, 2);
  Log{futures::wait({bad, good}).done.size(), good.result()};
}

template <futures::Executor E>
std::tuple<std::vector<int>, int, std::string> squares(E& executor) {
  const auto f = executor.submit(fail, "no");
  return {list(executor.map(square, {1, 2, 3})), executor.submit(mul, 2, 3).result(), got(f)};
}

CASE("futures.process.generic", "threads or processes") {
  ProcessPoolExecutor processes(2);
  futures::ThreadPoolExecutor threads(2);
  Log{squares(threads) == squares(processes), squares(processes)};
}

CASE("futures.process.task-raises", "the worker goes on") {
  ProcessPoolExecutor pool(1);
  const int before = pool.submit(pid).result();
  Log{got(pool.submit(fail, "text")), pool.submit(pid).result() == before};
}

CASE("futures.process.task-exits", "SystemExit is the call's exception") {
  ProcessPoolExecutor pool(1);
  const int before = pool.submit(pid).result();
  Log{got(pool.submit(leave, 3)), pool.submit(pid).result() == before};
}

CASE("futures.process.argument-not-picklable", "fails alone") {
  ProcessPoolExecutor pool(1);
  Log{got(pool.submit(ignore_pickled, WhenPickled{Trouble::fails})),
      pool.submit(square, 4).result()};
}

CASE("futures.process.result-not-picklable", "fails alone") {
  ProcessPoolExecutor pool(1);
  const int before = pool.submit(pid).result();
  Log{got(pool.submit(make_pickled, Trouble::fails)), pool.submit(pid).result() == before};
}

CASE("futures.process.argument-not-unpicklable", "fails alone") {
  ProcessPoolExecutor pool(1);
  const int before = pool.submit(pid).result();
  const auto f = pool.submit(ignore_unpickled, WhenUnpickled{Trouble::fails});
  const auto other = pool.submit(square, 3);
  EXPECT_TRUE(got(f).ends_with("not me")) << got(f);
  EXPECT_EQ(other.result(), 9);
  EXPECT_EQ(pool.submit(pid).result(), before);
}

CASE("futures.process.result-not-unpicklable", "fails alone") {
  ProcessPoolExecutor pool(1);
  const int before = pool.submit(pid).result();
  const auto f = pool.submit(make_unpickled, Trouble::fails);
  const auto other = pool.submit(square, 3);
  EXPECT_TRUE(got(f).ends_with("not me")) << got(f);
  EXPECT_EQ(other.result(), 9);
  EXPECT_EQ(pool.submit(pid).result(), before);
}

// map

CASE("futures.process.map", "in the order of the input") {
  const Folder folder;
  ProcessPoolExecutor pool(2);
  Log{list(pool.map(square, range(10))), list(pool.map(mul, range(1, 4), range(4, 7))),
      list(pool.map(square, range(0)))};
  log(list(pool.map(mul, range(2, 5), range(100))));
  const auto gates = gates_in(folder, "ab");
  auto results = pool.map(pass_gate, gates);
  open_gate(gates[1]);
  open_gate(gates[0]);
  log(list(std::move(results)));
}

CASE("futures.process.map-chunksize", "so many calls to a task") {
  ProcessPoolExecutor pool(2);
  for (const std::size_t chunksize : {1u, 3u, 6u, 100u})
    log(list(pool.map(square, range(10), {.chunksize = chunksize})));
  const std::vector<int> pids = list(pool.map(pid_of, range(40), {.chunksize = 10}));
  std::vector<std::size_t> different;
  for (auto first = pids.begin(); first != pids.end(); first += 10)
    different.push_back(std::set<int>(first, first + 10).size());
  log(different);
  log(list(pool.map(mul, range(4), range(4), {.chunksize = 3})));
}

CASE("futures.process.map-chunksize-invalid", "at least one") {
  ProcessPoolExecutor pool(1);
  log(raised([&] { pool.map(square, {1}, {.chunksize = 0}); }));
}

CASE("futures.process.map-exception", "in the place of a result") {
  ProcessPoolExecutor pool(2);
  for (const std::size_t chunksize : {1u, 2u, 10u}) {
    auto results = pool.map(fail_at, range(6), {.chunksize = chunksize});
    std::vector<int> seen;
    const std::string said = raised([&] {
      for (const int result : results) seen.push_back(result);
    });
    Log{said, seen, list(std::move(results))};
  }
}

CASE("futures.process.map-timeout", "TimeoutError, never before the timeout") {
  const Folder folder;
  ProcessPoolExecutor pool(2);
  pool.submit(pid).result();
  const std::string gate = folder.gate("a");
  const auto start = now();
  auto results = pool.map(square_or_wait, std::vector<std::variant<int, std::string>>{3, gate},
                          {.timeout = times::must_expire * 4});
  auto at = results.begin();
  log(*at);
  const std::string said = kind(raised([&] { ++at; }));
  Log{said, now() - start >= times::must_expire * 4};
  open_gate(gate);
}

CASE("futures.process.map-discarded-shutdown", "nobody reads the results") {
  ProcessPoolExecutor pool(2);
  pool.map(square, range(20));
  pool.shutdown();
  log(children());
}

// shutdown

CASE("futures.process.shutdown-waits", "until all is done") {
  ProcessPoolExecutor pool(2);
  std::vector<Future<int>> fs;
  for (int number = 0; number < 50; ++number) fs.push_back(pool.submit(square, number));
  pool.shutdown();
  const auto done = std::count_if(fs.begin(), fs.end(), [](const auto& f) { return f.done(); });
  const std::vector<int> all = results(fs);
  Log{done, std::accumulate(all.begin(), all.end(), 0), children()};
}

CASE("futures.process.shutdown-no-wait", "at once, and all is done") {
  const Folder folder;
  const std::string gate = folder.gate("a");
  ProcessPoolExecutor pool(1);
  const auto first = pool.submit(pass_gate, gate);
  std::vector<Future<int>> fs;
  for (int number = 0; number < 5; ++number) fs.push_back(pool.submit(square, number));
  pool.shutdown({.wait = false});
  Log{first.done(), raised([&] { pool.submit(square, 1); })};
  open_gate(gate);
  std::string all = "[" + repr(first.result());
  for (const int result : results(fs)) all += ", " + str(result);
  log(all + "]");
}

CASE("futures.process.shutdown-cancels", "what was not handed over") {
  const Folder folder;
  const std::string gate = folder.gate("a");
  ProcessPoolExecutor pool(1);
  const auto first = pool.submit(pass_gate, gate);
  std::vector<Future<int>> fs;
  for (int number = 0; number < 20; ++number) fs.push_back(pool.submit(square, number));
  until([&] { return first.running(); });
  std::thread stopping([&] { pool.shutdown({.cancel_futures = true}); });
  until([&] { return fs[19].cancelled(); });
  open_gate(gate);
  stopping.join();
  const auto count = [&](auto what) { return std::count_if(fs.begin(), fs.end(), what); };
  Log{first.result(), count([](const auto& f) { return f.done(); }) == 20, fs[19].cancelled(),
      count([](const auto& f) { return f.cancelled(); }) >= 15};
}

CASE("futures.process.shutdown-after-cancel", "it is not waited for") {
  const Folder folder;
  const std::string gate = folder.gate("a");
  ProcessPoolExecutor pool(1);
  const auto first = pool.submit(pass_gate, gate);
  std::vector<Future<int>> more;
  for (int number = 0; number < 20; ++number) more.push_back(pool.submit(square, number));
  log(more[19].cancel());
  open_gate(gate);
  pool.shutdown();
  Log{first.done(), std::ranges::all_of(more, [](const auto& f) { return f.done(); })};
}

CASE("futures.process.submit-after-shutdown", "refused") {
  ProcessPoolExecutor pool(1);
  pool.submit(square, 1).result();
  pool.shutdown();
  pool.shutdown();
  Log{raised([&] { pool.submit(square, 1); }), raised([&] { pool.map(square, {1}); }),
      raised([&] { pool.shutdown({.wait = false}); })};
}

CASE("futures.process.with-waits", "the end of the block waits") {
  std::optional<Future<int>> f;
  std::optional<std::vector<int>> all;
  {
    ProcessPoolExecutor pool(2);
    auto results = pool.map(square, range(10));
    f = pool.submit(square, 11);
    all = list(std::move(results));
  }
  Log{f->done(), *all, children()};
}

CASE("futures.process.dropped", "its calls are run") {
  std::vector<Future<int>> fs;
  {
    ProcessPoolExecutor pool(1);
    for (int number = 0; number < 5; ++number) fs.push_back(pool.submit(square, number));
  }
  log(results(fs));
}

CASE("futures.process.exit-finishes-work", "all is run before the program ends") {
  const Ended ended = run_program("concurrent/futures/processes_at_exit finish");
  log(sorted_lines(ended), ended.exit_code);
}

CASE("futures.process.exit-after-shutdown-no-wait", "calls and callbacks") {
  const Ended ended = run_program("concurrent/futures/processes_at_exit no-wait");
  log(sorted_lines(ended), ended.exit_code);
}

CASE("futures.process.submit-at-exit", "refused") {
  const Ended ended = run_program("concurrent/futures/processes_at_exit late");
  log(sorted_lines(ended), ended.exit_code);
}

CASE("futures.process.unguarded", "broken, and whoever has forgotten the guard is told") {
  for (const std::string method : start_methods) {
    const Folder folder;
    const Ended ended =
        run_program("concurrent/futures/unguarded " + method + " 2>" + folder.path("err"));
    log(method, lines_of(ended), ended.exit_code);
    log(advice_in(folder.path("err")));
  }
}

CASE("futures.process.terminate-workers", "whatever they do") {
  for (const bool kill : {false, true}) {
    const Folder folder;
    const std::string gate = folder.gate("a");
    ProcessPoolExecutor pool(2);
    const auto running = pool.submit(pass_gate, gate);
    const auto waiting = pool.submit(pass_gate, gate);
    const auto behind = pool.submit(pass_gate, gate);
    until([&] { return behind.running(); });
    if (kill)
      pool.kill_workers();
    else
      pool.terminate_workers();
    for (const auto& f : {running, waiting, behind}) EXPECT_EQ(kind(got(f)), "BrokenProcessPool");
    EXPECT_NE(raised([&] { pool.submit(square, 1); }), "nothing");
    pool.shutdown();
    EXPECT_EQ(children(), 0u);
  }
}

// Workers that die

CASE("futures.process.worker-killed", "all that is not done is broken") {
  const Folder folder;
  const auto gates = gates_in(folder, "ab");
  ProcessPoolExecutor pool(2);
  const auto done = pool.submit(square, 3);
  log(done.result());
  std::vector<Future<std::string>> held;
  for (const std::string& gate : gates) held.push_back(pool.submit(pass_gate, gate));
  std::vector<Future<int>> fs;
  for (int number = 0; number < 10; ++number) fs.push_back(pool.submit(square, number));
  for (const auto& f : held) until([&] { return f.running(); });
  mp::active_children()[0].kill();
  for (const auto& f : held) log(got(f));
  for (const auto& f : fs) log(got(f));
  log(done.result());
  pool.shutdown();
  log(children());
}

CASE("futures.process.broken-refuses", "nothing more") {
  ProcessPoolExecutor pool(1);
  log(got(pool.submit(die)));
  Log{raised([&] { pool.submit(square, 1); }), raised([&] { pool.map(square, {1}); })};
  pool.shutdown();
  log(raised([&] { pool.submit(square, 1); }));
}

CASE("futures.process.worker-exits", "os._exit() breaks it, too") {
  for (const int status : {0, 1}) {
    ProcessPoolExecutor pool(1);
    log(got(pool.submit(leave_at_once, status)));
  }
}

CASE("futures.process.worker-killed-unpickling", "in the middle of a message") {
  {
    ProcessPoolExecutor pool(1);
    log(got(pool.submit(ignore_unpickled, WhenUnpickled{Trouble::kills})));
  }
  ProcessPoolExecutor pool(1);
  log(got(pool.submit(make_pickled, Trouble::kills)));
}

CASE("futures.process.worker-killed-idle", "nobody comes to its work") {
  ProcessPoolExecutor pool(2);
  pool.submit(square, 1).result();
  const mp::Process child = mp::active_children()[0];
  killed(child);
  std::string said;
  do said = raised([&] { pool.submit(square, 1).result(times::must_not_expire); });
  while (said == "nothing");
  log(kind(said));
  pool.shutdown();
}

CASE("futures.process.broken-is-broken-executor", "what it is") {
  Log{std::is_base_of_v<futures::BrokenExecutor, futures::BrokenProcessPool>,
      std::is_base_of_v<RuntimeError, futures::BrokenExecutor>};
}

CASE("futures.process.worker-killed-large", "with large arguments") {
  {
    const Folder folder;
    const std::string gate = folder.gate("a");
    const std::string text(4 * 1024 * 1024, 'x');
    ProcessPoolExecutor pool(1);
    pool.submit(pass_gate, gate);  // the first that dies does it when all are submitted
    std::vector<Future<void>> fs;
    for (int i = 0; i < 3; ++i) fs.push_back(pool.submit(die_of, text));
    open_gate(gate);
    for (const auto& f : fs) log(got(f));
  }
  log(children());
}

CASE("futures.process.shutdown-broken", "the scope ends") {
  {
    ProcessPoolExecutor pool(2);
    const auto f = pool.submit(die);
    pool.shutdown({.wait = false});
    log(got(f));
  }
  EXPECT_EQ(children(), 0u);
}

CASE("futures.process.shutdown-not-picklable", "the scope ends") {
  {
    ProcessPoolExecutor pool(2);
    pool.submit(square, 42).result();
    const auto f = pool.submit(ignore_pickled, WhenPickled{Trouble::fails});
    pool.shutdown({.wait = false});
    EXPECT_EQ(got(f), "RuntimeError: not me");
  }
  EXPECT_EQ(children(), 0u);
}

CASE("futures.process.parent-killed", "its workers end by themselves") {
  for (const char* const method : start_methods)
    ASSERT_TRUE(workers_end_with_parent(method, have_executor)) << method;
}

CASE("futures.process.forked-executor", "has no workers in a child") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  ProcessPoolExecutor pool(1);
  pool.submit(square, 1).result();
  const Folder folder;
  const std::string path = folder.path("notes");
  EXPECT_EQ(run(fork_only("a copy of the executor comes along"),
                [&] {
                  note(path, kind(raised([&] { pool.submit(square, 1); })));
                  pool.shutdown();
                  ProcessPoolExecutor own(1);
                  note(path, own.submit(square, 3).result());
                }),
            0);
  std::ifstream notes(path);
  std::string said, result;
  notes >> said >> result;
  EXPECT_EQ(said, "BrokenProcessPool");
  EXPECT_EQ(result, "9");
  EXPECT_EQ(pool.submit(square, 2).result(), 4);
}

CASE("futures.process.options-order", "their names and order are those of the signature") {
  // That this compiles is the order; the binding, that nothing is missing.
  const ProcessPoolExecutorOptions given{.max_workers = 2,
                                         .mp_context = mp::get_context(),
                                         .initializer = call(pid),
                                         .max_tasks_per_child = 3};
  const auto& [max_workers, mp_context, initializer, max_tasks_per_child, on_worker_death] = given;
  EXPECT_TRUE(max_workers && mp_context && initializer && max_tasks_per_child);
  EXPECT_EQ(on_worker_death, futures::OnWorkerDeath::BREAK);  // of our own
  log("max_workers", "mp_context", "initializer", "max_tasks_per_child");
}

CASE("futures.process.over-aligned", "what asks for an alignment has it, here and there") {
  ProcessPoolExecutor executor({.max_workers = 1});
  for (int number = 0; number < 3; ++number) {
    const auto future = executor.submit(as_aligned, Aligned{number});
    EXPECT_EQ(future.result().number, number);
    EXPECT_TRUE(future.result().stands_right());
  }
  const auto mapped = list(executor.map(as_aligned, std::vector<Aligned>{{1}, {2}}));
  EXPECT_EQ(mapped.size(), 2U);
  for (const Aligned& each : mapped) EXPECT_TRUE(each.number > 0 && each.stands_right());
  log(mapped.size());
}

// Workers that are replaced

ProcessPoolExecutorOptions replacing(int workers, mp::Context context = mp::get_context()) {
  return {.max_workers = workers,
          .mp_context = std::move(context),
          .on_worker_death = futures::OnWorkerDeath::REPLACE};
}

constexpr const char* killed_at_work = "WorkerLostError: Worker exited prematurely: exitcode -9.";

CASE("futures.process.replace.lost", "its call, and no other") {
  for (const char* const method : start_methods) {
    ProcessPoolExecutor pool(replacing(2, mp::get_context(method)));
    std::vector<Future<int>> fs;
    for (int number = 0; number < 8; ++number) fs.push_back(pool.submit(square_or_die, number));
    for (int number = 0; number < 8; ++number)
      EXPECT_EQ(outcome([&] { return fs[static_cast<std::size_t>(number)].result(); }),
                number == 3 ? killed_at_work : str(number * number))
          << method;
    EXPECT_EQ(pool.submit(square, 9).result(), 81) << method;
  }
}

CASE("futures.process.replace.replaced", "as many at a time as before") {
  ProcessPoolExecutor pool(replacing(2));
  EXPECT_EQ(got(pool.submit(die)), killed_at_work);
  ::kill(pool.submit(pid).result(), SIGKILL);  // idle by now
  const Folder folder;
  const auto gates = gates_in(folder, "ab");
  std::vector<Future<std::string>> fs;
  for (const std::string& gate : gates) fs.push_back(pool.submit(pass_gate, gate));
  open_gate(gates[1]);
  EXPECT_EQ(fs[1].result(), "b");
  open_gate(gates[0]);
  EXPECT_EQ(fs[0].result(), "a");
}

CASE("futures.process.replace.shutdown", "all others are run") {
  const Folder folder;
  const std::string gate = folder.gate("a");
  ProcessPoolExecutor pool(replacing(1));
  const auto held = pool.submit(pass_gate, gate);
  const auto dead = pool.submit(die);
  std::vector<Future<int>> fs;
  for (int number = 0; number < 5; ++number) fs.push_back(pool.submit(square, number));
  pool.shutdown({.wait = false});
  open_gate(gate);
  EXPECT_EQ(held.result(), "a");
  EXPECT_EQ(got(dead), killed_at_work);
  EXPECT_EQ(results(fs), (std::vector{0, 1, 4, 9, 16}));
  pool.shutdown();
  EXPECT_EQ(children(), 0u);
}

CASE("futures.process.replace.ended", "for good") {
  for (const bool kill : {false, true}) {
    const Folder folder;
    const std::string gate = folder.gate("a");
    ProcessPoolExecutor pool(replacing(2));
    std::vector<Future<std::string>> fs;
    for (int i = 0; i < 3; ++i) fs.push_back(pool.submit(pass_gate, gate));
    until([&] { return fs[2].running(); });
    kill ? pool.kill_workers() : pool.terminate_workers();
    for (const auto& f : fs) EXPECT_EQ(kind(got(f)), "BrokenProcessPool");
    EXPECT_EQ(kind(raised([&] { pool.submit(square, 1); })), "RuntimeError");
    pool.shutdown();
    EXPECT_EQ(children(), 0u);
  }
}

CASE("futures.process.replace.initializer-fails", "what waits is given up") {
  ProcessPoolExecutorOptions options = replacing(1);
  options.initializer = call(fail, "error in initializer");
  ProcessPoolExecutor pool(options);
  for (int round = 0; round < 2; ++round)
    EXPECT_EQ(kind(got(pool.submit(square, 3))), "BrokenProcessPool");
}

CASE("futures.process.replace.asked-for", "by its name alone") {
  using futures::OnWorkerDeath;
  EXPECT_EQ(ProcessPoolExecutorOptions().on_worker_death, OnWorkerDeath::BREAK);
  EXPECT_FALSE((std::is_convertible_v<const char*, OnWorkerDeath>));
  EXPECT_FALSE((std::is_convertible_v<int, OnWorkerDeath>));
}

}  // namespace
}  // namespace tandem::conformance
