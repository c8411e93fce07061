#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "conformance/concurrent/futures/support.hpp"
#include "conformance/harness/run_program.hpp"
#include "conformance/harness/sanitizers.hpp"
#include "conformance/threading/exits.hpp"

namespace tandem::conformance {
namespace {

using threading::Event;
using threading::Semaphore;

using Fs = std::vector<Future<int>>;

int absolute(int n) { return n < 0 ? -n : n; }

// The names of the living threads of a pool.
std::vector<std::string> workers(std::string_view prefix) {
  std::vector<std::string> names;
  for (const threading::Thread& thread : threading::enumerate())
    if (thread.name().starts_with(prefix)) names.push_back(thread.name());
  std::sort(names.begin(), names.end());
  return names;
}

// A task that waits for the gate.
auto waiting(Event& gate) {
  return [&gate] { return gate.wait() ? 1 : 0; };
}

std::vector<bool> done(const Fs& fs) {
  std::vector<bool> all;
  for (const auto& f : fs) all.push_back(f.done());
  return all;
}
std::vector<bool> cancelled(const Fs& fs) {
  std::vector<bool> all;
  for (const auto& f : fs) all.push_back(f.cancelled());
  return all;
}
auto count(const std::vector<bool>& all) { return std::count(all.begin(), all.end(), true); }

CASE("futures.thread.max-workers-invalid", "max_workers must be positive") {
  for (const int number : {0, -1})
    log(raised([&] { const ThreadPoolExecutor pool({.max_workers = number}); }));
}

CASE("futures.thread.default-workers", "by default min(32, processors + 4) threads at most") {
  cpu_set_t usable;
  ASSERT_EQ(sched_getaffinity(0, sizeof usable, &usable), 0);
  const auto count = static_cast<std::size_t>(CPU_COUNT(&usable));
  Event gate;
  ThreadPoolExecutor pool({.thread_name_prefix = "default"});
  for (int n = 0; n < 40; ++n) pool.submit(waiting(gate));
  log(workers("default").size() == std::min<std::size_t>(32, count + 4));
  gate.set();
}

CASE("futures.thread.started-lazily", "no thread without work") {
  ThreadPoolExecutor pool({.max_workers = 4, .thread_name_prefix = "lazy"});
  log(workers("lazy"));
  pool.submit(mul, 2, 3).result();
  log(workers("lazy"));
}

CASE("futures.thread.no-thread", "without a thread submit() raises, and has submitted nothing") {
  ThreadPoolExecutor pool(1);
  bool ran = false;
  std::string nested;
  // Destroyed with the call, and uses the pool.
  std::shared_ptr<void> last(&pool, [&](void*) { nested = raised([&] { pool.submit([] {}); }); });
  const std::size_t usual = threading::stack_size(std::int64_t{1} << 47);
  const std::string said =
      raised([&] { pool.submit([&ran, own = std::move(last)] { ran = true; }); });
  threading::stack_size(static_cast<std::int64_t>(usual));
  EXPECT_EQ(said, "RuntimeError: can't start new thread");
  EXPECT_EQ(nested, said);
  EXPECT_EQ(pool.submit(mul, 2, 3).result(), 6);
  EXPECT_FALSE(ran);
}

CASE("futures.thread.one-thread-per-busy-task", "three tasks together have three threads") {
  Semaphore gate(0);
  ThreadPoolExecutor pool({.max_workers = 5, .thread_name_prefix = "busy"});
  for (int n = 0; n < 3; ++n) pool.submit([&] { gate.acquire(); });
  log(workers("busy"));
  for (int n = 0; n < 3; ++n) gate.release();
  pool.shutdown();
  log(workers("busy"));
}

CASE("futures.thread.idle-reuse", "an idle thread gets the next task") {
  ThreadPoolExecutor pool({.max_workers = 5, .thread_name_prefix = "reuse"});
  for (const auto& [x, y] : {std::pair(21, 2), std::pair(6, 7), std::pair(3, 14)}) {
    log(pool.submit(mul, x, y).result());
    wait_until_blocked(1);
  }
  log(workers("reuse"));
}

CASE("futures.thread.saturation", "never more than max_workers threads") {
  Semaphore gate(0);
  ThreadPoolExecutor pool({.max_workers = 4, .thread_name_prefix = "full"});
  Fs fs;
  for (int n = 0; n < 15 * 4; ++n)
    fs.push_back(pool.submit([&] { return gate.acquire() ? 1 : 0; }));
  log(workers("full"));
  for (int n = 0; n < 15 * 4; ++n) gate.release();
  pool.shutdown({.wait = true});
  log(count(done(fs)));
}

CASE("futures.thread.concurrency", "max_workers tasks run at the same time") {
  Semaphore arrived(0);
  Event gate;
  const auto task = [&](int n) {
    arrived.release();
    gate.wait();
    return n;
  };
  ThreadPoolExecutor pool(3);
  Fs fs;
  for (int n = 0; n < 4; ++n) fs.push_back(pool.submit(task, n));
  for (int n = 0; n < 3; ++n) arrived.acquire();
  std::vector<bool> running;
  for (const auto& f : fs) running.push_back(f.running());
  log(running);
  gate.set();
  std::vector<int> results;
  for (const auto& f : fs) results.push_back(f.result());
  log(results);
}

CASE("futures.thread.first-in-first-out", "tasks begin in the order of their submission") {
  std::vector<int> order;
  {
    ThreadPoolExecutor pool(1);
    for (int n = 0; n < 6; ++n) pool.submit([&](int number) { order.push_back(number); }, n);
  }
  log(order);
}

CASE("futures.thread.submit-never-blocks", "submit() does not wait for a thread") {
  Event gate;
  Fs fs;
  {
    ThreadPoolExecutor pool(1);
    for (int n = 0; n < 1000; ++n) fs.push_back(pool.submit(waiting(gate)));
    log(count(done(fs)));
    gate.set();
  }
  log(count(done(fs)));
}

CASE("futures.thread.names-assigned", "threads are named after the prefix") {
  Event gate;
  ThreadPoolExecutor pool({.max_workers = 5, .thread_name_prefix = "SpecialPool"});
  for (int n = 0; n < 5; ++n) pool.submit(waiting(gate));
  log(workers("SpecialPool"));
  gate.set();
}

CASE("futures.thread.names-default", "without a prefix: ThreadPoolExecutor-N_M") {
  Event gate;
  ThreadPoolExecutor pool({.max_workers = 3});
  for (int n = 0; n < 3; ++n) pool.submit(waiting(gate));
  std::vector<std::string> names;
  for (const auto& name : workers("ThreadPoolExecutor-"))
    names.push_back(std::regex_replace(name, std::regex("\\d+_"), "N_"));
  log(names);
  gate.set();
}

int pool_number(futures::ThreadPoolExecutorOptions options = {}) {
  options.max_workers = 1;
  ThreadPoolExecutor pool(options);
  const std::string name = pool.submit([] { return threading::current_thread().name(); }).result();
  return std::stoi(std::regex_replace(name, std::regex("\\D*(\\d+)_0"), "$1"));
}

CASE("futures.thread.names-count", "pools without a prefix are counted, the others are not") {
  const int first = pool_number();
  ThreadPoolExecutor({.max_workers = 1, .thread_name_prefix = "named"}).shutdown();
  const int second = pool_number();
  ThreadPoolExecutor(1).shutdown();
  log(second - first, pool_number({.thread_name_prefix = ""}) - first);
}

CASE("futures.thread.workers-are-threads", "the workers are threads like others, no daemons") {
  std::optional<threading::Thread> thread;
  {
    ThreadPoolExecutor pool({.max_workers = 1, .thread_name_prefix = "plain"});
    thread = pool.submit(threading::current_thread).result();
    const auto all = threading::enumerate();
    log(thread->name(), thread->daemon(), thread->is_alive(),
        std::find(all.begin(), all.end(), *thread) != all.end());
    log(*thread == threading::current_thread());
  }
  log(thread->is_alive());
}

thread_local std::string status = "uninitialized";

CASE("futures.thread.initializer", "every worker calls the initializer before its first task") {
  const auto init = [](const std::string& value) { status = value; };
  ThreadPoolExecutor pool({.max_workers = 2, .initializer = call(init, "initialized")});
  std::vector<Future<std::string>> fs;
  for (int n = 0; n < 4; ++n) fs.push_back(pool.submit([] { return status; }));
  std::vector<std::string> results;
  for (const auto& f : fs) results.push_back(f.result());
  log(results);
}

CASE("futures.thread.initializer-once", "one call for each worker that is started") {
  std::mutex lock;
  std::vector<int> calls;
  const auto init = [&](int n) {
    const std::lock_guard guard(lock);
    calls.push_back(n);
  };
  Event gate;
  {
    ThreadPoolExecutor pool({.max_workers = 3, .initializer = call(init, 7)});
    {
      const std::lock_guard guard(lock);
      log(calls);
    }
    for (int n = 0; n < 5; ++n) pool.submit(waiting(gate));
    gate.set();
  }
  log(calls);
}

// A pool whose one worker fails when `go` is set.
futures::ThreadPoolExecutorOptions failing(Event& go) {
  return {.max_workers = 1, .thread_name_prefix = "failing", .initializer = [&go] {
            go.wait();
            throw ValueError("error in initializer");
          }};
}

CASE("futures.thread.initializer-fails", "a failing initializer breaks the pool") {
  Event go;
  const Logged logged;
  {
    ThreadPoolExecutor pool(failing(go));
    Fs fs;
    for (int n = 0; n < 3; ++n) fs.push_back(pool.submit(mul, 2, n));
    go.set();
    for (const auto& f : fs) log(raised([&] { f.result(); }));
    log(fs[0]);
    log(raised([&] { pool.submit(mul, 2, 5); }));
    log(raised([&] { pool.map(absolute, std::vector{1}); }));
  }
  for (const auto& message : logged.messages()) log(message);
}

CASE("futures.thread.initializer-fails-shutdown", "a broken pool can be shut down") {
  Event go;
  const Logged logged;
  ThreadPoolExecutor pool(failing(go));
  const Future<int> f = pool.submit(mul, 2, 3);
  go.set();
  log(raised([&] { f.result(); }));
  pool.shutdown();
  log(workers("failing"));
  log(raised([&] { pool.submit(mul, 2, 5); }));
}

CASE("futures.thread.shutdown-waits", "shutdown() returns when all work is done") {
  std::atomic<int> ran = 0;
  ThreadPoolExecutor pool(5);
  Fs fs;
  for (int n = 0; n < 50; ++n)
    fs.push_back(pool.submit([&] {
      let_others_run();
      return ++ran;
    }));
  pool.shutdown();
  log(ran.load(), count(done(fs)), count(cancelled(fs)));
}

CASE("futures.thread.shutdown-no-wait", "shutdown(wait=False) returns at once") {
  Event gate;
  ThreadPoolExecutor pool({.max_workers = 1, .thread_name_prefix = "nowait"});
  const Future<bool> held = pool.submit([&] { return gate.wait(); });
  const Future<int> queued = pool.submit(mul, 2, 3);
  auto results = pool.map(absolute, numbers(-3, 3));
  pool.shutdown({.wait = false});
  log(std::vector{held.done(), queued.done()}, raised([&] { pool.submit(mul, 1, 1); }));
  gate.set();
  const std::tuple both(held.result(), queued.result());
  log("[" + repr(std::get<0>(both)) + ", " + repr(std::get<1>(both)) + "]", collected(results));
  pool.shutdown({.wait = true});
  log(workers("nowait"));
}

CASE("futures.thread.shutdown-idle", "shutdown() ends threads that wait for work") {
  ThreadPoolExecutor pool({.max_workers = 2, .thread_name_prefix = "idle"});
  pool.submit(mul, 2, 3).result();
  wait_until_blocked(1);
  pool.shutdown();
  log(workers("idle"));
}

// A pool of one worker that is busy until the gate opens, with work behind it.
struct Busy {
  explicit Busy(int queued) {
    fs.push_back(pool.submit([this] {
      started.set();
      return gate.wait() ? 1 : 0;
    }));
    for (int n = 0; n < queued; ++n) fs.push_back(pool.submit(mul, 2, n));
    started.wait();
  }
  Event started;
  Event gate;
  Fs fs;
  ThreadPoolExecutor pool{1};
};

CASE("futures.thread.shutdown-options", "shutdown(wait, cancel_futures), all four") {
  for (const bool wait : {true, false})
    for (const bool cancel_futures : {true, false}) {
      Busy busy(3);
      if (cancel_futures) busy.fs.back().add_done_callback([&](const auto&) { busy.gate.set(); });
      auto thread =
          in_thread([&] { busy.pool.shutdown({.wait = wait, .cancel_futures = cancel_futures}); });
      if (!cancel_futures) {  // not before shutdown() has done what it does
        wait ? wait_until_blocked(2) : thread.join();
        busy.gate.set();
      }
      if (thread.joinable()) thread.join();
      busy.pool.shutdown();
      log(cancelled(busy.fs), done(busy.fs));
    }
}

CASE("futures.thread.shutdown-cancels-later", "a second shutdown() can still cancel") {
  Busy busy(1);
  busy.pool.shutdown({.wait = false});
  log(busy.fs[1].cancelled());
  busy.pool.shutdown({.wait = false, .cancel_futures = true});
  log(busy.fs[1].cancelled(), busy.fs[0].done());
  busy.gate.set();
  busy.pool.shutdown();
  log(done(busy.fs));
}

CASE("futures.thread.with-waits", "the end of the scope waits and ends the threads") {
  std::vector<Future<int>> futures;
  {
    ThreadPoolExecutor pool({.max_workers = 2, .thread_name_prefix = "scope"});
    log(collected(pool.map(absolute, numbers(-5, 5))));
    for (int n = 0; n < 6; ++n)
      futures.push_back(pool.submit([n] {
        let_others_run();
        return n;
      }));
  }
  const bool done = std::ranges::all_of(futures, [](const auto& f) { return f.done(); });
  log(done, workers("scope"));
  for (const auto& f : futures) log(f.result());
}

CASE("futures.thread.dropped", "the results of a pool that is gone can still be read") {
  std::optional<ThreadPoolExecutor> pool(2);
  const auto slowly = [](int n) {
    let_others_run();
    return absolute(n);
  };
  auto results = pool->map(slowly, numbers(-5, 5));
  const Future<int> f = pool->submit(mul, 2, 3);
  pool.reset();
  log(collected(results), f.result());
}

CASE("futures.thread.submit-from-worker", "a task may submit to its own pool") {
  ThreadPoolExecutor pool(1);
  const Future<int> inner = pool.submit([&] { return pool.submit(mul, 6, 7); }).result();
  log(inner.result());
}

CASE("futures.thread.submit-from-worker-after-shutdown", "nor may a task after shutdown()") {
  Event closed;
  ThreadPoolExecutor pool(2);
  const Future<int> f = pool.submit([&] {
    closed.wait();
    return pool.submit(mul, 6, 7).result();
  });
  pool.shutdown({.wait = false});
  closed.set();
  log(raised([&] { f.result(); }));
  pool.shutdown();
}

CASE("futures.thread.nested-pools", "a task may have a pool of its own") {
  const auto task = [](int n) {
    ThreadPoolExecutor inner(2);
    int sum = 0;
    for (const int product : inner.map(mul, numbers(0, n), numbers(0, n))) sum += product;
    return sum;
  };
  ThreadPoolExecutor outer(2);
  log(collected(outer.map(task, numbers(0, 5))));
}

CASE("futures.thread.task-raises", "a task that raises does not cost its thread") {
  std::uint64_t ident = 0;
  ThreadPoolExecutor pool(1);
  const Future<void> f = pool.submit([&] {
    ident = threading::get_ident();
    throw ValueError("bad");
  });
  log(raised([&] { f.result(); }));
  log(pool.submit(threading::get_ident).result() == ident);
}

CASE("futures.thread.task-raises-base-exception", "SystemExit ends the task only") {
  ThreadPoolExecutor pool(1);
  const Future<void> f = pool.submit([] { throw SystemExit(3); });
  const std::string end = kind(raised([&] { f.result(); }));
  log(end, f);
  log(pool.submit(mul, 2, 3).result());
}

CASE("futures.thread.cancel-queued", "a queued task can be cancelled and never runs") {
  std::atomic<int> ran = 0;
  {
    Busy busy(0);
    const Future<int> running = busy.fs[0];
    const Future<int> queued = busy.pool.submit([&] { return ++ran; });
    const bool stopped = running.cancel();
    log(stopped, queued.cancel());
    log(running.running(), queued.cancelled(),
        futures::wait({queued}, {.timeout = 0s}).done.size());
    busy.gate.set();
    log(futures::wait({running, queued}).done.size(), raised([&] { queued.result(); }));
  }
  log(std::vector<int>(static_cast<std::size_t>(ran.load()), 1));
}

CASE("futures.thread.callback-in-worker", "callbacks run in the worker that finished the task") {
  Event gate;
  std::vector<std::string> name;
  {
    ThreadPoolExecutor pool({.max_workers = 1, .thread_name_prefix = "caller"});
    const Future<int> f = pool.submit(waiting(gate));
    f.add_done_callback([&](const auto&) { name.push_back(threading::current_thread().name()); });
    gate.set();
  }
  log(name);
}

CASE("futures.thread.callback-raises", "a callback that raises does not cost the thread") {
  Event gate;
  const Logged logged;
  {
    ThreadPoolExecutor pool(1);
    const Future<bool> f = pool.submit([&] { return gate.wait(); });
    f.add_done_callback([](const auto&) { throw ValueError("doh!"); });
    gate.set();
    log(pool.submit(mul, 2, 3).result(), f.result());
  }
  for (const auto& message : logged.messages()) log(message);
}

CASE("futures.thread.work-shared-with-others", "pools are independent of each other") {
  Event gate;
  ThreadPoolExecutor busy(1);
  ThreadPoolExecutor free(1);
  const Future<int> blocked = busy.submit(waiting(gate));
  log(free.submit(mul, 2, 3).result(), blocked.done());
  gate.set();
}

// What a program of conformance/programs printed, line by line.
void log_program(std::string_view name) {
  const Ended ended = run_program("concurrent/futures/" + std::string(name));
  for (const auto& line : lines_of(ended)) log(line);
  log(ended.exit_code);
}

CASE("futures.thread.exit-finishes-work", "at the end of the program the work is finished") {
  log_program("exit_finishes_work");
}

CASE("futures.thread.exit-after-shutdown-no-wait", "so is it after shutdown(wait=False)") {
  log_program("exit_after_shutdown_no_wait");
}

CASE("futures.thread.exit-after-cancel-futures", "what runs is finished, no more") {
  log_program("exit_after_cancel_futures");
}

CASE("futures.thread.submit-at-exit", "no work is taken once the program ends") {
  log_program("submit_at_exit");
}

CASE("futures.thread.fork-while-submitting", "a forked child can have a pool") {
  std::vector<int> exits;
  for (const auto& line : lines_of(run_program("concurrent/futures/fork_while_submitting")))
    exits.push_back(std::stoi(line));
  log(exits);
}

CASE("futures.thread.forked-pool", "a pool that came along into a child is broken, and harmless") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  ThreadPoolExecutor full(1), growing(2);
  full.submit(mul, 2, 3).result();
  growing.submit(mul, 2, 3).result();
  const std::string refused =
      "BrokenThreadPool: The threads of the pool are not in this process, which was forked";
  EXPECT_EQ(said_until_exit([&](Child& child) {
              for (auto* const pool : {&full, &growing}) {
                child.say(raised([&] { pool->submit(mul, 2, 3); }));
                pool->shutdown();
              }
              ThreadPoolExecutor own(1);
              child.say(std::to_string(own.submit(mul, 6, 7).result()));
            }),
            (std::vector<std::string>{refused, refused, "42"}));
  EXPECT_EQ(full.submit(mul, 6, 7).result(), 42);
}

CASE("futures.thread.shutdown-from-worker", "a task may shut down its own pool") {
  ThreadPoolExecutor pool({.max_workers = 2, .thread_name_prefix = "own"});
  const Future<std::string> f = pool.submit([&] {
    pool.shutdown();
    return raised([&] { pool.submit(mul, 2, 3); });
  });
  EXPECT_EQ(f.result(), "RuntimeError: cannot schedule new futures after shutdown");
  pool.shutdown();
  EXPECT_EQ(workers("own"), std::vector<std::string>());
  log(f.result());
}

CASE("futures.thread.initializer-not-standard", "an initializer may throw anything") {
  const Logged logged;
  Event go;
  ThreadPoolExecutor pool({.max_workers = 1, .initializer = [&] {
                             go.wait();
                             throw 42;
                           }});
  const Future<int> f = pool.submit(mul, 2, 3);
  go.set();
  const std::string said = kind(raised([&] { f.result(); }));
  EXPECT_EQ(said, "BrokenThreadPool");
  pool.shutdown();
  EXPECT_EQ(logged.messages(), std::vector<std::string>{"Exception in initializer: ... int"});
  log(said);
}

CASE("futures.thread.initializer-fails-cancelled", "a cancelled one does not hide the others") {
  Event go;
  const Logged logged;
  ThreadPoolExecutor pool(failing(go));
  const Fs fs{pool.submit(mul, 2, 3), pool.submit(mul, 2, 4), pool.submit(mul, 2, 5)};
  EXPECT_TRUE(fs[1].cancel());
  go.set();
  std::vector<std::string> said;
  for (const auto& f : fs) said.push_back(kind(raised([&] { f.result(times::must_not_expire); })));
  const auto waited = futures::wait(fs, {.timeout = times::must_not_expire});
  EXPECT_EQ(said,
            (std::vector<std::string>{"BrokenThreadPool", "CancelledError", "BrokenThreadPool"}));
  EXPECT_EQ(waited.done.size(), 3U);
  log(said, waited.done.size());
}

CASE("futures.thread.shutdown-notifies-cancelled", "wait() sees what shutdown() cancelled") {
  Busy busy(2);
  busy.pool.shutdown({.wait = false, .cancel_futures = true});
  const Fs queued(busy.fs.begin() + 1, busy.fs.end());
  const auto waited = futures::wait(queued, {.timeout = times::must_not_expire});
  EXPECT_EQ(waited.done.size(), 2U);
  EXPECT_EQ(collected(futures::as_completed(queued, times::must_not_expire)).size(), 2U);
  busy.gate.set();
  log(waited.done.size());
}

CASE("futures.thread.destructor-waits", "the destructor is shutdown(wait=True)") {
  Event gate;
  Fs fs;
  std::jthread opener;
  {
    ThreadPoolExecutor pool({.max_workers = 1, .thread_name_prefix = "gone"});
    fs = {pool.submit(waiting(gate)), pool.submit(mul, 2, 3)};
    opener = in_thread([&] {
      wait_until_blocked(2);  // the worker at the gate, and whoever waits for it
      gate.set();
    });
  }
  EXPECT_EQ(done(fs), (std::vector{true, true}));
  EXPECT_EQ(workers("gone"), std::vector<std::string>());
  log(done(fs));
}

CASE("futures.thread.options-order", "their names and order are those of the signature") {
  // That this compiles is the order; the binding, that nothing is missing.
  const futures::ThreadPoolExecutorOptions given{
      .max_workers = 2, .thread_name_prefix = "pool", .initializer = [] {}};
  const auto& [max_workers, thread_name_prefix, initializer, daemon, help] = given;
  EXPECT_TRUE(max_workers && !thread_name_prefix.empty() && initializer);
  EXPECT_FALSE(daemon || help);  // of our own
  log("max_workers", "thread_name_prefix", "initializer");
}

// Daemons

CASE("futures.thread.daemon.threads", "its threads are daemons") {
  ThreadPoolExecutor pool({.max_workers = 1, .daemon = true});
  EXPECT_TRUE(pool.submit([] { return threading::current_thread().daemon(); }).result());
  pool.shutdown();
}

CASE("futures.thread.daemon.destructor", "waits for nobody") {
  const auto gate = std::make_shared<Event>();
  Fs fs;
  std::vector<threading::Thread> threads;
  {
    ThreadPoolExecutor pool({.max_workers = 1, .daemon = true});
    for (int n = 0; n < 3; ++n)
      fs.push_back(pool.submit([gate, n] {
        gate->wait();
        return n;
      }));
    threads = threading::enumerate();
  }
  EXPECT_EQ(count(done(fs)), 0);
  gate->set();
  for (int n = 0; n < 3; ++n) EXPECT_EQ(fs[static_cast<std::size_t>(n)].result(), n);
  for (const threading::Thread& thread : threads)
    if (thread.daemon()) thread.join();
}

CASE("futures.thread.daemon.shutdown", "waits, as that of others") {
  Fs fs;
  ThreadPoolExecutor pool({.max_workers = 1, .daemon = true});
  for (int n = 0; n < 2; ++n)
    fs.push_back(pool.submit([n] {
      let_others_run();
      return n;
    }));
  pool.shutdown();
  EXPECT_EQ(count(done(fs)), 2);
}

CASE("futures.thread.daemon.exit", "nor does the end of the program") {
  const Ended ended = run_program("concurrent/futures/daemon_pools");
  EXPECT_EQ(lines_of(ended), std::vector<std::string>{"end of main"});
  EXPECT_EQ(ended.exit_code, 0);
}

// Who waits helps

const futures::ThreadPoolExecutorOptions one_that_helps{.max_workers = 1, .help = true};

// By as many calls as the number says, each of which waits for the next.
int depth(ThreadPoolExecutor& pool, int n) {
  return n == 0 ? 0 : pool.submit([&pool, n] { return depth(pool, n - 1); }).result() + 1;
}

CASE("futures.thread.help.result", "a call waits for another one of its pool") {
  ThreadPoolExecutor pool(one_that_helps);
  EXPECT_EQ(depth(pool, 50), 50);
  const auto inner = [] { throw ValueError("inner"); };
  EXPECT_EQ(raised([&] { pool.submit([&] { pool.submit(inner).result(); }).result(); }),
            "ValueError: inner");
  const auto error = pool.submit([&] { return pool.submit(inner).exception(); }).result();
  EXPECT_EQ(raised_by(error), "ValueError: inner");
  EXPECT_EQ(pool.submit([&] { return collected(pool.map(absolute, numbers(-3, 0))); }).result(),
            (std::vector{3, 2, 1}));
}

CASE("futures.thread.help.any-number", "however many wait for each other") {
  ThreadPoolExecutor pool({.max_workers = 3, .help = true});
  const auto sum = [&pool](const auto& self, int from, int to) -> int {
    if (to - from == 1) return from;
    const int middle = (from + to) / 2;
    const auto low = pool.submit([=] { return self(self, from, middle); });
    const auto high = pool.submit([=] { return self(self, middle, to); });
    return low.result() + high.result();
  };
  EXPECT_EQ(pool.submit([&] { return sum(sum, 0, 500); }).result(), 500 * 499 / 2);
}

CASE("futures.thread.help.wait", "wait() and as_completed(), too") {
  ThreadPoolExecutor pool(one_that_helps);
  const auto waits = [&](futures::ReturnWhen return_when) {
    return pool
        .submit([&pool, return_when] {
          const Fs fs{pool.submit(mul, 2, 3), pool.submit(mul, 4, 5)};
          return futures::wait(fs, {.return_when = return_when}).done.size();
        })
        .result();
  };
  EXPECT_EQ(waits(futures::ALL_COMPLETED), 2u);
  EXPECT_EQ(waits(futures::FIRST_COMPLETED), 1u);
  const auto products = [&pool] {
    const Fs fs{pool.submit(mul, 2, 3), pool.submit(mul, 4, 5)};
    std::vector<int> all;
    for (const auto& f : futures::as_completed(fs)) all.push_back(f.result());
    return all;
  };
  EXPECT_EQ(pool.submit(products).result(), (std::vector{6, 20}));
}

CASE("futures.thread.help.no-other", "only what is waited for is run") {
  ThreadPoolExecutor pool(one_that_helps);
  std::vector<std::string> order;
  const auto say = [&order](const char* text) { order.push_back(text); };
  pool.submit([&] {
        pool.submit(say, "first");
        const auto second = pool.submit(say, "second");
        pool.submit(say, "third");
        second.result();
        say("outer");
      })
      .result();
  pool.shutdown();
  EXPECT_EQ(order, (std::vector<std::string>{"second", "outer", "first", "third"}));
}

CASE("futures.thread.help.timeout", "is looked at before") {
  Event gate;
  ThreadPoolExecutor others(1);
  ThreadPoolExecutor pool(one_that_helps);
  const auto elsewhere = others.submit(waiting(gate));
  const auto said =
      pool.submit([&] {
            const auto inner = pool.submit(mul, 2, 3);
            std::vector<std::string> all;
            all.push_back(kind(raised([&] { inner.result(0s); })));
            all.push_back(str(futures::wait({inner}, {.timeout = 0s}).done.size()));
            all.push_back(kind(raised([&] { elsewhere.result(times::must_expire); })));
            all.push_back(str(inner.result(times::must_not_expire)));
            return all;
          })
          .result();
  EXPECT_EQ(said, (std::vector<std::string>{"TimeoutError", "0", "TimeoutError", "6"}));
  gate.set();
}

CASE("futures.thread.help.own-pool", "by a worker of the pool, and nobody else") {
  Event gate;
  ThreadPoolExecutor others(one_that_helps);
  ThreadPoolExecutor pool(one_that_helps);
  pool.submit(waiting(gate));
  const auto in_queue = pool.submit(threading::current_thread);
  EXPECT_EQ(kind(raised([&] { in_queue.result(times::must_expire); })), "TimeoutError");
  const auto asked =
      others.submit([&] { return kind(raised([&] { in_queue.result(times::must_expire); })); });
  EXPECT_EQ(asked.result(), "TimeoutError");
  gate.set();
  EXPECT_EQ(in_queue.result().name(), pool.submit(threading::current_thread).result().name());
}

CASE("futures.thread.help.shutdown-cancels", "not what was begun") {
  Event begun, gate;
  Future<int> left;
  ThreadPoolExecutor pool(one_that_helps);
  const auto outer = pool.submit([&] {
    left = pool.submit(mul, 2, 3);
    return pool
        .submit([&] {
          begun.set();
          gate.wait();
          return 42;
        })
        .result();
  });
  begun.wait();
  pool.shutdown({.wait = false, .cancel_futures = true});
  EXPECT_TRUE(left.cancelled());
  gate.set();
  EXPECT_EQ(outer.result(), 42);
}

}  // namespace
}  // namespace tandem::conformance
