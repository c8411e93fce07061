#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>

#include "conformance/asyncio/support.hpp"
#include "conformance/harness/times.hpp"
#include "tandem/contextvars.hpp"
#include "tandem/threading.hpp"

namespace tandem::conformance {

using asyncio::create_task;
using asyncio::Runner;
using contextvars::ContextVar;

namespace {

EventLoop running() { return asyncio::get_running_loop(); }

Coroutine<int> answer() {
  co_await asyncio::sleep(0s);
  co_return 42;
}

// Tells when it goes, after another wait.
Coroutine<> leftover(std::string name, std::chrono::seconds delay) {
  std::exception_ptr cancellation;
  try {
    co_await asyncio::sleep(3600s);
  } catch (const asyncio::CancelledError&) {
    log(name, "cancelled");
    cancellation = std::current_exception();
  }
  co_await asyncio::sleep(delay);
  log_at(name, "ends");
  if (cancellation) std::rethrow_exception(cancellation);
}

struct CleanUp {
  std::string text;
  ~CleanUp() { log(text); }
};
Coroutine<> tells_when_cancelled() {
  try {
    co_await asyncio::sleep(3600s);
  } catch (const asyncio::CancelledError&) {
    log("cancelled");
    throw;
  }
}

}  // namespace

CASE("asyncio.runner.run", "what the coroutine returns, on a loop of its own, closed then") {
  std::vector<EventLoop> loops;
  const auto main = [&]() -> Coroutine<int> {
    loops.push_back(running());
    log(loops.back().is_running());
    co_return co_await answer();
  };
  const int first = asyncio::run(main());
  const int second = asyncio::run(main());
  log(first, second);
  log(loops[0] == loops[1], std::vector{loops[0].is_closed(), loops[1].is_closed()});
}

namespace {
Coroutine<> fails() {
  co_await asyncio::sleep(0s);
  throw ValueError("spam");
}
Coroutine<> cancels_itself() {
  asyncio::current_task()->cancel();
  co_await asyncio::sleep(1s);
}
}  // namespace

CASE("asyncio.runner.raises", "run() raises what the coroutine raises, CancelledError too") {
  log(raised([] { asyncio::run(fails()); }));
  log(raised([] { asyncio::run(cancels_itself()); }));
}

CASE("asyncio.runner.debug", "run(debug=…) switches debugging") {
  const auto main = []() -> Coroutine<bool> { co_return running().get_debug(); };
  const bool by_default = asyncio::run(main());
  const bool on = asyncio::run(main(), {.debug = true});
  log(by_default, on, asyncio::run(main(), {.debug = false}));
}

CASE("asyncio.runner.from-running-loop", "run() inside a running loop is an error") {
  asyncio::run([]() -> Coroutine<> {
    const Logged logged;  // of the coroutine that is never awaited
    log(raised([] { asyncio::run(answer()); }));
    co_return;
  }());
}

CASE("asyncio.runner.cancels-leftovers", "tasks that are left are cancelled, and waited for") {
  std::optional<asyncio::Task<>> task;
  log(run_virtual([&]() -> Coroutine<int> {
    task = create_task(leftover("first", 0s));
    co_await turns();
    log("main ends");
    co_return 123;
  }));
  log(task->cancelled());
}

namespace {
Coroutine<> ends_after(int seconds, std::vector<int>* ended) {
  try {
    co_await asyncio::sleep(3600s);
  } catch (const asyncio::CancelledError&) {
  }
  co_await asyncio::sleep(std::chrono::seconds(seconds));
  ended->push_back(seconds);
}
}  // namespace

CASE("asyncio.runner.cancels-all", "all of them at once, whatever order they end in") {
  std::vector<int> ended;
  run_virtual([&]() -> Coroutine<> {
    for (const int seconds : {3, 1, 2}) create_task(ends_after(seconds, &ended));
    co_await turns();
  });
  log(ended);
}

CASE("asyncio.runner.leftovers-when-raising", "also when the coroutine raises") {
  log(raised([] {
    run_virtual([]() -> Coroutine<> {
      create_task(tells_when_cancelled());
      co_await turns();
      throw ValueError("spam");
    });
  }));
}

namespace {
Coroutine<> fails_when_cancelled() {
  bool cancelled = false;
  try {
    co_await asyncio::sleep(3600s);
  } catch (const asyncio::CancelledError&) {
    cancelled = true;
  }
  if (cancelled) throw ValueError("bad");
}
}  // namespace

CASE("asyncio.runner.reports-leftovers", "what they raise is reported") {
  std::optional<asyncio::Task<>> task;
  log(run_virtual([&]() -> Coroutine<int> {
    running().set_exception_handler(
        [&](const EventLoop&, const asyncio::ExceptionContext& context) {
          log(context.message, raised_by(context.exception), *context.task == *task);
        });
    task = create_task(fails_when_cancelled());
    co_await turns();
    co_return 123;
  }));
}

CASE("asyncio.runner.joins-executor", "run() waits for the calls in the default executor") {
  threading::Event go_on, returned, ended;
  asyncio::run([&]() -> Coroutine<> {
    running().run_in_executor(nullptr, [&] {
      go_on.wait();
      log("call ends", returned.wait(times::must_expire));
      ended.set();
    });
    log("main ends");
    go_on.set();
    co_return;
  }());
  log("run() returns");
  returned.set();
  ended.wait();
}

CASE("asyncio.runner.loop-factory", "run(loop_factory=…) takes its loop from there") {
  std::vector<EventLoop> made;
  const auto factory = [&] {
    made.push_back(asyncio::detail::virtual_time_loop());
    return made.back();
  };
  const auto main = [&]() -> Coroutine<> {
    log(running() == made[0]);
    co_await asyncio::sleep(5s);
    log_at();
  };
  asyncio::run(main(), {.loop_factory = factory});
  log(made.size(), made[0].is_closed());
}

CASE("asyncio.runner.current-loop", "afterwards the thread has no current loop") {
  asyncio::run(answer());
  const std::string said = raised([] { return asyncio::get_event_loop(); });
  log(said.substr(0, said.find(" in ")));
}

CASE("asyncio.runner.several-runs", "several coroutines on one loop, until it is closed") {
  std::vector<EventLoop> loops;
  const auto main = [&]() -> Coroutine<int> {
    loops.push_back(running());
    co_return co_await answer();
  };
  std::optional<EventLoop> loop;
  {
    Runner runner;
    const int first = runner.run(main());
    const int second = runner.run(main());
    log(first, second);
    loop = runner.get_loop();
    log(loops[0] == loops[1], *loop == loops[0], loop->is_closed());
  }
  log(loop->is_closed());
}

CASE("asyncio.runner.closed", "closed, it gives no loop and runs nothing") {
  Runner runner;
  const EventLoop loop = runner.get_loop();
  runner.close();
  runner.close();
  log(loop.is_closed());
  const Logged logged;  // of the coroutine that is never awaited
  const std::string get_loop = raised([&] { return runner.get_loop(); });
  log(get_loop, raised([&] { runner.run(answer()); }));
}

CASE("asyncio.runner.never-used", "one that was never used needs no closing") {
  Runner runner;
  runner.close();
  log(runner.run(answer()));
  runner.close();
  log(raised([&] { return runner.get_loop(); }));
}

CASE("asyncio.runner.runner-debug", "Runner(debug=…) switches debugging") {
  for (const bool debug : {false, true}) log(Runner({.debug = debug}).get_loop().get_debug());
}

namespace {
Coroutine<> counts() {
  const CleanUp clean_up{"counter left"};
  for (int number = 0; number < 100; ++number) {
    log("count", number);
    co_await asyncio::sleep(0s);
  }
}
}  // namespace

CASE("asyncio.runner.tasks-between-runs", "a task goes on in the next run()") {
  Runner runner;
  runner.run([]() -> Coroutine<> {
    create_task(counts());
    co_await turns();
  }());
  log("between");
  runner.run(turns(2));
  log("closing");
}

namespace {
const ContextVar<int> var("var", -1);

Coroutine<int> sets(int value) {
  const int old = var.get();
  co_await asyncio::sleep(0s);
  var.set(value);
  co_return old;
}
Coroutine<contextvars::Context> context_of_run() { co_return contextvars::copy_context(); }
}  // namespace

CASE("asyncio.runner.keeps-context", "one context, which is not the caller's") {
  Runner runner;
  const int first = runner.run(sets(1));
  const int second = runner.run(sets(2));
  const contextvars::Context context = runner.run(context_of_run());
  log(first, second, context.at(var), var.get());
}

CASE("asyncio.runner.context-given", "run(context=…) takes another") {
  const contextvars::Context other = contextvars::copy_context();
  Runner runner;
  const int first = runner.run(sets(1));
  const int second = runner.run(sets(2), other);
  const int third = runner.run(sets(3));
  log(first, second, third, other.at(var));
}

CASE("asyncio.runner.recursive", "Runner.run() inside a running loop is an error") {
  Runner runner;
  const auto main = [&]() -> Coroutine<> {
    const Logged logged;  // of the coroutine that is never awaited
    log(raised([&] { runner.run(answer()); }));
    co_return;
  };
  runner.run(main());
}

// Ctrl-C

namespace {
void interrupt() { ::kill(::getpid(), SIGINT); }

// Whoever started us may have us ignore it.
void interruptible() { std::signal(SIGINT, SIG_DFL); }

void (*handler_of_interrupt())(int) {
  struct sigaction action {};
  ::sigaction(SIGINT, nullptr, &action);
  return action.sa_handler;
}

Coroutine<> interrupted_while_waiting(asyncio::Future<> f) {
  running().call_soon(interrupt);
  const CleanUp clean_up{"cleaned up"};
  co_await f;
}
Coroutine<> interrupted_while_busy() {
  running().call_soon(interrupt);
  for (;;) co_await asyncio::sleep(0s);
}
Coroutine<std::string> catches_interrupt() {
  running().call_soon(interrupt);
  log(co_await awaited(asyncio::sleep(60s)));
  co_return "went on";
}
Coroutine<> cancels(asyncio::AnyTask task) {
  co_await asyncio::sleep(0s);
  task.cancel();
  interrupt();
}
}  // namespace

CASE("asyncio.runner.interrupt-waiting", "SIGINT cancels what runs, and is KeyboardInterrupt") {
  interruptible();
  {
    Runner runner;
    const auto f = runner.get_loop().create_future();
    log(raised([&] { runner.run(interrupted_while_waiting(f)); }));
    log(f.cancelled());
    log(runner.run(answer()));
  }
  log(handler_of_interrupt() == SIG_DFL);
}

CASE("asyncio.runner.interrupt-busy", "also when it never waits for anything but its turn") {
  interruptible();
  log(raised([] { asyncio::run(interrupted_while_busy()); }));
}

CASE("asyncio.runner.interrupt-caught", "who catches the cancellation and returns has a result") {
  interruptible();
  log(asyncio::run(catches_interrupt()));
}

CASE("asyncio.runner.interrupt-cancelled-task", "one that was cancelled as well: CancelledError") {
  interruptible();
  const auto main = []() -> Coroutine<> {
    create_task(cancels(*asyncio::current_task()));
    co_await asyncio::sleep(60s);
  };
  log(raised([&] { asyncio::run(main()); }));
}

CASE("asyncio.runner.interrupt-elsewhere", "a loop that another thread runs does not take it") {
  interruptible();
  const auto main = []() -> Coroutine<bool> { co_return handler_of_interrupt() == SIG_DFL; };
  std::vector<bool> said;
  std::thread([&] { said.push_back(asyncio::run(main())); }).join();
  log(said, asyncio::run(main()));
}

CASE("asyncio.runner.interrupt-own-handler", "a handler of the program's own is left alone") {
  static volatile std::sig_atomic_t called = 0;
  std::signal(SIGINT, [](int) { called = 1; });
  const auto main = []() -> Coroutine<std::string> {
    interrupt();
    if (called == 1) log("own handler");
    co_await asyncio::sleep(0s);
    co_return "went on";
  };
  log(asyncio::run(main()));
}

CASE("asyncio.runner.interrupt-replaced", "a handler added meanwhile is called instead") {
  interruptible();
  const auto main = []() -> Coroutine<std::string> {
    running().add_signal_handler(SIGINT, [] { log("own handler"); });
    interrupt();
    co_await turns(3);
    interrupt();
    co_await turns(3);
    co_return "went on";
  };
  log(raised([&] { log(asyncio::run(main())); }));
}

CASE("asyncio.runner.interrupt-late", "after the coroutine has returned, before run() has") {
  interruptible();
  const auto main = []() -> Coroutine<std::string> {
    running().call_soon(interrupt);
    co_return "returned";
  };
  log(raised([&] { log(asyncio::run(main())); }));
  log(handler_of_interrupt() == SIG_DFL);
}

CASE("asyncio.runner.close-within", "close() within refuses, and has cancelled its tasks") {
  const auto closes = [](Runner& runner) -> Coroutine<std::string> {
    log(raised([&] { runner.close(); }));
    log(co_await awaited(asyncio::sleep(0s)));
    co_return "went on";
  };
  Runner runner;
  log(runner.run(closes(runner)));
  log(runner.run(answer()));
}

namespace {
Coroutine<> leaves() {
  bool is_cancelled = false;
  try {
    co_await asyncio::sleep(1h);
  } catch (const asyncio::CancelledError&) {
    is_cancelled = true;
  }
  if (is_cancelled) throw SystemExit(3);
}
Coroutine<std::string> leaves_one(std::exception_ptr error) {
  asyncio::create_task(leaves());
  co_await turns();
  if (error) std::rethrow_exception(error);
  co_return "returned";
}
}  // namespace

CASE("asyncio.runner.later-exception", "what comes when what is left is cancelled wins") {
  const Logged logged;  // nobody asks the task for its exception
  log(raised([] { log(asyncio::run(leaves_one(error<ValueError>("bad")))); }));
  log(raised([] { log(asyncio::run(leaves_one(nullptr))); }));
}

}  // namespace tandem::conformance
