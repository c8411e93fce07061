#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>

#include "conformance/asyncio/support.hpp"
#include "conformance/harness/blocked.hpp"
#include "tandem/contextvars.hpp"
#include "tandem/futures.hpp"
#include "tandem/futures/process.hpp"
#include "tandem/multiprocessing.hpp"
#include "tandem/threading.hpp"

namespace tandem::conformance {

using asyncio::ExceptionContext;
using contextvars::ContextVar;

namespace {

using Seconds = std::chrono::duration<double>;

Coroutine<int> answer() { co_return 42; }

EventLoop virtual_loop() { return asyncio::detail::virtual_time_loop(); }

// Runs what is ready now, and nothing else.
void run_ready(const EventLoop& loop) {
  loop.call_soon([&] { loop.stop(); });
  loop.run_forever();
}

double time_of(const EventLoop& loop) { return loop.time().count(); }

// A callback that logs, and one that throws.
auto logs(std::string text) {
  return [text = std::move(text)] { log(text); };
}
template <class E>
auto throws(std::string text) {
  return [text = std::move(text)] { throw E(text); };
}
// What raised() says, without a text.
std::string kind(const std::string& said) { return said.substr(0, said.find(':')); }
// "There is no current event loop" of "… in thread 'MainThread'."
std::string without_place(const std::string& said) { return said.substr(0, said.find(" in ")); }

}  // namespace

// Callbacks

CASE("asyncio.event-loop.call-soon", "in their order; those added meanwhile in the next turn") {
  const EventLoop loop = virtual_loop();
  loop.call_soon([&] {
    log("adds");
    loop.call_soon([&] {
      log("added");
      loop.stop();
    });
  });
  loop.call_soon(logs("second"));
  loop.call_soon(logs("third"));
  log("nothing yet");
  loop.run_forever();
  loop.close();
}

CASE("asyncio.event-loop.call-soon-context", "in a copy of the context, or in the one given") {
  const ContextVar<std::string> var("var", "nothing");
  const EventLoop loop = virtual_loop();
  const auto look = [&] { log(var.get()); };
  var.set("here");
  loop.call_soon(look);
  loop.call_later(1s, look);
  const contextvars::Context given;
  loop.call_soon({.context = given}, [&] {
    look();
    var.set("in it");
  });
  loop.call_soon({.context = given}, look);
  var.set("later");
  loop.call_later(2s, [&] { loop.stop(); });
  loop.run_forever();
  log(var.get());
  loop.close();
}

CASE("asyncio.event-loop.handle-cancel", "a handle that is cancelled in time is not called") {
  const EventLoop loop = virtual_loop();
  std::vector<asyncio::Handle> handles;
  for (const char* name : {"first", "second", "third"})
    handles.push_back(loop.call_soon(logs(name)));
  const auto log_all = [&] {
    std::vector<bool> cancelled;
    for (const auto& handle : handles) cancelled.push_back(handle.cancelled());
    log(cancelled);
  };
  handles[1].cancel();
  handles[1].cancel();
  log_all();
  loop.call_soon([&] { handles[3].cancel(); });
  handles.push_back(loop.call_soon(logs("later")));
  run_ready(loop);
  log_all();
  handles[0].cancel();
  log(handles[0].cancelled());
  loop.close();
}

CASE("asyncio.event-loop.call-later", "timers are called in the order of their time") {
  const EventLoop loop = virtual_loop();
  const auto later = [&](std::string name, Seconds delay) {
    loop.call_later(delay, [&loop, name] { log(time_of(loop), name); });
  };
  later("c", 3s);
  later("a", 1s);
  later("d", 4s);
  later("b", 2s);
  loop.call_later(5s, [&] { loop.stop(); });
  loop.run_forever();
  log(time_of(loop));
  loop.close();
}

CASE("asyncio.event-loop.negative-delays", "a delay may be negative: the earlier the sooner") {
  const EventLoop loop = virtual_loop();
  loop.call_later(-1s, logs("-1"));
  loop.call_later(-2s, logs("-2"));
  loop.call_later(0s, [&] {
    log(0);
    loop.stop();
  });
  loop.call_soon(logs("soon"));
  loop.run_forever();
  log(time_of(loop));
  loop.close();
}

CASE("asyncio.event-loop.call-at", "call_at() takes a time of the loop's own clock") {
  const EventLoop loop = virtual_loop();
  log(time_of(loop));
  const auto at = loop.call_at(1500ms, [&] { log(time_of(loop), "at"); });
  const auto later = loop.call_later(1s, [&] { log(time_of(loop), "later"); });
  log(at.when().count(), later.when().count());
  loop.call_at(2s, [&] { loop.stop(); });
  loop.run_forever();
  log(time_of(loop));
  loop.close();
}

CASE("asyncio.event-loop.real-clock", "timers are not early on the real clock") {
  const EventLoop loop = asyncio::new_event_loop();
  const double start = time_of(loop);
  loop.call_later(times::must_expire, [&] { loop.stop(); });
  loop.run_forever();
  log(time_of(loop) - start >= Seconds(times::must_expire).count());
  loop.close();
}

CASE("asyncio.event-loop.no-time", "a timer whose time is no number is due") {
  const EventLoop loop = virtual_loop();
  const Seconds no_time(std::numeric_limits<double>::quiet_NaN());
  loop.call_at(no_time, logs("at no time"));
  loop.call_later(no_time, logs("no time later"));
  loop.call_soon(logs("soon"));
  run_ready(loop);
  run_ready(loop);
  loop.close();
}

CASE("asyncio.event-loop.timers-behind", "a timer that is due is called after what was ready") {
  const EventLoop loop = virtual_loop();
  loop.call_later(1s, [&] {
    log("timer");
    loop.call_soon(logs("soon"));
    loop.call_later(0s, [&] {
      log("at once");
      loop.stop();
    });
  });
  loop.call_later(1s, logs("same time"));
  loop.run_forever();
  loop.close();
}

CASE("asyncio.event-loop.timer-cancel", "a timer that is cancelled is not waited for") {
  const EventLoop loop = virtual_loop();
  const auto first = loop.call_later(1s, logs("first"));
  std::optional<asyncio::TimerHandle> second;
  loop.call_later(2s, [&] {
    log(time_of(loop));
    second->cancel();
  });
  second = loop.call_later(3s, logs("second"));
  loop.call_later(4s, [&] {
    log(time_of(loop));
    loop.stop();
  });
  first.cancel();
  first.cancel();
  log(first.cancelled(), first.when().count());
  loop.run_forever();
  log(second->cancelled());
  loop.close();
}

CASE("asyncio.event-loop.many-timers-cancelled", "the heap is made anew, in CPython's order") {
  const EventLoop loop = virtual_loop();
  std::vector<int> said;
  std::vector<asyncio::TimerHandle> handles;
  for (int n = 0; n < 300; ++n)
    handles.push_back(loop.call_later(Seconds(1 + n % 7), [&said, n] { said.push_back(n); }));
  for (std::size_t n = 0; n < handles.size(); ++n)
    if (n % 5 != 0) handles[n].cancel();
  loop.call_later(10s, [&] { loop.stop(); });
  loop.run_forever();
  log(said);
  loop.close();
}

CASE("asyncio.event-loop.timer-ties", "timers of the same time in the order of CPython's heap") {
  const EventLoop loop = virtual_loop();
  std::vector<int> said;
  int number = 0;
  for (const int when : {3, 1, 2, 1, 1, 3, 2, 2, 1, 3, 1, 2, 1, 1, 2, 3, 1})
    loop.call_at(Seconds(when), [&said, n = number++] { said.push_back(n); });
  loop.call_at(4s, [&] { loop.stop(); });
  loop.run_forever();
  log(said);
  loop.close();
}

CASE("asyncio.event-loop.handle-compare", "timer handles are ordered by their time") {
  const EventLoop loop = virtual_loop();
  const auto early = loop.call_at(1s, logs("early"));
  const auto late = loop.call_at(2s, logs("late"));
  log(early<late, late<early, late> early, early> late, early <= late, early >= late);
  const auto same = early;
  log(early == same, early == late);
  loop.close();
}

namespace {
// "<Handle" of "<Handle name>".
std::string without_name(const std::string& text, std::size_t words) {
  std::size_t end = 0;
  for (; words > 0; --words) end = text.find_first_of(" >", end + 1);
  return text.substr(0, end);
}
}  // namespace

CASE("asyncio.event-loop.handle-repr", "handles print what they are") {
  const EventLoop loop = virtual_loop();
  const auto handle = loop.call_soon(logs("soon"));
  const auto timer = loop.call_at(1500ms, logs("at"));
  log(without_name(str(handle), 1), without_name(str(timer), 2));
  handle.cancel();
  timer.cancel();
  log(handle, timer);
  loop.close();
}

CASE("asyncio.event-loop.callback-raises", "what a callback raises is reported") {
  const EventLoop loop = virtual_loop();
  std::optional<asyncio::Handle> handle;
  loop.set_exception_handler([&](const EventLoop&, const ExceptionContext& context) {
    log(context.message.substr(0, 21), raised_by(context.exception), context.handle == handle);
  });
  handle = loop.call_soon(throws<ValueError>("bad"));
  loop.call_soon(logs("next"));
  run_ready(loop);
  handle = loop.call_later(1s, throws<ValueError>("bad timer"));
  loop.call_later(2s, [&] { loop.stop(); });
  loop.run_forever();
  loop.close();
}

// Run and stop

CASE("asyncio.event-loop.stop", "stop() lets the turn end; the rest waits for the next run") {
  const EventLoop loop = virtual_loop();
  loop.call_soon([&] {
    log("stops", loop.is_running());
    loop.stop();
    loop.call_soon(logs("next run"));
  });
  loop.call_soon(logs("same turn"));
  loop.run_forever();
  log("stopped", loop.is_running());
  run_ready(loop);
  loop.close();
}

CASE("asyncio.event-loop.stop-before", "stopped before it runs, it makes one turn") {
  const EventLoop loop = virtual_loop();
  loop.call_soon([&] {
    log("first");
    loop.call_soon(logs("second"));
  });
  loop.stop();
  loop.run_forever();
  log("stopped");
  run_ready(loop);
  loop.close();
}

CASE("asyncio.event-loop.run-until-complete", "what a coroutine, task or future comes to") {
  const EventLoop loop = virtual_loop();
  const int of_coroutine = loop.run_until_complete(answer());
  log(of_coroutine, loop.run_until_complete(loop.create_task(answer())));
  const auto f = loop.create_future<int>();
  loop.call_later(1s, [&] { f.set_exception(ValueError("bad")); });
  const std::string said = raised([&] { loop.run_until_complete(f); });
  log(said, time_of(loop));
  const auto done = loop.create_future<std::string>();
  done.set_result("done");
  loop.call_soon(logs("meanwhile"));
  log(loop.run_until_complete(done));
  const auto cancelled = loop.create_future<int>();
  cancelled.cancel();
  log(raised([&] { loop.run_until_complete(cancelled); }));
  loop.close();
}

namespace {
Coroutine<int> counts_and_stops() {
  int number = 0;
  for (;; ++number) {
    co_await asyncio::sleep(1s);
    if (number == 1) asyncio::get_running_loop().stop();
    if (number == 3) break;
  }
  co_return number;
}
}  // namespace

CASE("asyncio.event-loop.stopped-early", "run_until_complete() raises; the task can go on later") {
  const EventLoop loop = virtual_loop();
  const auto task = loop.create_task(counts_and_stops());
  const std::string said = raised([&] { loop.run_until_complete(task); });
  log(said, task.done(), time_of(loop));
  const int result = loop.run_until_complete(task);
  log(result, time_of(loop));
  loop.close();
}

CASE("asyncio.event-loop.future-of-another", "a future of another loop is refused") {
  const EventLoop loop = virtual_loop();
  const EventLoop other = virtual_loop();
  const auto f = other.create_future();
  log(raised([&] { loop.run_until_complete(f); }));
  loop.close();
  other.close();
}

CASE("asyncio.event-loop.nested", "a loop cannot be run while it runs, nor another in the thread") {
  const EventLoop loop = virtual_loop();
  const EventLoop other = virtual_loop();
  const auto nests = [&]() -> Coroutine<> {
    log(loop.is_running(), other.is_running());
    for (const EventLoop& one : {loop, other}) {
      const auto f = one.create_future();
      log(raised([&] { one.run_until_complete(f); }));
    }
    co_return;
  };
  loop.run_until_complete(nests());
  loop.close();
  other.close();
}

CASE("asyncio.event-loop.in-another-thread", "another thread may run another loop meanwhile") {
  const int result = run_virtual([]() -> Coroutine<int> {
    co_return co_await asyncio::get_running_loop().run_in_executor(
        nullptr, [] { return run_virtual(answer()); });
  });
  log(result);
}

CASE("asyncio.event-loop.leaves", "KeyboardInterrupt and SystemExit of a callback leave the loop") {
  const EventLoop loop = virtual_loop();
  for (const auto& leaving : {std::make_exception_ptr(KeyboardInterrupt("pressed")),
                              std::make_exception_ptr(SystemExit(3))}) {
    loop.call_soon([&] { std::rethrow_exception(leaving); });
    loop.call_soon(logs("next run"));
    const std::string said = raised([&] { loop.run_until_complete(asyncio::sleep(1s)); });
    log(said, loop.is_running());
  }
  loop.run_until_complete(asyncio::sleep(2s));
  log(time_of(loop));
  loop.close();
}

CASE("asyncio.event-loop.close", "close() may be called twice, but not while the loop runs") {
  const EventLoop loop = virtual_loop();
  loop.call_soon([&] { log(raised([&] { loop.close(); })); });
  run_ready(loop);
  log(loop.is_closed());
  loop.call_soon(logs("never"));
  loop.call_later(1s, logs("never"));
  loop.close();
  log(loop.is_closed(), loop.is_running());
  loop.close();
}

CASE("asyncio.event-loop.closed", "a loop that is closed takes nothing more") {
  const EventLoop loop = virtual_loop();
  const auto f = loop.create_future();
  loop.close();
  log(raised([&] { loop.call_soon(logs("never")); }));
  log(raised([&] { loop.call_soon_threadsafe(logs("never")); }));
  log(raised([&] { loop.call_later(1s, logs("never")); }));
  log(raised([&] { loop.call_at(1s, logs("never")); }));
  log(raised([&] { loop.run_in_executor(nullptr, logs("never")); }));
  log(raised([&] { loop.run_forever(); }));
  log(raised([&] { loop.run_until_complete(f); }));
  const Logged logged;  // of the coroutine that is never awaited
  log(raised([&] { loop.create_task(answer()); }));
}

CASE("asyncio.event-loop.repr", "a loop prints its state") {
  const EventLoop loop = virtual_loop();
  const auto log_state = [&] {
    const std::string text = str(loop);
    log(text.substr(text.find(' ') + 1));
  };
  log_state();
  loop.set_debug(true);
  loop.call_soon(log_state);
  run_ready(loop);
  loop.set_debug(false);
  loop.close();
  log_state();
}

// Which loop

CASE("asyncio.event-loop.running-loop", "get_running_loop() is the one that runs in this thread") {
  const EventLoop loop = virtual_loop();
  const auto log_missing = [] { log(raised([] { return asyncio::get_running_loop(); })); };
  const auto main = [&]() -> Coroutine<> {
    log(asyncio::get_running_loop() == loop, asyncio::get_event_loop() == loop);
    std::thread(log_missing).join();
    co_return;
  };
  log_missing();
  loop.run_until_complete(main());
  loop.call_soon([&] { log(asyncio::get_running_loop() == loop); });
  run_ready(loop);
  log_missing();
  loop.close();
}

CASE("asyncio.event-loop.current-loop", "set_event_loop() names the loop of a thread") {
  const EventLoop set_before = virtual_loop();
  const EventLoop running = virtual_loop();
  const auto main = [&]() -> Coroutine<> {
    log(asyncio::get_event_loop() == running);
    co_return;
  };
  const auto elsewhere = [] {
    log(without_place(raised([] { return asyncio::get_event_loop(); })));
  };
  asyncio::set_event_loop(set_before);
  log(asyncio::get_event_loop() == set_before);
  running.run_until_complete(main());
  log(asyncio::get_event_loop() == set_before);
  std::thread(elsewhere).join();
  asyncio::set_event_loop({});
  elsewhere();
  set_before.close();
  running.close();
}

CASE("asyncio.event-loop.new-event-loop", "new_event_loop() makes one that is nobody's yet") {
  asyncio::set_event_loop({});
  const EventLoop first = asyncio::new_event_loop();
  const EventLoop second = asyncio::new_event_loop();
  log(first == second, first.is_running(), first.is_closed());
  log(without_place(raised([] { return asyncio::get_event_loop(); })));
  first.close();
  log(first.is_closed(), second.is_closed());
  second.close();
}

// Threads

CASE("asyncio.event-loop.threadsafe", "wakes a loop that waits, and keeps the order") {
  const EventLoop loop = asyncio::new_event_loop();
  std::jthread thread;
  loop.call_soon([&] {
    thread = std::jthread([&] {
      let_others_run();  // until it waits
      for (int number = 0; number < 3; ++number)
        loop.call_soon_threadsafe([number] { log(number); });
      loop.call_soon_threadsafe([&] { loop.stop(); });
    });
  });
  loop.run_forever();
  thread.join();
  loop.close();
}

CASE("asyncio.event-loop.threadsafe-here", "in the loop's own thread it is as call_soon()") {
  const EventLoop loop = virtual_loop();
  loop.call_soon_threadsafe(logs("first"));
  loop.call_soon(logs("second"));
  const auto handle = loop.call_soon_threadsafe(logs("third"));
  handle.cancel();
  loop.call_soon_threadsafe(logs("fourth"));
  run_ready(loop);
  loop.close();
}

namespace {
int fail() { throw ValueError("bad"); }
std::string thread_name() { return threading::current_thread().name(); }
}  // namespace

CASE("asyncio.event-loop.run-in-executor", "calls in another thread") {
  const auto here = std::this_thread::get_id();
  const auto times = [here](int left, int right) {
    return std::tuple(left * right, std::this_thread::get_id() == here);
  };
  run_virtual([&]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    const auto result = co_await loop.run_in_executor(nullptr, times, 6, 7);
    log(result);
    const std::string said = co_await awaited(loop.run_in_executor(nullptr, fail));
    log(said);
    futures::ThreadPoolExecutor executor({.max_workers = 1, .thread_name_prefix = "own"});
    const std::string name = co_await loop.run_in_executor(executor, thread_name);
    log(name);
  });
}

CASE("asyncio.event-loop.run-in-executor-cancel", "does not disturb the call, nor a closed loop") {
  threading::Event started;
  threading::Event go_on;
  futures::ThreadPoolExecutor executor(1);
  const EventLoop loop = virtual_loop();
  const auto f = loop.run_in_executor(executor, [&] {
    started.set();
    go_on.wait();
    log("call ends");
  });
  started.wait();
  f.cancel();
  run_ready(loop);
  log(f.cancelled());
  loop.close();
  const Logged logged;
  go_on.set();
  executor.shutdown();
  log(first_lines(logged));
}

namespace {

// What waits for others, in another process.
struct Channel {
  Channel() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw OSError(errno);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    for (const int end : ends) ::close(end);
  }
  int reader() const { return ends[0]; }
  int writer() const { return ends[1]; }

  std::array<int, 2> ends{};
};
std::string read_from(int file, std::size_t most) {
  std::string text(most, '\0');
  text.resize(static_cast<std::size_t>(::read(file, text.data(), most)));
  return text;
}
void write_to(int file, const std::string& text) {
  EXPECT_EQ(::write(file, text.data(), text.size()), std::ssize(text));
}

// What workers call.
int times_six(int number) { return 6 * number; }
int process() { return ::getpid(); }
void die(int gate) {
  read_from(gate, 1);
  ::kill(::getpid(), SIGKILL);
}
void tell(int gate, int diary, char name) {
  write_to(diary, {name});
  read_from(gate, 1);
  write_to(diary, {static_cast<char>(name - 'a' + 'A')});
}

futures::ProcessPoolExecutorOptions one_worker() {
  return {.max_workers = 1, .mp_context = multiprocessing::get_context("fork")};
}

}  // namespace

CASE("asyncio.event-loop.process-pool", "calls in a worker") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    futures::ProcessPoolExecutor pool(one_worker());
    const int worker = co_await loop.run_in_executor(pool, process);
    log(worker == ::getpid());
    const int product = co_await loop.run_in_executor(pool, times_six, 7);
    log(product);
    const std::string said = co_await awaited(loop.run_in_executor(pool, fail));
    log(said);
  });
}

CASE("asyncio.event-loop.process-pool-broken", "futures raise BrokenProcessPool") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    const Channel gate;
    futures::ProcessPoolExecutor pool(one_worker());
    auto dies = loop.run_in_executor(pool, die, gate.reader());
    auto waits = loop.run_in_executor(pool, times_six, 7);
    write_to(gate.writer(), ".");
    const std::string said = co_await awaited(std::move(dies));
    log(said, co_await awaited(std::move(waits)));
    log(raised([&] { loop.run_in_executor(pool, times_six, 7); }));
  });
}

namespace {
Coroutine<> told(futures::ProcessPoolExecutor& pool, int gate, int diary, char name) {
  co_await asyncio::get_running_loop().run_in_executor(pool, tell, gate, diary, name);
}
Coroutine<> cancels_first_and_last(futures::ProcessPoolExecutor& pool, Channel& gate,
                                   Channel& diary) {
  const std::string names = "abcdef";
  std::vector<asyncio::Task<>> tasks;
  for (const char name : names)
    tasks.push_back(asyncio::create_task(told(pool, gate.reader(), diary.writer(), name)));
  co_await turns();
  log(read_from(diary.reader(), 1));
  for (const auto& task : {tasks.front(), tasks.back()}) task.cancel();
  for (const std::size_t at : {std::size_t{0}, tasks.size() - 1}) {
    const std::string said = co_await awaited(tasks[at]);
    log(said);
  }
  write_to(gate.writer(), names);
  for (std::size_t at = 1; at + 1 < tasks.size(); ++at) {
    const std::string said = co_await awaited(tasks[at]);
    log(said);
  }
}
}  // namespace

CASE("asyncio.event-loop.process-pool-cancel", "ends the task, not the call") {
  Channel gate, diary;
  {
    futures::ProcessPoolExecutor pool(one_worker());
    run_virtual(cancels_first_and_last(pool, gate, diary));
  }
  log(read_from(diary.reader(), 100));
}

CASE("asyncio.event-loop.default-executor", "run_in_executor(None, …) uses the one that was set") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    loop.set_default_executor(std::make_shared<futures::ThreadPoolExecutor>(
        futures::ThreadPoolExecutorOptions{.max_workers = 1, .thread_name_prefix = "mine"}));
    const std::string name = co_await loop.run_in_executor(nullptr, thread_name);
    log(name);
  });
}

CASE("asyncio.event-loop.shutdown-executor", "waits for the calls; then there is none any more") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    const auto f = loop.run_in_executor(nullptr, logs("call"));
    co_await loop.shutdown_default_executor();
    log("shut down");
    log(raised([&] { loop.run_in_executor(nullptr, logs("never")); }));
    co_await f;
  });
}

namespace {
Coroutine<> shuts_down_in_vain() {
  const EventLoop loop = asyncio::get_running_loop();
  const Logged logged;
  threading::Event gate;
  const auto start = now();
  const auto f = loop.run_in_executor(nullptr, [&gate] { return gate.wait(); });
  co_await loop.shutdown_default_executor(times::must_expire);
  for (const std::string& message : logged.messages())
    log(message.substr(0, message.find(" within")));
  log("waited", now() - start >= times::must_expire, f.done());
  gate.set();
  const bool opened = co_await f;
  log(opened);
}
}  // namespace

CASE("asyncio.event-loop.shutdown-executor-timeout", "goes on without the calls, and warns") {
  asyncio::run(shuts_down_in_vain());
}

CASE("asyncio.event-loop.close-leaves-executor", "close() does not wait for what it still runs") {
  const EventLoop loop = virtual_loop();
  threading::Event gate, ended;
  loop.run_in_executor(nullptr, [&] {
    gate.wait();
    ended.set();
  });
  loop.close();
  log(ended.is_set());
  gate.set();
  ended.wait();
  log(ended.is_set());
}

// Open files

namespace {
struct Pipe {
  Pipe() {
    if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw OSError(errno);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  int reader() const { return ends[0]; }
  int writer() const { return ends[1]; }
  void write(const std::string& text) const {
    EXPECT_EQ(::write(writer(), text.data(), text.size()), std::ssize(text));
  }
  std::string read(std::size_t size) const {
    std::string text(size, '\0');
    text.resize(static_cast<std::size_t>(::read(reader(), text.data(), size)));
    return text;
  }

  std::array<int, 2> ends{};
};
}  // namespace

CASE("asyncio.event-loop.add-reader", "called in each turn in which there is something to read") {
  const EventLoop loop = virtual_loop();
  const Pipe pipe;
  int times_called = 0;
  loop.add_reader(pipe.reader(), [&] {
    log(pipe.read(2));
    if (++times_called == 3) loop.stop();
  });
  loop.call_soon([&] { pipe.write("abcdef"); });
  loop.run_forever();
  const bool was_there = loop.remove_reader(pipe.reader());
  log(was_there, loop.remove_reader(pipe.reader()));
  pipe.write("unread");
  run_ready(loop);
  loop.close();
}

CASE("asyncio.event-loop.add-writer", "called in each turn in which there is room") {
  const EventLoop loop = virtual_loop();
  const Pipe pipe;
  int times_called = 0;
  loop.add_writer(pipe.writer(), [&] {
    log("room");
    if (++times_called == 2) loop.stop();
  });
  loop.run_forever();
  Log{loop.remove_writer(pipe.writer()), loop.remove_writer(pipe.writer()),
      loop.remove_reader(pipe.writer())};
  run_ready(loop);
  loop.close();
}

CASE("asyncio.event-loop.replaced-reader", "a second reader takes the place of the first") {
  const EventLoop loop = virtual_loop();
  const Pipe pipe;
  loop.add_reader(pipe.reader(), logs("first"));
  loop.add_reader(pipe.reader(), [&] {
    log("second");
    loop.stop();
  });
  pipe.write("x");
  loop.run_forever();
  log(loop.remove_reader(pipe.reader()));
  loop.close();
}

CASE("asyncio.event-loop.reused-descriptor", "a reader goes with its file, not with its number") {
  const EventLoop loop = virtual_loop();
  for (const bool as_reader : {true, false}) {
    const Pipe closed, other;
    loop.add_reader(closed.reader(), [] { ADD_FAILURE() << "of the file that was closed"; });
    ASSERT_EQ(::dup2(as_reader ? other.reader() : other.writer(), closed.reader()),
              closed.reader());
    other.write("x");
    int called = 0;
    const auto stops = [&] {
      ++called;
      loop.stop();
    };
    if (as_reader)
      loop.add_reader(closed.reader(), stops);
    else
      loop.add_writer(closed.reader(), stops);
    loop.run_forever();
    EXPECT_EQ(called, 1);
    EXPECT_EQ(loop.remove_reader(closed.reader()), as_reader);
    EXPECT_EQ(loop.remove_writer(closed.reader()), !as_reader);
  }
  const Pipe closed, other;
  loop.add_reader(closed.reader(), [] {});
  loop.add_writer(closed.reader(), [] {});
  ASSERT_EQ(::dup2(other.reader(), closed.reader()), closed.reader());
  EXPECT_TRUE(loop.remove_reader(closed.reader()));
  EXPECT_FALSE(loop.remove_writer(closed.reader()));
  loop.close();
}

CASE("asyncio.event-loop.descriptors-before-timers", "what was ready, files, timers") {
  const EventLoop loop = virtual_loop();
  const Pipe pipe;
  pipe.write("x");
  loop.add_reader(pipe.reader(), [&] {
    log("reader");
    loop.remove_reader(pipe.reader());
    loop.call_soon(logs("of the reader"));
  });
  loop.call_later(-1s, logs("timer"));
  loop.call_soon(logs("soon"));
  loop.call_later(1s, [&] { loop.stop(); });
  loop.run_forever();
  loop.close();
}

CASE("asyncio.event-loop.calls-before-descriptors", "what became readable later comes later") {
  const EventLoop loop = virtual_loop();
  const Pipe pipe;
  loop.add_reader(pipe.reader(), [&] {
    log("reader");
    loop.remove_reader(pipe.reader());
  });
  loop.call_soon([&] {
    std::thread([&] {
      loop.call_soon_threadsafe(logs("called"));
      pipe.write("x");
    }).join();
  });
  loop.call_later(1s, [&] { loop.stop(); });
  loop.run_forever();
  loop.close();
}

CASE("asyncio.event-loop.descriptors-when-closed",
     "no readers and writers, and none can be added") {
  const EventLoop loop = virtual_loop();
  const Pipe pipe;
  loop.add_reader(pipe.reader(), logs("never"));
  loop.add_writer(pipe.writer(), logs("never"));
  loop.close();
  Log{loop.remove_reader(pipe.reader()), loop.remove_writer(pipe.writer())};
  log(raised([&] { loop.add_reader(pipe.reader(), logs("never")); }));
  log(raised([&] { loop.add_writer(pipe.writer(), logs("never")); }));
}

// Signals

namespace {
bool is_default(int number) {
  struct sigaction action {};
  ::sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}
}  // namespace

CASE("asyncio.event-loop.signal-handler", "called by the loop; removed, the signal is as before") {
  const EventLoop loop = virtual_loop();
  loop.add_signal_handler(SIGUSR1, [&] {
    log("signal");
    loop.stop();
  });
  loop.call_soon([] {
    ::kill(::getpid(), SIGUSR1);
    log("sent");
  });
  loop.run_forever();
  Log{loop.remove_signal_handler(SIGUSR1), loop.remove_signal_handler(SIGUSR1)};
  log(is_default(SIGUSR1));
  loop.close();
}

CASE("asyncio.event-loop.signal-while-waiting", "a signal wakes a loop that waits") {
  const EventLoop loop = asyncio::new_event_loop();
  loop.add_signal_handler(SIGUSR1, [&] {
    log("signal");
    loop.stop();
  });
  std::jthread thread;
  loop.call_soon([&] { thread = std::jthread([] { ::kill(::getpid(), SIGUSR1); }); });
  loop.call_later(times::must_not_expire, logs("too late"));
  loop.run_forever();
  thread.join();
  loop.close();
  log(is_default(SIGUSR1));
}

CASE("asyncio.event-loop.signal-replaced", "a second handler takes the place of the first") {
  const EventLoop loop = virtual_loop();
  loop.add_signal_handler(SIGUSR1, logs("first"));
  loop.add_signal_handler(SIGUSR1, [&] {
    log("second");
    loop.stop();
  });
  loop.call_soon([] { ::kill(::getpid(), SIGUSR1); });
  loop.run_forever();
  loop.close();
}

CASE("asyncio.event-loop.signal-errors", "what is no signal, or cannot be caught, is refused") {
  const EventLoop loop = virtual_loop();
  for (const int number : {0, -1, NSIG + 1}) {
    log(kind(raised([&] { loop.add_signal_handler(number, logs("never")); })));
    log(kind(raised([&] { loop.remove_signal_handler(number); })));
  }
  log(raised([&] { loop.add_signal_handler(SIGKILL, logs("never")); }));
  log(loop.remove_signal_handler(SIGKILL));
  loop.close();
}

// Errors and debugging

CASE("asyncio.event-loop.exception-handler", "a handler gets what is reported; else it is logged") {
  const EventLoop loop = virtual_loop();
  log(!loop.get_exception_handler());
  loop.set_exception_handler([](const EventLoop&, const ExceptionContext& context) {
    log("handler", context.message, raised_by(context.exception));
  });
  log(!loop.get_exception_handler());
  ExceptionContext context{.message = "text", .exception = error<ValueError>("bad")};
  loop.call_exception_handler(context);
  loop.call_exception_handler({.message = "only text"});
  loop.set_exception_handler({});
  const Logged logged;
  context.message = "logged";
  loop.call_exception_handler(context);
  log(first_lines(logged));
  loop.close();
}

namespace {
const ContextVar<std::string> where("where", "nothing");

void fails_as(const std::string& who) {
  where.set(who);
  throw ValueError(who);
}
Coroutine<> fails_as_task() {
  fails_as("task");
  co_return;
}
}  // namespace

CASE("asyncio.event-loop.exception-handler-context", "it is called in that of what has raised") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    loop.set_exception_handler([](const EventLoop&, const ExceptionContext& context) {
      log(context.message.substr(0, 21), where.get());
    });
    loop.call_soon([] { fails_as("callback"); });
    asyncio::create_task(fails_as_task());
    co_await turns(2);
    log(where.get());
  });
}

namespace {
Coroutine<> fails_in_task() {
  throw ValueError("bad task");
  co_return;
}
}  // namespace

CASE("asyncio.event-loop.default-handler", "without a handler all is logged") {
  const EventLoop loop = virtual_loop();
  const Logged logged;
  loop.call_soon(throws<ValueError>("bad callback"));
  loop.call_later(1s, throws<ValueError>("bad timer"));
  loop.create_task(fails_in_task());
  loop.call_later(2s, [&] { loop.stop(); });
  loop.run_forever();
  std::vector<std::string> lines;
  for (const std::string& line : first_lines(logged)) lines.push_back(line.substr(0, 21));
  std::sort(lines.begin(), lines.end());
  log(lines);
  loop.close();
}

CASE("asyncio.event-loop.broken-handler", "a handler that raises is reported by the log") {
  const EventLoop loop = virtual_loop();
  loop.set_exception_handler(
      [](const EventLoop&, const ExceptionContext&) { throw KeyError("broken"); });
  const Logged logged;
  loop.call_soon(throws<ValueError>("bad"));
  loop.call_soon(logs("next"));
  run_ready(loop);
  log(first_lines(logged));
  loop.close();
}

CASE("asyncio.event-loop.handler-leaves", "KeyboardInterrupt of a handler leaves the loop") {
  const EventLoop loop = virtual_loop();
  loop.set_exception_handler(
      [](const EventLoop&, const ExceptionContext&) { throw KeyboardInterrupt("pressed"); });
  loop.call_soon(throws<ValueError>("bad"));
  log(raised([&] { loop.run_forever(); }));
  loop.close();
}

CASE("asyncio.event-loop.debug", "debugging can be switched on and off") {
  const EventLoop loop = virtual_loop();
  log(loop.get_debug());
  loop.set_debug(true);
  log(loop.get_debug());
  loop.set_debug(false);
  log(loop.get_debug(), loop.slow_callback_duration().count());
  loop.close();
}

namespace {
Coroutine<> slow() { co_return; }
}  // namespace

CASE("asyncio.event-loop.slow-callback", "the loop reports what took too long") {
  const EventLoop loop = asyncio::new_event_loop();
  loop.set_debug(true);
  const Logged logged;
  loop.slow_callback_duration(0s);
  loop.call_soon([] {});
  run_ready(loop);
  loop.create_task(slow());
  run_ready(loop);
  loop.slow_callback_duration(60s);
  loop.call_soon([] {});
  run_ready(loop);
  std::vector<std::string> took;
  for (const std::string& message : first_lines(logged))
    if (message.find(" took ") != std::string::npos) took.push_back(message);
  const bool tells_of_task = std::any_of(took.begin(), took.end(), [](const std::string& message) {
    return message.find("<Task") != std::string::npos;
  });
  log(took.at(0).substr(0, 17), took.at(0).substr(took.at(0).size() - 7), tells_of_task,
      took.size() >= 2);
  loop.close();
}

CASE("asyncio.event-loop.wrong-thread", "calls from another thread are refused when debugging") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    const auto waited_for = loop.create_future<int>(), done = loop.create_future<int>();
    waited_for.add_done_callback([](const auto&) {});
    done.set_result(1);
    loop.set_debug(true);
    std::thread([&] {
      log(raised([&] { loop.call_soon(logs("called soon")); }));
      log(raised([&] { loop.call_later(1s, logs("called later")); }));
      log(raised([&] { loop.call_at(1s, logs("called at")); }));
      log(raised([&] { loop.call_soon_threadsafe(logs("called safely")); }));
      log(raised([&] { waited_for.set_result(1); }));
      log(raised([&] { done.add_done_callback([](const auto&) { log("called back"); }); }));
    }).join();
    co_await turns(2);
  });
}

CASE("asyncio.event-loop.task-factory", "a factory makes the tasks; they are named all the same") {
  run_virtual([]() -> Coroutine<> {
    const EventLoop loop = asyncio::get_running_loop();
    log(!loop.get_task_factory());
    loop.set_task_factory([](const EventLoop&, const asyncio::NewTask& task) {
      log("factory");
      task.schedule();
    });
    log(!loop.get_task_factory());
    const auto task = asyncio::create_task(answer(), "named");
    const int result = co_await task;
    log(task.get_name(), result);
    const int of_loop = co_await loop.create_task(answer());
    const int of_ensure = co_await asyncio::ensure_future(answer());
    log(of_loop, of_ensure);
    loop.set_task_factory({});
    const int without = co_await asyncio::create_task(answer());
    log(without);
  });
}

CASE("asyncio.event-loop.virtual-time", "nothing sleeps; without a deadline it waits for threads") {
  run_virtual([]() -> Coroutine<> {
    co_await asyncio::sleep(std::chrono::hours(24 * 30));
    const std::string said = co_await asyncio::get_running_loop().run_in_executor(
        nullptr, [] { return std::string("from a thread"); });
    log_at(said);
  });
}

CASE("asyncio.event-loop.run-until-complete-untyped", "whatever the result is") {
  const EventLoop loop = virtual_loop();
  const auto f = loop.create_future<int>();
  const std::vector<asyncio::AnyFuture> futures{loop.create_task(answer()), f};
  loop.call_later(1s, [&] { f.set_exception(ValueError("bad")); });
  for (const auto& each : futures)
    log(raised([&] {
      loop.run_until_complete(each);
      log(time_of(loop), "done");
    }));
  loop.close();
}

}  // namespace tandem::conformance
