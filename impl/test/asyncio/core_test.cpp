// The core of asyncio from within: its steps, its memory, what it does when things go wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "logged.hpp"
#include "platform/handle.hpp"
#include "platform/sanitizers.hpp"
#include "tandem/asyncio.hpp"
#include "tandem/core/log.hpp"

namespace tandem::asyncio {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

using Events = std::vector<std::string>;

template <class T>
T run_virtual(Coroutine<T> main) {
  return run(std::move(main), {.loop_factory = detail::virtual_time_loop});
}

Coroutine<int> number(int n) { co_return n; }

Coroutine<int> sum_of_many(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await number(1);
  co_return sum;
}

TEST(Asyncio, AwaitsAMillionTimesWithoutAStack) {
  EXPECT_EQ(run(sum_of_many(1'000'000)), 1'000'000);
}

Coroutine<int> depth(int left) {
  if (left == 0) co_return 0;
  co_return 1 + co_await depth(left - 1);
}
Coroutine<int> sleeping_depth(int left) {
  if (left == 0) {
    co_await sleep(1s);
    co_return 0;
  }
  co_return 1 + co_await sleeping_depth(left - 1);
}

TEST(Asyncio, NestsWithoutAStack) {
  EXPECT_EQ(run(depth(100'000)), 100'000);
  EXPECT_EQ(run_virtual(sleeping_depth(100'000)), 100'000);
}

Coroutine<bool> cancels_depth() {
  auto task = create_task(sleeping_depth(100'000));
  co_await sleep(0s);
  task.cancel("enough");
  try {
    co_await task;
  } catch (const CancelledError& error) {
    co_return std::string(error.what()) == "enough";
  }
  co_return false;
}

TEST(Asyncio, CancelsDeepNests) { EXPECT_TRUE(run_virtual(cancels_depth())); }

Coroutine<> await_task(Task<> task) { co_await task; }
Coroutine<> cancels_chain() {
  std::vector<Task<>> tasks{create_task(sleep(1h))};
  while (tasks.size() < 50'000) tasks.push_back(create_task(await_task(tasks.back())));
  co_await sleep(0s);
  EXPECT_THAT(to_string(tasks.back()), HasSubstr("wait_for=..."));
  tasks.back().cancel();
  bool is_cancelled = false;
  try {
    co_await tasks.back();
  } catch (const CancelledError&) {
    is_cancelled = true;
  }
  EXPECT_TRUE(is_cancelled);
}

TEST(Asyncio, CancelsLongChains) { run_virtual(cancels_chain()); }

Coroutine<> append(Events& events, std::string name, int turns) {
  for (int i = 0; i < turns; ++i) {
    events.push_back(name + std::to_string(i));
    co_await sleep(0s);
  }
}
Coroutine<> in_turns(Events& events) {
  auto a = create_task(append(events, "a", 2));
  auto b = create_task(append(events, "b", 2));
  get_running_loop().call_soon([&] { events.push_back("call"); });
  co_await a;
  events.push_back("a is done");
  co_await b;
  events.push_back("b is done");
}

TEST(Asyncio, RunsInTurns) {
  Events events;
  run(in_turns(events));
  EXPECT_THAT(events, ElementsAre("a0", "b0", "call", "a1", "b1", "a is done", "b is done"));
}

Coroutine<> nap(Events& events, std::string name, std::chrono::duration<double> delay) {
  co_await sleep(delay);
  events.push_back(name);
}
Coroutine<> naps(Events& events) {
  std::vector<Task<>> tasks;
  for (const auto& [name, delay] : std::vector<std::pair<std::string, double>>{
           {"c", 3}, {"a", 1}, {"b1", 2}, {"b2", 2}, {"b3", 2}, {"day", 100'000}})
    tasks.push_back(create_task(nap(events, name, std::chrono::duration<double>(delay))));
  for (const auto& task : tasks) co_await task;
  EXPECT_EQ(get_running_loop().time().count(), 100'000);
}

TEST(Asyncio, VirtualTimeJumps) {
  Events events;
  run_virtual(naps(events));
  EXPECT_THAT(events, ElementsAre("a", "b1", "b2", "b3", "c", "day"));
}

struct Noted {
  explicit Noted(Events& e, std::string n) : events(&e), name(std::move(n)) {}
  Noted(Noted&& other) noexcept
      : events(std::exchange(other.events, nullptr)), name(std::move(other.name)) {}
  Noted& operator=(Noted&&) = delete;
  ~Noted() {
    if (events) events->push_back("~" + name);
  }
  Events* events;
  std::string name;
};
Coroutine<> hold(Noted held) {
  co_await sleep(1h);
  static_cast<void>(held);
}
Coroutine<> cancels(Events& events) {
  auto early = create_task(hold(Noted(events, "early")));
  early.cancel();
  co_await sleep(0s);
  EXPECT_TRUE(early.cancelled());
  auto late = create_task(hold(Noted(events, "late")));
  co_await sleep(0s);
  EXPECT_TRUE(late.cancel());
  EXPECT_FALSE(late.done());
  EXPECT_EQ(late.cancelling(), 1);
  co_await sleep(0s);
  EXPECT_TRUE(late.done());
  EXPECT_FALSE(late.cancel());
}

TEST(Asyncio, CancelledTasksDestroyTheirFrames) {
  Events events;
  run_virtual(cancels(events));
  EXPECT_THAT(events, ElementsAre("~early", "~late"));
}

Coroutine<> nest(Events& events, int left) {
  const Noted here(events, std::to_string(left));
  if (left > 0)
    co_await nest(events, left - 1);
  else
    co_await sleep(1h);
}
void drop_suspended(Coroutine<> coro) {
  const auto loop = detail::virtual_time_loop();
  loop.create_task(std::move(coro));
  loop.run_until_complete(sleep(0s));
  loop.close();
}
Coroutine<> as_task(Coroutine<int> coro) { co_await std::move(coro); }

TEST(Asyncio, DropsNestsFromTheInnermostOut) {
  const Logged logged;
  Events events;
  drop_suspended(nest(events, 2));
  EXPECT_THAT(events, ElementsAre("~0", "~1", "~2"));
}

TEST(Asyncio, DropsDeepNests) {
  const Logged logged;
  drop_suspended(as_task(sleeping_depth(100'000)));
  ASSERT_EQ(logged.lines().size(), 1U);
  EXPECT_THAT(logged.lines()[0], HasSubstr("Task was destroyed but it is pending!"));
}

Coroutine<int> stubborn() {
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
  }
  co_return 7;
}
Coroutine<> swallows() {
  auto task = create_task(stubborn());
  co_await sleep(0s);
  task.cancel();
  EXPECT_EQ(co_await task, 7);
  EXPECT_EQ(task.uncancel(), 0);
}
TEST(Asyncio, CancellationCanBeSwallowed) { run_virtual(swallows()); }

Coroutine<> cancels_itself() {
  current_task()->cancel("self");
  Future<> never;
  co_await never;
}
Coroutine<> ends_cancelled() {
  current_task()->cancel();
  co_return;
}
Coroutine<> cancelled_by_themselves() {
  auto waits = create_task(cancels_itself());
  auto returns = create_task(ends_cancelled());
  co_await sleep(0s);
  co_await sleep(0s);
  EXPECT_TRUE(waits.cancelled());
  EXPECT_TRUE(returns.cancelled());
  co_await sleep(0s);
}
TEST(Asyncio, TasksCancelThemselves) { run_virtual(cancelled_by_themselves()); }

Coroutine<std::unique_ptr<int>> unique(int value) { co_return std::make_unique<int>(value); }
Coroutine<int&> itself(int& value) { co_return value; }
Coroutine<> kinds_of_results() {
  auto moved = co_await create_task(unique(3));
  EXPECT_EQ(*moved, 3);
  auto task = create_task(unique(4));
  EXPECT_EQ(*(co_await task), 4);
  auto out = std::move(task).result();
  EXPECT_EQ(*out, 4);
  int value = 5;
  int& same = co_await itself(value);
  EXPECT_EQ(&same, &value);
  int& also = co_await create_task(itself(value));
  EXPECT_EQ(&also, &value);
}
TEST(Asyncio, ResultsMoveOrRefer) { run(kinds_of_results()); }

Coroutine<> fails() {
  throw ValueError("lost");
  co_return;
}
Coroutine<> loses() {
  create_task(fails(), "loser");
  co_await sleep(0s);
  co_await sleep(0s);
}
TEST(Asyncio, TellsOfWhatIsLost) {
  const Logged logged;
  run_virtual(loses());
  static_cast<void>(number(1));
  static_cast<void>(sleep(1s));
  ASSERT_EQ(logged.lines().size(), 3U);
  EXPECT_EQ(logged.lines()[0],
            "Task exception was never retrieved\nfuture: <Task finished name='loser' "
            "exception=ValueError('lost')>\nValueError: lost");
  EXPECT_THAT(logged.lines()[1], HasSubstr("was never awaited"));
  EXPECT_THAT(logged.lines()[2], HasSubstr("was never awaited"));
}

TEST(Asyncio, ClosingDropsWhatIsPending) {
  Events events;
  const Logged logged;
  {
    auto loop = new_event_loop();
    loop.create_task(hold(Noted(events, "never begun")));
    loop.call_later(1h, [held = std::make_shared<Noted>(events, "callback")] {});
    auto running = loop.create_task(hold(Noted(events, "sleeping")));
    loop.call_soon([loop] { loop.stop(); });
    loop.run_forever();
    loop.close();
    EXPECT_FALSE(running.done());
    EXPECT_EQ(events.size(), 3U);
    EXPECT_THROW(loop.call_soon([] {}), RuntimeError);
    EXPECT_THROW(loop.run_forever(), RuntimeError);
  }
  EXPECT_THAT(events, ElementsAre("~callback", "~sleeping", "~never begun"));
  ASSERT_EQ(logged.lines().size(), 2U);
  for (const auto& line : logged.lines())
    EXPECT_THAT(line, HasSubstr("Task was destroyed but it is pending!"));
}

Coroutine<> hold_and_await(Noted held, std::vector<Task<>>& tasks, std::size_t other) {
  co_await tasks[other];
  static_cast<void>(held);
}
Coroutine<> hold_in_group(Noted held) {
  TaskGroup group;
  co_await with(group, [](TaskGroup& tasks) { tasks.create_task(sleep(1h)); });
  static_cast<void>(held);
}

TEST(Asyncio, ClosingDropsTasksThatKeepEachOther) {
  Events events;
  const Logged logged;
  const auto loop = detail::virtual_time_loop();
  {
    std::vector<Task<>> tasks;
    tasks.push_back(loop.create_task(hold_and_await(Noted(events, "a"), tasks, 1)));
    tasks.push_back(loop.create_task(hold_and_await(Noted(events, "b"), tasks, 0)));
    loop.create_task(hold_in_group(Noted(events, "parent")));
    loop.run_until_complete(sleep(0s));
  }
  loop.close();
  EXPECT_THAT(events, ElementsAre("~parent", "~b", "~a"));
  EXPECT_EQ(logged.lines().size(), 4U);
}

Coroutine<> fails_later() {
  co_await sleep(1s);
  throw ValueError("late");
}
Coroutine<> enters(TaskGroup& group, Timeout& limit) {
  co_await group.aenter();
  group.create_task(fails_later());
  limit.enter();
}
Coroutine<> outlived() {
  TaskGroup group;
  auto limit = timeout(2s);
  co_await create_task(enters(group, limit));
  co_await sleep(3s);
  EXPECT_TRUE(limit.expired());
}

TEST(Asyncio, ScopesMayOutliveTheirTask) {
  const Logged logged;
  run_virtual(outlived());
  ASSERT_EQ(logged.lines().size(), 1U);
  EXPECT_THAT(logged.lines()[0], HasSubstr("its parent task is already completed"));
}

TEST(Asyncio, AnUnclosedLoopIsClosed) {
  const Logged logged;
  Events events;
  {
    auto loop = new_event_loop();
    loop.create_task(hold(Noted(events, "pending")));
  }
  ASSERT_EQ(logged.lines().size(), 2U);
  EXPECT_THAT(logged.lines()[0], HasSubstr("unclosed event loop"));
  EXPECT_THAT(events, ElementsAre("~pending"));
}

Coroutine<> calls_of_four_threads(int each) {
  auto loop = get_running_loop();
  int called = 0;
  Future<> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, loop] {
      for (int i = 0; i < each; ++i)
        loop.call_soon_threadsafe([&] {
          if (++called == 4 * each) all.set_result();
        });
    });
  co_await all;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(called, 4 * each);
}
TEST(Asyncio, OtherThreadsCall) { run(calls_of_four_threads(200)); }
TEST(Asyncio, OtherThreadsCallInBursts) { run(calls_of_four_threads(25'000)); }

Coroutine<> ping_pong_of_threads(int times) {
  auto loop = get_running_loop();
  for (int i = 0; i < times; ++i) {
    Future<int> answer;
    std::thread thread(
        [answer, loop, i] { loop.call_soon_threadsafe([answer, i] { answer.set_result(i); }); });
    EXPECT_EQ(co_await answer, i);
    thread.join();
  }
}
TEST(Asyncio, OtherThreadsWakeASleepingLoop) { run(ping_pong_of_threads(30)); }
TEST(Asyncio, OtherThreadsWakeInBursts) { run(ping_pong_of_threads(1000)); }

// Whoever calls while it is closed is refused or dropped, and never forgotten.
TEST(Asyncio, ClosesDuringBursts) {
  for (int round = 0; round < 50; ++round) {
    const auto counted = std::make_shared<int>(0);
    auto loop = new_event_loop();
    std::thread thread([&counted, loop] {
      const std::shared_ptr<int> held = counted;
      try {
        for (;;) loop.call_soon_threadsafe([held] {});
      } catch (const RuntimeError&) {
      }
    });
    loop.call_soon([loop] { loop.stop(); });
    loop.run_forever();
    loop.close();
    thread.join();
    EXPECT_EQ(counted.use_count(), 1);
  }
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

TEST(Asyncio, AClosedLoopHasNoDescriptors) {
  const auto before = open_descriptors();
  auto loop = new_event_loop();
  const Future<> kept(loop);
  loop.add_signal_handler(SIGUSR1, [] {});
  loop.run_until_complete(sleep(0s));
  EXPECT_EQ(open_descriptors(), before + 2);
  loop.close();
  EXPECT_EQ(open_descriptors(), before);
}

// Who wakes it last does not write to the file that has its number afterwards.
TEST(Asyncio, ClosesWhileItIsWoken) {
  for (int round = 0; round < 300; ++round) {
    auto loop = new_event_loop();
    std::thread thread([loop] { loop.call_soon_threadsafe([loop] { loop.stop(); }); });
    loop.run_forever();
    loop.close();
    const platform::Handle others[] = {platform::Handle(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
                                       platform::Handle(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))};
    thread.join();
    for (const auto& other : others) {
      std::uint64_t wakes = 0;
      EXPECT_EQ(::read(other.get(), &wakes, sizeof wakes), -1);
    }
  }
}

TEST(Asyncio, ALoopMayLoseItsLastHandleWhileItRuns) {
  const Logged logged;
  Events events;
  auto loop = std::make_unique<EventLoop>(new_event_loop());
  loop->call_later(3600s, [noted = std::make_shared<Noted>(events, "later")] {});
  loop->call_soon([&] {
    loop->stop();
    loop.reset();
  });
  loop->run_forever();
  EXPECT_THAT(events, ElementsAre("~later"));
  ASSERT_EQ(logged.lines().size(), 1U);
  EXPECT_THAT(logged.lines()[0], HasSubstr("unclosed event loop"));
}

Coroutine<> in_order_of_calls(Events& events) {
  auto loop = get_running_loop();
  loop.call_soon([&] { events.push_back("first"); });
  std::thread([&] { loop.call_soon_threadsafe([&] { events.push_back("second"); }); }).join();
  loop.call_soon([&] { events.push_back("third"); });
  co_await sleep(0s);
}
TEST(Asyncio, ThreadsafeCallsKeepTheirPlace) {
  Events events;
  run(in_order_of_calls(events));
  EXPECT_THAT(events, ElementsAre("first", "second", "third"));
}

Coroutine<> executor_calls() {
  auto loop = get_running_loop();
  const auto square = [](int n) { return n * n; };
  EXPECT_EQ(co_await loop.run_in_executor(nullptr, square, 3), 9);
  auto pointer = co_await loop.run_in_executor(nullptr, [] { return std::make_unique<int>(4); });
  EXPECT_EQ(*pointer, 4);
  bool has_thrown = false;
  try {
    co_await loop.run_in_executor(nullptr, [] { throw ValueError("there"); });
  } catch (const ValueError&) {
    has_thrown = true;
  }
  EXPECT_TRUE(has_thrown);
}
TEST(Asyncio, ExecutorsRunCalls) {
  run(executor_calls());
  run_virtual(executor_calls());
}

Coroutine<> reads(int reader, int writer, Events& events) {
  auto loop = get_running_loop();
  Future<> done;
  loop.add_reader(reader, [&] {
    char byte = 0;
    EXPECT_EQ(::read(reader, &byte, 1), 1);
    events.push_back(std::string(1, byte));
    if (events.size() == 3) done.set_result();
  });
  bool has_written = false;
  loop.add_writer(writer, [&] {
    EXPECT_EQ(::write(writer, "xyz", 3), 3);
    has_written = true;
    EXPECT_TRUE(loop.remove_writer(writer));
  });
  co_await done;
  EXPECT_TRUE(has_written);
  EXPECT_TRUE(loop.remove_reader(reader));
  EXPECT_FALSE(loop.remove_reader(reader));
}
TEST(Asyncio, WatchesFiles) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Events events;
  run(reads(ends[0], ends[1], events));
  EXPECT_THAT(events, ElementsAre("x", "y", "z"));
  ::close(ends[0]);
  ::close(ends[1]);
}

Coroutine<int> waits_for_signal() {
  auto loop = get_running_loop();
  Future<int> arrived;
  loop.add_signal_handler(SIGUSR1, [&] { arrived.set_result(1); });
  ::raise(SIGUSR1);
  const int value = co_await arrived;
  EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
  EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
  co_return value;
}
TEST(Asyncio, HandlesSignals) {
  EXPECT_EQ(run(waits_for_signal()), 1);
  auto loop = new_event_loop();
  EXPECT_THROW(loop.add_signal_handler(1000, [] {}), ValueError);
  EXPECT_THROW(loop.add_signal_handler(SIGKILL, [] {}), RuntimeError);
  loop.close();
}

Coroutine<> interrupted(bool& was_cancelled) {
  ::raise(SIGINT);
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
    was_cancelled = true;
    throw;
  }
}
Coroutine<> interrupted_from_outside(std::thread& thread) {
  thread = std::thread([] { ::kill(::getpid(), SIGINT); });
  co_await sleep(1h);
}
TEST(Asyncio, InterruptCancelsMain) {
  bool was_cancelled = false;
  EXPECT_THROW(run(interrupted(was_cancelled)), KeyboardInterrupt);
  EXPECT_TRUE(was_cancelled);
  std::thread thread;
  EXPECT_THROW(run(interrupted_from_outside(thread)), KeyboardInterrupt);
  thread.join();
  struct sigaction action {};
  ::sigaction(SIGINT, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

bool is_default(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}
Coroutine<> forks(int& status) {
  get_running_loop().add_signal_handler(SIGTERM, [] {});
  EXPECT_FALSE(is_default(SIGINT) || is_default(SIGTERM));
  const auto child = ::fork();
  if (child == 0) {
    int code = is_default(SIGINT) && is_default(SIGTERM) ? 0 : 2;
    try {
      get_running_loop();
      code |= 1;
    } catch (const RuntimeError&) {
      code |= run(number(0));
    }
    ::_exit(code);
  }
  ::waitpid(child, &status, 0);
  co_return;
}
TEST(Asyncio, AChildOfForkHasNoLoop) {
  int status = -1;
  run(forks(status));
  EXPECT_EQ(status, 0);
}

Coroutine<int> eager(Events& events, bool waits) {
  events.push_back("begins");
  EXPECT_TRUE(current_task());
  if (waits) co_await sleep(0s);
  co_return 1;
}
Coroutine<> starts_eagerly(Events& events) {
  auto loop = get_running_loop();
  loop.set_task_factory(eager_task_factory);
  const auto self = current_task();
  auto at_once = create_task(eager(events, false));
  EXPECT_TRUE(at_once.done());
  EXPECT_EQ(current_task(), self);
  auto later = create_task(eager(events, true));
  events.push_back("created");
  EXPECT_FALSE(later.done());
  EXPECT_EQ(all_tasks().size(), 2U);
  co_await later;
}
TEST(Asyncio, ATaskIsStartedOnce) {
  std::vector<std::string> said;
  auto loop = detail::virtual_time_loop();
  loop.set_task_factory([&](const EventLoop&, const NewTask& task) {
    task.schedule();
    for (const auto again : {&NewTask::schedule, &NewTask::start_eagerly}) try {
        (task.*again)();
      } catch (const RuntimeError& error) {
        said.emplace_back(error.what());
      }
  });
  EXPECT_EQ(loop.run_until_complete(loop.create_task(number(7))), 7);
  EXPECT_THAT(said, ElementsAre("the task was started before", "the task was started before"));
  loop.close();
}

TEST(Asyncio, EagerTasksBeginAtOnce) {
  Events events;
  run(starts_eagerly(events));
  EXPECT_THAT(events, ElementsAre("begins", "begins", "created"));
}

const contextvars::ContextVar<int> variable("variable", 0);

Coroutine<int> sets(int value) {
  const int before = variable.get();
  variable.set(value);
  co_await sleep(0s);
  EXPECT_EQ(variable.get(), value);
  co_return before;
}
Coroutine<> has_contexts() {
  variable.set(1);
  auto a = create_task(sets(2));
  auto b = create_task(sets(3));
  get_running_loop().call_soon([] {
    EXPECT_EQ(variable.get(), 1);
    variable.set(9);
  });
  co_await sleep(0s);
  EXPECT_EQ(variable.get(), 1);
  EXPECT_EQ(co_await a, 1);
  EXPECT_EQ(co_await b, 1);
  EXPECT_EQ(a.get_context().get(variable), 2);
  const auto context = contextvars::copy_context();
  co_await create_task(sets(4), "", context);
  EXPECT_EQ(context.get(variable), 4);
  EXPECT_EQ(variable.get(), 1);
}
TEST(Asyncio, TasksHaveTheirContexts) {
  run(has_contexts());
  EXPECT_EQ(variable.get(), 0);
}

TEST(ContextVars, TokensResetOnce) {
  const contextvars::ContextVar<std::string> text("text");
  EXPECT_THROW(text.get(), LookupError);
  EXPECT_EQ(text.get("else"), "else");
  const auto first = text.set("a");
  EXPECT_FALSE(first.old_value());
  const auto second = text.set("b");
  EXPECT_EQ(second.old_value(), "a");
  contextvars::copy_context().run([&] { EXPECT_THROW(text.reset(second), ValueError); });
  text.reset(second);
  EXPECT_THROW(text.reset(second), RuntimeError);
  EXPECT_EQ(text.get(), "a");
  text.reset(first);
  EXPECT_THROW(text.get(), LookupError);
}

TEST(ContextVars, NobodyEntersTwice) {
  const contextvars::Context context;
  context.run([&] { EXPECT_THROW(context.run([] {}), RuntimeError); });
  context.run([] {});
}

struct LooksWhenItGoes {
  int* seen = nullptr;
  ~LooksWhenItGoes() {
    if (seen) *seen = variable.get();
  }
};
TEST(ContextVars, AreThereUntilTheEndOfAThread) {
  int seen = -1, sum = 0;
  std::thread([&] {
    // Older than the context of the thread, so they go after it.
    thread_local LooksWhenItGoes looks;
    thread_local std::optional<Runner> runner;
    looks.seen = &seen;
    runner.emplace();
    variable.set(5);
    sum = runner->run(sum_of_many(3));
  }).join();
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(seen, 0);
}

void enter_by_three_threads(int times) {
  const contextvars::Context context;
  std::atomic<int> inside = 0, entered = 0;
  const auto enter_often = [&] {
    for (int i = 0; i < times; ++i) try {
        context.run([&] {
          EXPECT_EQ(inside.fetch_add(1), 0);
          variable.set(variable.get() + 1);
          ++entered;
          --inside;
        });
      } catch (const RuntimeError&) {
      }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) threads.emplace_back(enter_often);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(context.get(variable), entered.load());
}
TEST(ContextVars, OneThreadAtATimeEnters) { enter_by_three_threads(30); }
TEST(ContextVars, OneThreadAtATimeEntersInBursts) { enter_by_three_threads(1000); }

TEST(Asyncio, SlowCallsAreReported) {
  const Logged logged;
  auto loop = new_event_loop();
  loop.set_debug(true);
  loop.slow_callback_duration(0s);
  loop.call_soon([loop] { loop.stop(); });
  loop.run_forever();
  loop.close();
  ASSERT_EQ(logged.lines().size(), 1U);
  EXPECT_THAT(logged.lines()[0], testing::MatchesRegex("Executing <Handle .*> took .* seconds"));
}

Coroutine<> awaits_of_other_loop() {
  const Future<> other(new_event_loop());
  bool has_thrown = false;
  try {
    co_await other;
  } catch (const RuntimeError&) {
    has_thrown = true;
  }
  EXPECT_TRUE(has_thrown);
}
TEST(Asyncio, RefusesFuturesOfOtherLoops) {
  const Logged logged;
  run(awaits_of_other_loop());
}

TEST(Asyncio, RunsOnlyOnceAtATime) {
  const auto inner = []() -> Coroutine<> {
    EXPECT_THROW(run(number(1)), RuntimeError);
    auto loop = get_running_loop();
    EXPECT_THROW(loop.run_forever(), RuntimeError);
    auto other = new_event_loop();
    EXPECT_THROW(other.run_forever(), RuntimeError);
    other.close();
    co_return;
  };
  const Logged logged;
  run(inner());
  EXPECT_THROW(get_running_loop(), RuntimeError);
  EXPECT_THROW(get_event_loop(), RuntimeError);
}

Coroutine<> many_timers() {
  auto loop = get_running_loop();
  int called = 0;
  std::vector<TimerHandle> handles;
  for (int i = 0; i < 1000; ++i)
    handles.push_back(loop.call_later(std::chrono::seconds(i % 100), [&] { ++called; }));
  for (int i = 0; i < 1000; i += 2) handles[static_cast<std::size_t>(i)].cancel();
  for (int i = 1; i < 1000; i += 4) handles[static_cast<std::size_t>(i)].cancel();
  co_await sleep(200s);
  EXPECT_EQ(called, 250);
}
TEST(Asyncio, CancelledTimersAreForgotten) { run_virtual(many_timers()); }

Coroutine<> sleep_long() { co_await sleep(1h); }
Coroutine<> prints() {
  Future<int> future;
  EXPECT_EQ(to_string(future), "<Future pending>");
  future.set_result(42);
  EXPECT_EQ(to_string(future), "<Future finished result=42>");
  auto task = create_task(sleep_long(), "sleeper");
  co_await sleep(0s);
  EXPECT_EQ(to_string(task),
            "<Task pending name='sleeper' wait_for=<Future pending cb=[Task.task_wakeup()]>>");
  task.cancel();
  co_await sleep(0s);
  EXPECT_EQ(to_string(task), "<Task cancelled name='sleeper'>");
}

TEST(Asyncio, PrintsAsPythonDoes) { run_virtual(prints()); }

}  // namespace
}  // namespace tandem::asyncio
