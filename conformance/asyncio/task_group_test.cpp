#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"
#include "tandem/contextvars.hpp"
#include "tandem/core/exception_group.hpp"

namespace tandem::conformance {
namespace {

using asyncio::Task;
using asyncio::TaskGroup;
using Seconds = std::chrono::duration<double>;

class MyBaseError : public BaseException {
 public:
  using BaseException::BaseException;
};

Coroutine<int> value(int number, Seconds delay = 0s) {
  try {
    co_await asyncio::sleep(delay);
  } catch (const asyncio::CancelledError&) {
    log_at("cancelled");
    throw;
  }
  co_return number;
}

Coroutine<> crash(std::exception_ptr error, Seconds delay = 0s) {
  co_await asyncio::sleep(delay);
  std::rethrow_exception(error);
}
Coroutine<> failure(std::string text, Seconds delay = 0s) {
  return crash(error<ValueError>(text), delay);
}

// What is thrown instead of a cancellation.
Coroutine<> leaves_by(std::exception_ptr error) {
  try {
    co_await asyncio::sleep(100s);
  } catch (const asyncio::CancelledError&) {
  }
  std::rethrow_exception(error);
}
Coroutine<> fails_when_cancelled(std::string text) { return leaves_by(error<ValueError>(text)); }

std::string tree(const std::exception_ptr& error);

template <class Group>
std::string group_tree(const char* name, const Group& group) {
  std::string members;
  for (const auto& member : group.exceptions())
    members += (members.empty() ? "" : ", ") + tree(member);
  return std::string(name) + "(" + group.message() + ")[" + members + "]";
}
std::string tree(const ExceptionGroup& group) { return group_tree("ExceptionGroup", group); }
std::string tree(const BaseExceptionGroup& group) {
  return group_tree("BaseExceptionGroup", group);
}
// The class, and for a group its text and its members.
std::string tree(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    return tree(group);
  } catch (const BaseExceptionGroup& group) {
    return tree(group);
  } catch (...) {
    return raised_by(error);
  }
}

// What it returned or threw, as a tree.
template <class A>
Coroutine<> told(A awaitable, std::string name = "group") {
  std::exception_ptr error;
  try {
    co_await std::move(awaitable);
  } catch (...) {
    error = std::current_exception();
  }
  if (error)
    log_at(name, tree(error));
  else
    log_at(name, "None");
}

struct Nothing {};

template <class Body, class... C>
Coroutine<> group_in(Body body, C... coroutines) {
  TaskGroup group;
  const auto all = [&](TaskGroup& tg) -> Coroutine<> {
    (tg.create_task(std::move(coroutines)), ...);
    if constexpr (!std::is_same_v<Body, Nothing>) co_await std::move(body);
    co_return;
  };
  co_await asyncio::with(group, std::ref(all));
}
template <class... C>
Coroutine<> group_of(C... coroutines) {
  return group_in(Nothing(), std::move(coroutines)...);
}

int cancelling() { return asyncio::current_task()->cancelling(); }

CASE("asyncio.task-group.waits", "leaving it waits for all its tasks") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    auto [a, b] = co_await asyncio::with(group, [](TaskGroup& tg) {
      auto tasks = std::pair(tg.create_task(value(42, 1s)), tg.create_task(value(11, 2s)));
      log_at("body ends");
      return tasks;
    });
    log_at(a.result(), b.result());
  }());
}

Coroutine<std::pair<Task<int>, Task<int>>> two_in_turn(TaskGroup& group) {
  const auto a = group.create_task(value(42, 1s));
  co_await asyncio::sleep(2s);
  log(a.done());
  co_return std::pair(a, group.create_task(value(11, 2s)));
}

CASE("asyncio.task-group.body-waits", "the body may wait, and make more tasks") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    auto [a, b] = co_await asyncio::with(group, two_in_turn);
    log_at(a.result(), b.result());
  }());
}

Coroutine<int> leaves_at_once() {
  TaskGroup group;
  co_await asyncio::with(group, [] {});
  co_return 1;
}

CASE("asyncio.task-group.empty", "without tasks it ends at once") {
  run_virtual([]() -> Coroutine<> {
    const auto waiting = asyncio::create_task(leaves_at_once());
    co_await turns();
    log(state(waiting));
  }());
}

Coroutine<std::pair<Task<int>, Task<int>>> cancels_one(TaskGroup& group) {
  const auto a = group.create_task(value(1, 10s));
  co_await asyncio::sleep(1s);
  a.cancel();
  co_return std::pair(a, group.create_task(value(2, 1s)));
}

CASE("asyncio.task-group.child-cancelled", "a task that is cancelled by itself is no error") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    auto [a, b] = co_await asyncio::with(group, cancels_one);
    log_at(state(a), state(b));
  }());
}

CASE("asyncio.task-group.child-error", "the first error cancels the others") {
  run_virtual([]() -> Coroutine<> {
    co_await told(group_of(failure("bad", 1s), value(2, 10s), value(3, 10s)));
    log(cancelling());
  }());
}

struct Leaves {
  ~Leaves() { log_at("body leaves"); }
};
Coroutine<> leaves_loudly() {
  const Leaves leaves;
  co_await asyncio::sleep(100s);
}

CASE("asyncio.task-group.child-error-cancels-body", "the first error cancels the body too") {
  run_virtual([]() -> Coroutine<> {
    co_await told(group_in(leaves_loudly(), failure("a", 1s), failure("b", 1s), failure("c", 1s),
                           value(4, 5s)));
    log(cancelling());
  }());
}

CASE("asyncio.task-group.errors-in-order", "all errors, in the order in which they came") {
  run_virtual([]() -> Coroutine<> {
    co_await told(
        group_of(fails_when_cancelled("third"), failure("first", 1s), failure("second", 1s)));
  }());
}

CASE("asyncio.task-group.cancelled", "the task around it cancelled") {
  run_virtual([]() -> Coroutine<> {
    const auto outer = asyncio::create_task(group_of(value(1, 10s), value(2, 10s)));
    co_await asyncio::sleep(1s);
    Log{outer.done(), outer.cancel("why")};
    co_await told(outer, "outer");
    log(outer.cancelled());
  }());
}

CASE("asyncio.task-group.cancelled-in-body", "the same while the body runs") {
  run_virtual([]() -> Coroutine<> {
    const auto outer = asyncio::create_task(group_in(value(0, 10s), value(1, 10s), value(2, 10s)));
    co_await asyncio::sleep(1s);
    outer.cancel();
    co_await told(outer, "outer");
    log(outer.cancelled());
  }());
}

CASE("asyncio.task-group.cancelled-errors-win", "errors have priority over the cancellation") {
  run_virtual([]() -> Coroutine<> {
    const auto outer = asyncio::create_task(
        group_in(asyncio::sleep(10s), fails_when_cancelled("late"), fails_when_cancelled("late")));
    co_await asyncio::sleep(1s);
    outer.cancel();
    co_await told(outer, "outer");
    log(outer.cancelled());
  }());
}

CASE("asyncio.task-group.cancelled-without-tasks", "a cancelled body without tasks") {
  run_virtual([]() -> Coroutine<> {
    const auto outer = asyncio::create_task(group_in(value(0, 10s)));
    co_await asyncio::sleep(1s);
    outer.cancel();
    co_await told(outer, "outer");
  }());
}

CASE("asyncio.task-group.body-error", "an error of the body cancels the tasks") {
  run_virtual([]() -> Coroutine<> {
    co_await told(group_in(failure("at once"), value(1, 10s), value(2, 10s)));
    co_await told(group_in(failure("later", 1s), value(1, 10s), value(2, 10s)));
    co_await told(group_in(failure("alone")));
    log(cancelling());
  }());
}

CASE("asyncio.task-group.body-error-when-cancelled", "thrown instead of a cancellation") {
  run_virtual([]() -> Coroutine<> {
    const auto outer = asyncio::create_task(group_in(fails_when_cancelled("instead")));
    co_await asyncio::sleep(1s);
    outer.cancel();
    co_await told(outer, "outer");
    co_await told(group_in(fails_when_cancelled("body"), failure("child", 1s)), "both");
  }());
}

CASE("asyncio.task-group.nested", "errors of the inner group in a group within the group") {
  run_virtual([]() -> Coroutine<> {
    co_await told(group_in(group_of(failure("inner", 10s)), failure("outer", 1s)), "outer first");
    co_await told(group_in(group_of(failure("inner", 1s)), failure("outer", 10s)), "inner first");
  }());
}

CASE("asyncio.task-group.nested-cancelled", "cancelled from outside, with errors on the way out") {
  run_virtual([]() -> Coroutine<> {
    auto inner =
        group_in(asyncio::sleep(10s), fails_when_cancelled("late"), fails_when_cancelled("late"));
    const auto waiting = asyncio::create_task(group_in(std::move(inner), value(0, 10s)));
    co_await asyncio::sleep(1s);
    waiting.cancel();
    co_await told(waiting);
  }());
}

Coroutine<> leaves_slowly() {
  std::exception_ptr cancelled;
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    cancelled = std::current_exception();
  }
  co_await asyncio::sleep(5s);
  log_at("body leaves");
  if (cancelled) std::rethrow_exception(cancelled);
}
Coroutine<> through_a_task() {
  co_await asyncio::create_task(group_in(leaves_slowly(), failure("soon", 3s)));
}

CASE("asyncio.task-group.cancelled-while-aborting", "a cancellation, then an error: errors win") {
  run_virtual([]() -> Coroutine<> {
    auto outer = asyncio::create_task(group_in(leaves_slowly(), failure("soon", 3s)));
    co_await asyncio::sleep(1s);
    outer.cancel();
    co_await told(outer, "outer");
    outer = asyncio::create_task(through_a_task());
    co_await asyncio::sleep(1s);
    outer.cancel();
    co_await told(outer, "through another task");
  }());
}

CASE("asyncio.task-group.keyboard-interrupt", "KeyboardInterrupt and SystemExit come bare") {
  run_virtual([]() -> Coroutine<> {
    const auto interrupt = std::make_exception_ptr(KeyboardInterrupt());
    const auto exit = std::make_exception_ptr(SystemExit(3));
    co_await told(group_in(leaves_by(interrupt), failure("bad", 1s)));
    co_await told(group_in(leaves_by(exit), failure("bad", 1s)));
    co_await told(group_in(crash(interrupt, 1s), value(1, 10s)));
  }());
}

CASE("asyncio.task-group.base-exception", "others that are no Exception: a BaseExceptionGroup") {
  run_virtual([]() -> Coroutine<> {
    co_await told(group_in(leaves_by(error<MyBaseError>("body")), failure("bad", 1s)));
    co_await told(
        group_in(leaves_by(error<TypeError>("body")), crash(error<MyBaseError>("task"), 1s)));
  }());
}

Coroutine<> root(TaskGroup& group) {
  co_await asyncio::sleep(1s);
  group.create_task(value(1, 1s));
  group.create_task(value(2, 2s));
}

CASE("asyncio.task-group.tasks-of-tasks", "its tasks may make tasks in it") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    co_await asyncio::with(group, [](TaskGroup& tg) { tg.create_task(root(tg)); });
    log_at("end");
  }());
}

void grow_head(TaskGroup& group, int& heads);
Coroutine<> hydra(TaskGroup& group, int& heads) {
  ++heads;
  co_await asyncio::sleep(2s);
  grow_head(group, heads);
  grow_head(group, heads);
}
void grow_head(TaskGroup& group, int& heads) { group.create_task(hydra(group, heads)); }
Coroutine<> hercules(int& heads) {
  while (heads < 10) co_await asyncio::sleep(3s);
  throw ValueError("cut off");
}
Coroutine<> fight(int& heads) {
  TaskGroup group;
  const auto body = [&heads](TaskGroup& tg) {
    tg.create_task(hydra(tg, heads));
    tg.create_task(hercules(heads));
  };
  co_await asyncio::with(group, body);
}

CASE("asyncio.task-group.hydra", "tasks that make tasks are ended by an error") {
  run_virtual([]() -> Coroutine<> {
    int heads = 0;
    co_await told(fight(heads));
    log(heads);
  }());
}

CASE("asyncio.task-group.name", "create_task(name)") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    co_await asyncio::with(group,
                           [](TaskGroup& tg) { log(tg.create_task(value(1), "yolo").get_name()); });
  }());
}

contextvars::ContextVar<int> variable("variable");

Coroutine<> sets(int number) {
  co_await turns();
  variable.set(number);
}
Coroutine<> sets_in_context(TaskGroup& group) {
  const contextvars::Context context = contextvars::copy_context();
  co_await group.create_task(sets(1), "", context);
  log(context.get(variable));
  co_await group.create_task(sets(2), "", context);
  log(context.get(variable));
}

CASE("asyncio.task-group.context", "create_task(context): the task runs in it") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    co_await asyncio::with(group, sets_in_context);
    log(variable.get(0) == 0 ? "None" : "set outside");
  }());
}

Coroutine<> creates_too_late(TaskGroup& group) {
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    try {
      group.create_task(value(1));
    } catch (const RuntimeError& error) {
      log(error.what());
    }
    throw;
  }
}
Coroutine<> group_with_late_task() {
  TaskGroup group;
  co_await asyncio::with(group, [](TaskGroup& tg) {
    tg.create_task(failure("bad", 1s));
    tg.create_task(creates_too_late(tg));
  });
}

CASE("asyncio.task-group.not-while-aborting", "no new task once it is being cancelled") {
  run_virtual([]() -> Coroutine<> { co_await told(group_with_late_task()); }());
}

void tell_refusal(TaskGroup& group) {
  try {
    group.create_task(value(1));
  } catch (const RuntimeError& error) {
    log(error.what());
  }
}

CASE("asyncio.task-group.not-outside", "no task before it was entered or after it was left") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    log(to_string(group));
    tell_refusal(group);
    co_await asyncio::with(group, [](TaskGroup& tg) {
      log(to_string(tg));
      tg.create_task(value(2));
      log(to_string(tg));
    });
    tell_refusal(group);
  }());
}

CASE("asyncio.task-group.refused-not-reported", "not said to be never awaited") {
  const Logged logged;
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    co_await asyncio::with(group, [] {});
    tell_refusal(group);
  }());
  EXPECT_TRUE(logged.messages().empty());
}

Coroutine<> enters(TaskGroup& group) {
  co_await asyncio::with(group, [] {});
}
Coroutine<> enters_again(TaskGroup& group) { co_await noted(enters(group), "again"); }

CASE("asyncio.task-group.entered-once", "it is entered once") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup group;
    co_await asyncio::with(group, enters_again);
    co_await noted(enters(group), "after");
  }());
}

Coroutine<> fails_in_both(TaskGroup& outer) {
  TaskGroup inner;
  const auto body = [&outer](TaskGroup& tg) {
    tg.create_task(failure("inner"));
    outer.create_task(failure("outer"));
  };
  try {
    co_await asyncio::with(inner, body);
  } catch (const ExceptionGroup& group) {
    log(tree(group));
  }
  log(cancelling());
}
Coroutine<> both_groups() {
  TaskGroup outer;
  co_await asyncio::with(outer, fails_in_both);
}

CASE("asyncio.task-group.cancelling-preserved", "the count of cancellations is as before") {
  run_virtual([]() -> Coroutine<> {
    co_await told(group_of(failure("bad")));
    log(cancelling());
    co_await told(both_groups());
    log(cancelling());
  }());
}

Coroutine<> inside() {
  try {
    co_await group_in(asyncio::sleep(10s), failure("bad", 0s));
  } catch (const ExceptionGroup& group) {
    log(tree(group), cancelling());
  }
  co_await asyncio::sleep(1s);
  log("never");
}

CASE("asyncio.task-group.error-and-cancel", "a cancellation from outside is not lost") {
  run_virtual([]() -> Coroutine<> {
    const auto task = asyncio::create_task(inside());
    co_await turns(2);
    Log{task.cancelling(), task.cancel(), task.cancelling()};
    co_await noted(task, "inside");
    log(task.cancelled());
  }());
}

Coroutine<> counts(std::string name, int count) {
  for (int n = 0; n < count; ++n) {
    log(name, n);
    co_await turns();
  }
  log(name, "ends");
}
Coroutine<> says_body(TaskGroup& group) {
  group.create_task(counts("a", 1));
  group.create_task(counts("b", 3));
  log("body");
  co_await turns();
  log("body ends");
}
Coroutine<> runner() {
  TaskGroup group;
  co_await asyncio::with(group, says_body);
  log("left");
}

CASE("asyncio.task-group.event-order", "when it begins, when it comes back") {
  run_virtual([]() -> Coroutine<> {
    const auto waiting = asyncio::create_task(runner());
    for (int turn = 0; turn < 7; ++turn) {
      co_await turns();
      log("turn", waiting.done());
    }
  }());
}

Coroutine<> fails_after(std::string name, int count) {
  try {
    co_await turns(count);
  } catch (const asyncio::CancelledError&) {
    log("child cancelled");
    throw;
  }
  throw ValueError(name);
}
Coroutine<> says_cancelled() {
  try {
    co_await asyncio::sleep(10s);
  } catch (const asyncio::CancelledError&) {
    log("body cancelled");
    throw;
  }
}

CASE("asyncio.task-group.event-order-error", "when it cancels, when it comes back") {
  run_virtual([]() -> Coroutine<> {
    const auto waiting = asyncio::create_task(told(
        group_in(says_cancelled(), fails_after("a", 1), fails_after("b", 9), fails_after("c", 9))));
    for (int turn = 0; turn < 7; ++turn) {
      co_await turns();
      log("turn", waiting.done());
    }
  }());
}

Coroutine<Task<>> owner() {
  TaskGroup group;
  co_await group.aenter();
  co_return group.create_task(failure("late", 1s));
}

CASE("asyncio.task-group.orphan", "a task that fails when its group's task is done already") {
  run_virtual([]() -> Coroutine<> {
    asyncio::get_running_loop().set_exception_handler([](const auto&, const auto& context) {
      log(context.message.substr(0, context.message.find(" <")), raised_by(context.exception));
    });
    const Task<> orphan = co_await asyncio::create_task(owner());
    co_await asyncio::sleep(2s);
    log(state(orphan));
  }());
}

CASE("asyncio.task-group.exception-group", "message, members, what(), nesting") {
  const ExceptionGroup inner("inner", {error<ValueError>("a")});
  const ExceptionGroup group("outer", {error<TypeError>("b"), std::make_exception_ptr(inner)});
  log(group.what(), group.message(), group.exceptions().size(), tree(group));
  log(inner.what());
  log(std::derived_from<ExceptionGroup, std::exception>);
  const BaseExceptionGroup base("base", {error<ValueError>("a"), error<MyBaseError>("b")});
  log("BaseExceptionGroup", std::derived_from<BaseExceptionGroup, std::exception>);
  EXPECT_STREQ(base.what(), "base (2 sub-exceptions)");
  log(raised([] { ExceptionGroup("text", {}); }));
  log(raised([] { ExceptionGroup("text", {error<MyBaseError>("b")}); }));
  EXPECT_EQ(raised([] { ExceptionGroup("text", {nullptr}); }),
            "ValueError: Item 0 of second argument (exceptions) is not an exception");
}

template <class Group>
std::string said(const std::optional<Group>& group) {
  return group ? tree(*group) : "None";
}
template <class E>
void tell_split(const char* name, const ExceptionGroup& group) {
  const auto [match, rest] = group.split<E>();
  log(name, said(match), said(rest));
}

CASE("asyncio.task-group.exception-group-split", "subgroup() and split() by a class") {
  const ExceptionGroup inner("inner", {error<TypeError>("b"), error<ValueError>("c")});
  const ExceptionGroup group("outer", {error<ValueError>("a"), std::make_exception_ptr(inner)});
  log(said(group.subgroup<ValueError>()));
  log(said(group.subgroup<KeyError>()));
  log(said(group.subgroup<ExceptionGroup>()));
  tell_split<ValueError>("ValueError", group);
  tell_split<TypeError>("TypeError", group);
  tell_split<KeyError>("KeyError", group);
  tell_split<std::exception>("Exception", group);
  const BaseExceptionGroup base("base", {error<ValueError>("a"), error<MyBaseError>("b")});
  const auto [match, rest] = base.split<MyBaseError>();
  log(said(match), rest->exceptions().size());
}

CASE("asyncio.task-group.own-result", "the result of the body is that of the scope") {
  run_virtual([]() -> Coroutine<> {
    TaskGroup plain, coroutine;
    const auto task =
        co_await asyncio::with(plain, [](TaskGroup& tg) { return tg.create_task(value(5, 1s)); });
    EXPECT_EQ(task.result(), 5);
    EXPECT_EQ(co_await asyncio::with(coroutine, [] { return value(6, 1s); }), 6);
  }());
}

}  // namespace
}  // namespace tandem::conformance
