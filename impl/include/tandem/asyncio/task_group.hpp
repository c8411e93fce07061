// asyncio.TaskGroup: tasks that begin within a scope, and have ended when it is left.
#pragma once
#include <exception>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/asyncio/with.hpp"
#include "tandem/core/exception_group.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {
class GroupState;
}

// A group of tasks, to be entered once, by with():
//   asyncio::TaskGroup group;
//   auto [a, b] = co_await asyncio::with(group, [](asyncio::TaskGroup& tg) {
//     return std::pair(tg.create_task(first()), tg.create_task(second()));
//   });
//   use(a.result(), b.result());
// Leaving it waits for all its tasks. The first that fails has the others cancelled, and the body
// too; then all errors, also that of the body, are thrown as one ExceptionGroup. (KeyboardInterrupt
// and SystemExit come by themselves; other exceptions that are no std::exception in a
// BaseExceptionGroup.) Cancelling the task that runs it cancels all of them. Neither copied nor
// moved.
// Spec     asyncio.task-group
class TANDEM_API TaskGroup {
 public:
  TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // As asyncio::create_task(). Also by tasks of the group, until it has been left.
  // Throws   RuntimeError (not entered, left, or being cancelled; the coroutine is closed then).
  template <class T>
  Task<T> create_task(Coroutine<T> coro, std::string name = {},
                      std::optional<contextvars::Context> context = {}) {
    check_open([&] { coro.close(); });
    Task<T> task = detail::make_task(loop(), std::move(coro), std::move(name), std::move(context));
    add(task);
    return task;
  }
  template <class Try>
  auto create_task(detail::Attempt<Try> attempt, std::string name = {},
                   std::optional<contextvars::Context> context = {}) {
    return create_task(detail::coroutine_of(std::move(attempt)), std::move(name),
                       std::move(context));
  }

  // For with(). Throws RuntimeError (entered already; no task), ExceptionGroup, BaseExceptionGroup.
  Coroutine<> aenter();
  Coroutine<bool> aexit(std::exception_ptr error);

 private:
  friend TANDEM_API std::string to_string(const TaskGroup& group);
  std::optional<std::string> refusal() const;  // why no task can be created
  template <class Close>
  void check_open(Close close) const {
    if (std::optional<std::string> why = refusal()) [[unlikely]] {
      close();
      throw RuntimeError(*why);
    }
  }
  detail::LoopState& loop() const noexcept;
  void add(const AnyFuture& task);

  std::shared_ptr<detail::GroupState> state_;  // tasks may outlive a group that was never left
};
// Python's repr: <TaskGroup tasks=2 entered>
TANDEM_API std::string to_string(const TaskGroup& group);
TANDEM_API std::ostream& operator<<(std::ostream& out, const TaskGroup& group);

}  // namespace tandem::inline v1::asyncio
