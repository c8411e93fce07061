#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <tuple>

#include "conformance/asyncio/support.hpp"
#include "tandem/contextvars.hpp"

namespace tandem::conformance {

using asyncio::create_task;
using asyncio::Future;
using asyncio::Task;
using contextvars::ContextVar;

namespace {

Coroutine<int> answer() { co_return 42; }

Coroutine<int> fail() {
  throw ValueError("bad");
  co_return 0;
}

template <class A>
Coroutine<typename A::value_type> wait_for(A awaitable) {
  co_return co_await std::move(awaitable);
}

Coroutine<> steps(std::string name, int count = 2) {
  for (int step = 0; step < count; ++step) {
    log(name, step);
    co_await asyncio::sleep(0s);
  }
  log(name, "ends");
}

EventLoop running() { return asyncio::get_running_loop(); }
asyncio::AnyTask current() { return *asyncio::current_task(); }

// "<Task pending name='one'" of what a task prints.
std::string head(const std::string& text) {
  std::string kept = text.substr(0, text.find('\'', text.find('\'') + 1) + 1);
  return kept;
}

}  // namespace

CASE("asyncio.task.result", "a task has what its coroutine returned or raised") {
  run_virtual([]() -> Coroutine<> {
    const auto good = create_task(answer());
    const auto bad = create_task(fail());
    log(good.done(), bad.done());
    const int result = co_await good;
    const std::string said = co_await awaited(bad);
    log(result, said);
    log(good.done(), good.result(), raised_by(bad.exception()), good.cancelled(), bad.cancelled());
    log(good.get_loop() == running());
  });
}

CASE("asyncio.task.starts-next-turn", "create_task() runs nothing; tasks take turns") {
  run_virtual([]() -> Coroutine<> {
    const auto first = create_task(steps("first"));
    const auto second = create_task(steps("second"));
    log("created");
    co_await first;
    co_await second;
  });
}

CASE("asyncio.task.no-loop", "create_task() without a running loop is an error") {
  const Logged logged;
  log(raised([] { return create_task(steps("never")); }));
}

CASE("asyncio.task.result-early", "asking too early is an error") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(answer());
    const std::string result = raised([&] { return task.result(); });
    log(result, raised([&] { return task.exception(); }));
    co_await task;
  });
}

CASE("asyncio.task.default-names", "tasks are numbered") {
  run_virtual([]() -> Coroutine<> {
    const std::vector tasks{create_task(answer()), create_task(answer())};
    std::vector<std::string> names;
    for (const auto& task : tasks) {
      co_await task;
      names.push_back(task.get_name());
    }
    log(current().get_name(), names);
  });
}

CASE("asyncio.task.names", "a name can be given, and changed") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(answer(), "given");
    log(task.get_name());
    task.set_name("changed");
    log(task.get_name());
    co_await task;
    const auto named = running().create_task(answer(), "of the loop");
    const int result = co_await named;
    log(named.get_name(), result);
  });
}

CASE("asyncio.task.repr", "a task prints its state and name") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    const auto task = create_task(wait_for(f), "one");
    log(head(str(task)));
    co_await turns();
    task.cancel();
    log(head(str(task)));
    co_await awaited(task);
    log(head(str(task)));
    const auto done = create_task(answer(), "two");
    co_await done;
    log(head(str(done)));
  });
}

namespace {
using Circle = std::vector<Task<>>;

Coroutine<> wait_for_next(Circle* tasks, std::size_t number) {
  co_await (*tasks)[(number + 1) % tasks->size()];
}
Coroutine<> gather_next(Circle* tasks, std::size_t number) {
  co_await asyncio::gather((*tasks)[(number + 1) % tasks->size()]);
}
}  // namespace

CASE("asyncio.task.repr-circle", "tasks that wait for each other") {
  run_virtual([]() -> Coroutine<> {
    Circle tasks;
    tasks.push_back(create_task(wait_for_next(&tasks, 0), "one"));
    tasks.push_back(create_task(wait_for_next(&tasks, 1), "two"));
    co_await turns();
    log(str(tasks[0]));
    tasks[0].cancel();
    for (const auto& task : tasks) co_await awaited(task);
  });
}

CASE("asyncio.task.no-set-methods", "only its coroutine completes a task") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(answer());
    log(raised([&] { task.set_result(1); }));
    log(raised([&] { task.set_exception(ValueError("bad")); }));
    const int result = co_await task;
    log(result);
  });
}

CASE("asyncio.task.cancel-before-start", "cancelled before its first step, it never runs") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(steps("never"));
    Log{task.cancel(), task.cancelled(), task.done()};
    const std::string said = co_await awaited(task);
    log(said, task.cancelled());
  });
}

namespace {
struct CleanUp {
  ~CleanUp() { log("cleaned up"); }
};
Coroutine<> waits_and_cleans_up(Future<int> f) {
  const CleanUp clean_up;
  try {
    co_await f;
  } catch (const asyncio::CancelledError&) {
    log("cancelled at the await");
    throw;
  }
}
}  // namespace

CASE("asyncio.task.cancel-waiting", "CancelledError at the await, a turn later") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    const auto task = create_task(waits_and_cleans_up(f));
    co_await turns();
    Log{task.cancel(), f.cancelled(), task.cancelled()};
    co_await turns();
    log(task.cancelled(), raised([&] { task.result(); }));
  });
}

CASE("asyncio.task.cancel-sleeping", "a task that sleeps is woken by cancel(), before its time") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(asyncio::sleep(3600s));
    co_await turns();
    task.cancel();
    co_await noted(task, "sleeper");
  });
}

CASE("asyncio.task.cancel-future", "a task whose future is cancelled ends cancelled") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    const auto task = create_task(wait_for(f));
    co_await turns();
    f.cancel();
    const std::string said = co_await awaited(task);
    log(said, task.cancelled(), task.cancelling());
  });
}

namespace {
Coroutine<int> waits_twice(Future<int> f) {
  const std::string first = co_await awaited(f);
  log(first);
  const std::string second = co_await awaited(asyncio::sleep(0s));
  log(second);
  co_return 12;
}
}  // namespace

CASE("asyncio.task.cancel-both", "the future first, then the task: cancelled once") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    const auto task = create_task(waits_twice(f));
    co_await turns();
    f.cancel();
    log(task.cancel());
    const std::string said = co_await awaited(task);
    log(said, task.cancelled());
  });
}

CASE("asyncio.task.cancel-yielding", "a task that only gives way is cancelled there") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(steps("task"));
    co_await turns();
    task.cancel();
    const std::string said = co_await awaited(task);
    log(said);
  });
}

namespace {
Coroutine<> innermost(Future<int> f) {
  try {
    co_await f;
  } catch (const asyncio::CancelledError&) {
    log("inner");
    throw;
  }
}
Coroutine<std::string> outermost(Future<int> f) {
  try {
    co_await innermost(f);
  } catch (const asyncio::CancelledError&) {
    log("outer");
  }
  co_return "went on";
}
}  // namespace

CASE("asyncio.task.cancel-nested", "through awaited coroutines to the innermost, and out again") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    const auto task = create_task(outermost(f));
    co_await turns();
    task.cancel();
    const std::string said = co_await task;
    log(said, f.cancelled());
  });
}

namespace {
Coroutine<> ends_late() {
  std::exception_ptr cancellation;
  try {
    co_await asyncio::sleep(3600s);
  } catch (const asyncio::CancelledError&) {
    log("inner cancelled");
    cancellation = std::current_exception();
  }
  co_await asyncio::sleep(1s);
  log_at("inner ends");
  if (cancellation) std::rethrow_exception(cancellation);
}
}  // namespace

CASE("asyncio.task.cancel-awaited-task", "cancelling a task that awaits another cancels that one") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(ends_late());
    const auto waiting = create_task(wait_for(task));
    co_await turns(2);
    waiting.cancel();
    log(waiting.done(), task.done());
    co_await noted(waiting, "waiting");
    log(task.cancelled(), waiting.cancelled());
  });
}

namespace {
Coroutine<int> catches(Future<int> f) {
  try {
    co_return co_await f;
  } catch (const asyncio::CancelledError&) {
    co_return 42;
  }
}
Coroutine<std::string> ignores(Future<int> first, Future<std::string> second) {
  try {
    co_await first;
  } catch (const asyncio::CancelledError&) {
    log("ignored");
  }
  co_return co_await second;
}
Coroutine<> raises_instead(Future<int> f) {
  bool failed = false;
  try {
    co_await f;
  } catch (...) {
    failed = true;
  }
  if (failed) throw ValueError("cleaning up");
}
}  // namespace

CASE("asyncio.task.cancel-circle", "tasks that wait for each other, by gather() or not") {
  run_virtual([]() -> Coroutine<> {
    running().set_exception_handler([](const auto&, const auto&) {});  // of what gather() is left
    using Waits = Coroutine<> (*)(Circle*, std::size_t);
    const std::vector<std::vector<Waits>> circles{{wait_for_next, wait_for_next, wait_for_next},
                                                  {wait_for_next, gather_next, wait_for_next},
                                                  {gather_next, gather_next}};
    for (const auto& waits : circles) {
      Circle tasks;
      for (const Waits wait : waits) tasks.push_back(create_task(wait(&tasks, tasks.size())));
      const auto outside = create_task(wait_for(tasks[0]));
      co_await turns();
      EXPECT_TRUE(outside.cancel("why"));
      co_await awaited(outside);
      EXPECT_TRUE(outside.cancelled());
      for (const auto& task : tasks) {
        co_await awaited(task);
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(task.cancelling(), 1);
      }
    }
  });
}

namespace {
Coroutine<> nested(int levels) {
  if (levels == 0) {
    co_await asyncio::sleep(1s);
  } else if (levels % 2 == 0) {
    co_await asyncio::gather(nested(levels - 1));
  } else {
    const auto task = create_task(nested(levels - 1));
    co_await task;
  }
}
}  // namespace

CASE("asyncio.task.cancel-any-depth", "cancel() reaches the innermost one, however deep") {
  run_virtual([]() -> Coroutine<> {
    constexpr int levels = 5'000;
    const auto task = create_task(nested(levels));
    for (int turn = 0; turn <= levels; ++turn) co_await turns();
    EXPECT_EQ(asyncio::all_tasks().size(), levels + 2U);
    EXPECT_TRUE(task.cancel());
    co_await awaited(task);
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(asyncio::all_tasks().size(), 1U);
    EXPECT_EQ(loop_time(), 0);  // nobody has slept
  });
}

CASE("asyncio.task.cancel-caught", "a task may catch it and return: then it is not cancelled") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(catches(Future<int>()));
    co_await turns();
    task.cancel();
    const int result = co_await task;
    log(result, task.cancelled(), task.cancelling());
  });
}

CASE("asyncio.task.cancel-ignored", "a task may catch it and wait for something else") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> first;
    const Future<std::string> second;
    const auto task = create_task(ignores(first, second));
    co_await turns();
    task.cancel();
    co_await turns(2);
    log(first.cancelled(), second.cancelled(), task.done());
    second.set_result("second");
    const std::string result = co_await task;
    log(result);
  });
}

CASE("asyncio.task.cancel-raises", "another exception is what the task ends with") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(raises_instead(Future<int>()));
    co_await turns();
    task.cancel();
    const std::string said = co_await awaited(task);
    log(said, task.cancelled());
  });
}

namespace {
Coroutine<> cancels_itself() {
  log(current().cancel());
  const Future<std::string> done;
  done.set_result("done");
  const std::string result = co_await done;
  log(result);
  co_await asyncio::sleep(3600s);
  log("never");
}
Coroutine<int> cancels_itself_and_returns() {
  current().cancel();
  co_return 12;
}
}  // namespace

CASE("asyncio.task.cancel-self", "a task that cancels itself is told at its next await") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(cancels_itself());
    co_await noted(task, "task");
  });
}

CASE("asyncio.task.cancel-at-end", "a task that is cancelled and then returns is cancelled") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(cancels_itself_and_returns());
    const std::string said = co_await awaited(task);
    log(said, task.cancelled(), task.cancel());
  });
}

CASE("asyncio.task.cancel-when-done", "cancel() of a task that is done is False") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(answer());
    co_await task;
    Log{task.cancel(), task.cancelling(), task.result()};
  });
}

CASE("asyncio.task.cancel-woken", "cancelled after it was woken: the result is lost") {
  run_virtual([]() -> Coroutine<> {
    const Future<std::string> f;
    const auto task = create_task(awaited(f));
    co_await turns();
    f.set_result("result");
    Log{task.cancel(), f.cancelled()};
    const std::string said = co_await awaited(task);
    log(said, f.result());
  });
}

CASE("asyncio.task.cancel-message", "the message arrives in the task and at who awaits it") {
  run_virtual([]() -> Coroutine<> {
    const auto caught = create_task(awaited(Future<int>()));
    const auto passed = create_task(wait_for(Future<int>()));
    const auto unstarted = create_task(answer());
    co_await turns();
    const auto late = create_task(answer());
    caught.cancel("enough");
    passed.cancel("enough");
    late.cancel("enough");
    log(co_await awaited(caught));
    log(co_await awaited(passed));
    log(co_await awaited(unstarted));
    log(co_await awaited(late));
  });
}

CASE("asyncio.task.cancelling", "cancelling() counts, uncancel() takes back") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(awaited(Future<int>()));
    co_await turns();
    Log{task.cancelling(), task.uncancel()};
    task.cancel();
    Log{task.cancelling(), task.cancel(), task.cancelling()};
    Log{task.uncancel(), task.uncancel(), task.uncancel()};
    const std::string said = co_await task;
    log(said);
  });
}

namespace {
Coroutine<std::string> cancelled_scope(std::string name, std::chrono::seconds when, bool again) {
  running().call_later(when, [task = current()] { task.cancel(); });
  const std::string said = co_await awaited(asyncio::sleep(10s));
  log(name, said, current().uncancel());
  if (again) {
    const std::string afterwards = co_await awaited(asyncio::sleep(1s));
    log(name, afterwards);
  }
  co_return name;
}
}  // namespace

CASE("asyncio.task.uncancel-structured", "who has asked for it may take it back") {
  run_virtual([]() -> Coroutine<> {
    const auto first = create_task(cancelled_scope("first", 1s, true));
    const auto second = create_task(cancelled_scope("second", 2s, false));
    co_await noted(first, "first");
    co_await noted(second, "second");
  });
}

CASE("asyncio.task.uncancel-undelivered", "takes back what has not been delivered") {
  run_virtual([]() -> Coroutine<> {
    current().cancel();
    current().uncancel();
    const std::string said = co_await awaited(asyncio::sleep(0s));
    log(said);

    const auto task = create_task(answer());
    task.cancel();
    task.cancel();
    task.uncancel();
    const auto other = create_task(answer());
    other.cancel();
    other.uncancel();
    const std::string of_task = co_await awaited(task);
    const std::string of_other = co_await awaited(other);
    log(of_task, of_other);
  });
}

namespace {
Coroutine<> awaits(std::optional<Task<>>* task) { co_await **task; }
}  // namespace

CASE("asyncio.task.awaits-itself", "a task that awaits itself gets an error") {
  run_virtual([]() -> Coroutine<> {
    std::optional<Task<>> task;
    task = create_task(awaits(&task));
    const std::string said = co_await awaited(*task);
    log(said.substr(0, said.find(": <")));
  });
}

namespace {
Coroutine<> look(std::string name) {
  log(name, current().get_name());
  co_await asyncio::sleep(0s);
  log(name, current().get_name());
}
}  // namespace

CASE("asyncio.task.current-task", "current_task() is the one that runs; none in a callback") {
  run_virtual([]() -> Coroutine<> {
    const auto first = create_task(look("first"), "one");
    const auto second = create_task(look("second"), "two");
    running().call_soon([] { log("callback", asyncio::current_task()); });
    co_await look("main");
    co_await first;
    co_await second;
    log(asyncio::current_task() == asyncio::current_task(running()));
  });
}

CASE("asyncio.task.current-task-no-loop", "without a running loop one has to be given") {
  const std::string current = raised([] { return asyncio::current_task(); });
  log(current, raised([] { return asyncio::all_tasks(); }));
  const EventLoop loop = asyncio::new_event_loop();
  log(asyncio::current_task(loop), asyncio::all_tasks(loop).size());
  loop.close();
}

CASE("asyncio.task.all-tasks", "all_tasks() are those of the loop that are not done") {
  const EventLoop other = asyncio::new_event_loop();
  const auto elsewhere = other.create_task(answer());
  run_virtual([&]() -> Coroutine<> {
    const std::array tasks{create_task(steps("one", 1), "one"),
                           create_task(steps("two", 3), "two")};
    const auto names = [] {
      std::vector<std::string> all;
      for (const auto& task : asyncio::all_tasks())
        all.push_back(task == current() ? "main" : task.get_name());
      std::sort(all.begin(), all.end());
      return all;
    };
    log(names());
    co_await turns(2);
    log(names());
    for (const auto& task : tasks) co_await task;
    const auto others = asyncio::all_tasks(other);
    log(names(), others.size() == 1 && others[0] == elsewhere);
  });
  log(other.run_until_complete(elsewhere));
  other.close();
}

CASE("asyncio.task.never-retrieved", "reported when the last handle is gone") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    std::optional<Task<int>> task = create_task(fail());
    co_await turns(2);
    log("still there");
    task.reset();
    create_task(fail());
    co_await turns(2);
    task = create_task(fail());
    co_await turns(2);
    task->exception();
    task.reset();
    log("the last has been asked");
  });
}

namespace {
Coroutine<> sleeps(bool* ended) {
  co_await asyncio::sleep(1s);
  log_at("ends");
  *ended = true;
}
}  // namespace

CASE("asyncio.task.kept", "a task that nobody has a handle of goes on to its end") {
  run_virtual([]() -> Coroutine<> {
    bool ended = false;
    create_task(sleeps(&ended));
    co_await asyncio::sleep(2s);
    log(ended);
  });
}

namespace {
Coroutine<> leave(std::exception_ptr error) {
  std::rethrow_exception(error);
  co_return;
}
Coroutine<> leaves_when_cancelled() {
  bool cancelled = false;
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    cancelled = true;
  }
  if (cancelled) throw SystemExit(4);
}
}  // namespace

CASE("asyncio.task.leaves-the-loop", "KeyboardInterrupt and SystemExit leave the loop, too") {
  for (const auto& leaving : {std::make_exception_ptr(KeyboardInterrupt("pressed")),
                              std::make_exception_ptr(SystemExit(3))}) {
    const EventLoop loop = asyncio::new_event_loop();
    const auto task = loop.create_task(leave(leaving));
    log(raised([&] { loop.run_forever(); }));
    log(task.done(), task.cancelled(), raised_by(task.exception()));
    loop.close();
  }
}

CASE("asyncio.task.base-exception-on-cancel", "also in place of the CancelledError") {
  const EventLoop loop = asyncio::new_event_loop();
  const auto task = loop.create_task(leaves_when_cancelled());
  loop.call_soon([&] { loop.stop(); });
  loop.run_forever();
  task.cancel();
  log(task.done());
  log(raised([&] { loop.run_forever(); }));
  log(task.done(), task.cancelled(), raised_by(task.exception()));
  loop.close();
}

namespace {
const ContextVar<std::string> var("var", "nothing");

Coroutine<> sets(std::string value) {
  log(var.get());
  co_await asyncio::sleep(0s);
  var.set(value);
  log(var.get());
}
Coroutine<> sets_quietly(std::string value) {
  co_await asyncio::sleep(0s);
  var.set(value);
}
}  // namespace

CASE("asyncio.task.context-copied", "a task runs in a copy of the context of its creator") {
  run_virtual([]() -> Coroutine<> {
    var.set("main's");
    const auto task = create_task(sets("task's"));
    var.set("main's, later");
    co_await task;
    log(var.get());
    co_await sets("by a coroutine");
    log(var.get());
  });
  log(var.get());
}

CASE("asyncio.task.context-given", "or in the one that is given, which is not copied") {
  run_virtual([]() -> Coroutine<> {
    const auto context = contextvars::copy_context();
    for (const char* value : {"first", "second"}) {
      const auto task = create_task(sets_quietly(value), "", context);
      log(task.get_context() == context);
      co_await task;
      log(context.at(var), var.get());
    }
    co_await running().create_task(sets_quietly("third"), "", context);
    log(context.at(var), var.get());
  });
}

CASE("asyncio.task.context-entered", "a task that cannot enter its context fails, not in silence") {
  const EventLoop loop = asyncio::detail::virtual_time_loop();
  std::vector<std::string> reports;
  loop.set_exception_handler([&](const EventLoop&, const asyncio::ExceptionContext& report) {
    reports.push_back(report.message);
  });
  const auto context = contextvars::copy_context();
  const auto sleeping = loop.create_task(asyncio::sleep(1s), "", context);
  loop.run_until_complete(turns());
  const auto said = [&](auto task) {
    std::string text = loop.run_until_complete(awaited(task));
    return text.substr(0, text.find(": <"));
  };
  context.run([&] {
    const std::string refused = "RuntimeError: cannot enter context";
    EXPECT_EQ(said(sleeping), refused);
    EXPECT_EQ(said(loop.create_task(answer(), "", context)), refused);
  });
  EXPECT_EQ(reports.size(), 2U);
  EXPECT_EQ(asyncio::all_tasks(loop).size(), 0U);
  EXPECT_EQ(said(loop.create_task(answer(), "", context)), "42");
  loop.close();
}

namespace {
const ContextVar<std::tuple<std::string, int>> counter("counter");

Coroutine<> counts(std::string name) {
  for (int number = 0; number < 3; ++number) {
    counter.set({name, number});
    co_await asyncio::sleep(0s);
    log(counter.get());
  }
  running().call_soon([] { log("callback of", counter.get()); });
}
}  // namespace

CASE("asyncio.task.context-kept", "each task has its own values, and in what it hands on") {
  run_virtual([]() -> Coroutine<> {
    const auto first = create_task(counts("first"));
    const auto second = create_task(counts("second"));
    co_await first;
    co_await second;
    co_await turns();
  });
}

// The same on a loop whose tasks are eager.
namespace {
void run_eager(Coroutine<> main) {
  run_virtual([](Coroutine<> body) -> Coroutine<> {
    running().set_task_factory(asyncio::eager_task_factory);
    co_await std::move(body);
  }(std::move(main)));
}
}  // namespace

CASE("asyncio.task.eager-completes", "done when create_task() returns, without the loop") {
  run_eager([]() -> Coroutine<> {
    running().call_soon([] { log("next turn"); });
    const auto good = create_task(answer(), "good");
    const auto bad = create_task(fail());
    log(good.done(), good.result(), good.get_name(), raised_by(bad.exception()));
    const int result = co_await good;
    log(result);
    co_await turns();
  }());
}

namespace {
Coroutine<> begins_and_waits(Future<std::string> f) {
  log("begins");
  const std::string result = co_await f;
  log(result);
  co_await asyncio::sleep(0s);
  log("ends");
}
}  // namespace

CASE("asyncio.task.eager-waits", "an eager task runs to its first wait inside create_task()") {
  run_eager([]() -> Coroutine<> {
    const Future<std::string> f;
    running().call_soon([] { log("next turn"); });
    const auto task = create_task(begins_and_waits(f), "eager");
    log("created", task.done());
    f.set_result("woken");
    co_await task;
  }());
}

namespace {
Coroutine<> look_around(asyncio::AnyTask creator) {
  log("inside", current() == creator, asyncio::all_tasks().size());
  co_await asyncio::sleep(0s);
  log("later", current().get_name(), asyncio::all_tasks().size());
}
}  // namespace

CASE("asyncio.task.eager-current-task", "inside it is the eager task, then the creator again") {
  run_eager([]() -> Coroutine<> {
    current().set_name("main");
    const auto task = create_task(look_around(current()), "eager");
    log("creator", current().get_name(), asyncio::all_tasks().size());
    co_await task;
    const auto done = create_task(answer());
    log("all", asyncio::all_tasks().size(), done.done());
  }());
}

CASE("asyncio.task.eager-cancel", "one that waits is cancelled as any other") {
  run_eager([]() -> Coroutine<> {
    const Future<int> f;
    const auto waiting = create_task(wait_for(f));
    const auto done = create_task(answer());
    Log{waiting.cancel(), done.cancel(), f.cancelled()};
    const std::string said = co_await awaited(waiting);
    const int result = co_await done;
    log(said, result);
  }());
}

namespace {
Coroutine<> sets_before_and_looks_after() {
  log(var.get());
  var.set("task's");
  co_await asyncio::sleep(0s);
  log(var.get());
}
}  // namespace

CASE("asyncio.task.eager-context", "its own copy of the context from its first step on") {
  run_eager([]() -> Coroutine<> {
    var.set("main's");
    const auto task = create_task(sets_before_and_looks_after());
    log(var.get());
    var.set("main's, later");
    co_await task;
    log(var.get());
  }());
}

CASE("asyncio.task.eager-context-entered",
     "in a context that is entered it is not created, and nothing is left of it") {
  run_eager([]() -> Coroutine<> {
    const auto context = contextvars::copy_context();
    const std::string said =
        context.run([&] { return raised([&] { return create_task(answer(), "", context); }); });
    log(said.substr(0, said.find(": <")), asyncio::all_tasks().size());
    const auto task = create_task(answer(), "", context);
    const int result = co_await task;
    log(result);
  }());
}

namespace {
Coroutine<> nest(int depth) {
  log("begins", depth);
  if (depth > 0)
    co_await create_task(nest(depth - 1));
  else
    co_await asyncio::sleep(0s);
  log("ends", depth);
}
}  // namespace

CASE("asyncio.task.eager-nested", "eager tasks inside eager tasks run one within the other") {
  run_eager([]() -> Coroutine<> {
    const auto task = create_task(nest(2));
    log("created");
    co_await task;
  }());
}

CASE("asyncio.task.callbacks", "called a turn after it has ended, in their order") {
  run_virtual([]() -> Coroutine<> {
    const auto task = create_task(answer());
    task.add_done_callback(
        [&](const Task<int>& done) { log("first", done.result(), done == task); });
    task.add_done_callback([](const Task<int>& done) { log("then", done.result()); });
    const auto waiting = create_task(wait_for(task));
    waiting.add_done_callback([](const Task<int>& done) { log("awaiting", done.result()); });
    co_await turns();
    task.add_done_callback([](const Task<int>& done) { log("second", state(done)); });
    log("added", task.done());
    co_await waiting;
    co_await turns();
  });
}

}  // namespace tandem::conformance
