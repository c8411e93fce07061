// asyncio.Task: a future that runs a coroutine.
//
// Decided here, for whoever builds upon tasks:
//   * detail::make_task<T>(loop, coroutine, name, context) is loop.create_task(); create_task() and
//     EventLoop::create_task() are thin over it.
//   * detail::current_task_state(): the task that runs in this thread's loop, or null.
//   * The loop owns a task until it is done: dropping all handles does not stop it (CPython's may
//   be
//     collected then).
#pragma once
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/attempt.hpp"
#include "tandem/asyncio/detail/awaited.hpp"
#include "tandem/asyncio/detail/task_state.hpp"
#include "tandem/asyncio/future.hpp"

namespace tandem::inline v1::asyncio {

template <class T = void>
class Task;

namespace detail {

// What a handle on a task can do beyond one on a future; H is the handle.
template <class H>
class TaskMembers {
 public:
  std::string get_name() const { return state().name(); }
  void set_name(std::string name) const { state().set_name(std::move(name)); }
  // How many calls of cancel() have not been taken back by uncancel().
  // Spec     asyncio.task.cancelling
  int cancelling() const { return state().cancelling(); }
  // Returns  what cancelling() is now
  // Spec     asyncio.task.uncancel
  int uncancel() const { return state().uncancel(); }
  contextvars::Context get_context() const { return state().context(); }

 private:
  TaskState& state() const {
    return static_cast<TaskState&>(Access::state(static_cast<const H&>(*this)));
  }
};

}  // namespace detail

// A task whose result has any type: what current_task() and all_tasks() give. A handle.
class AnyTask : public AnyFuture, public detail::TaskMembers<AnyTask> {
 public:
  template <class T>
  AnyTask(const Task<T>& task) : AnyFuture(task) {}

 private:
  friend struct detail::Access;
  explicit AnyTask(detail::StateHandle state) noexcept : AnyFuture(std::move(state)) {}
};

// A coroutine that runs by itself, in turns with others. A handle; the loop keeps the task until it
// is done.
// Spec     asyncio.task
template <class T>
class Task : public Future<T>, public detail::TaskMembers<Task<T>> {
 public:
  using value_type = T;

  // As AnyFuture's, but f may want the task.
  template <std::invocable<const Task&> F>
  CallbackToken add_done_callback(F f, std::optional<contextvars::Context> context = {}) const {
    return this->template add_callback<Task>(std::move(f), std::move(context));
  }

 private:
  friend struct detail::Access;
  explicit Task(detail::StateHandle state) noexcept : Future<T>(std::move(state)) {}
};

namespace detail {

// The loop that runs in this thread; null: none. Noinline: a coroutine may go on in another thread.
TANDEM_API LoopState* running_loop_or_null() noexcept;
// Throws   RuntimeError (no running event loop).
TANDEM_API LoopState& running_loop();
// The task that the loop of this thread runs; null: none.
TANDEM_API TaskState* current_task_state() noexcept;

// Names a new task, gives it its context and has the loop, or its task factory, start it.
// Throws   RuntimeError (the loop is closed); then the task is as if it had never been.
TANDEM_API void begin_task(TaskState& task, std::string name,
                           const std::optional<contextvars::Context>& context);
// With a number for a name, in a copy of the current context.
TANDEM_API void begin_task(TaskState& task);

template <class T>
class TaskValue final : public Valued<TaskState, T> {
  using P = typename Coroutine<T>::promise_type;

 public:
  static TaskValue* make(LoopState& loop, Frame<P> frame) {
    static_assert(alignof(TaskValue) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "tandem: over-aligned results are not supported; use a pointer");
    void* const memory = allocate_packed(sizeof(TaskValue));
    return ::new (memory) TaskValue(loop, frame.release());
  }

 private:
  TaskValue(LoopState& loop, std::coroutine_handle<P> frame) noexcept
      : Valued<TaskState, T>(loop, frame, frame.promise()) {}
  ~TaskValue() override { this->end_life(); }

  P& promise() const noexcept { return static_cast<P&>(TaskState::promise()); }
  void take_value() override {
    if constexpr (std::is_void_v<T>)
      this->emplace();
    else if constexpr (std::is_reference_v<T>)
      this->emplace(promise().value);
    else
      this->emplace(*std::move(promise().value));
  }
  void destroy_frame() noexcept override {
    std::coroutine_handle<P>::from_promise(promise()).destroy();
  }
  void destroy() noexcept override {
    this->~TaskValue();
    free_packed(this, sizeof(TaskValue));
  }
};

template <class T, class... Named>
Task<T> make_task(LoopState& loop, Coroutine<T>&& coro, Named&&... named) {
  TaskState* const task = TaskValue<T>::make(loop, std::move(coro).take_frame());
  StateHandle handle(task);
  begin_task(*task, std::forward<Named>(named)...);
  return Access::adopt<Task<T>>(std::move(handle));
}
template <OwnAwaitable A, class... Named>
auto make_task(LoopState& loop, A&& awaitable, Named&&... named) {
  return make_task(loop, coroutine_of(std::forward<A>(awaitable)), std::forward<Named>(named)...);
}

}  // namespace detail

// Has the coroutine run by the running loop, from its next turn on.
//   name     empty: "Task-N"
//   context  to run in; default: a copy of the current one
// Throws   RuntimeError (no loop runs); with a task factory what it throws: with eager_task_factory
//          RuntimeError (the context is entered already), and KeyboardInterrupt or SystemExit of
//          the coroutine's first steps.
// Spec     asyncio.task.create-task
template <class T>
Task<T> create_task(Coroutine<T> coro) {
  return detail::make_task(detail::running_loop(), std::move(coro));
}
template <class T>
Task<T> create_task(Coroutine<T> coro, std::string name,
                    std::optional<contextvars::Context> context = {}) {
  return detail::make_task(detail::running_loop(), std::move(coro), std::move(name), context);
}
template <class Try>
auto create_task(detail::Attempt<Try> attempt, std::string name = {},
                 std::optional<contextvars::Context> context = {}) {
  return create_task(detail::coroutine_of(std::move(attempt)), std::move(name), std::move(context));
}

// The task that runs now, in the loop of this thread or in another one; none: a callback runs.
// Throws   RuntimeError (no loop runs).
// Spec     asyncio.task.current-task
TANDEM_API std::optional<AnyTask> current_task();
TANDEM_API std::optional<AnyTask> current_task(const EventLoop& loop);

// All tasks of a loop that are not done, in the order of their creation.
//   auto others = asyncio::all_tasks();
//   std::erase(others, *asyncio::current_task());
//   co_await asyncio::gather(asyncio::return_exceptions, others);
// Throws   RuntimeError (no loop runs).
// Spec     asyncio.task.all-tasks
TANDEM_API std::vector<AnyTask> all_tasks();
TANDEM_API std::vector<AnyTask> all_tasks(const EventLoop& loop);

// A task that was created, and of which nothing has run: what a task factory is given. To be
// started once; else it dies pending.
class TANDEM_API NewTask {
 public:
  explicit NewTask(detail::TaskState& task) : task_(task) {}
  AnyTask task() const;
  // From the next turn of the loop on; or at once, up to where it waits for the first time, if the
  // loop runs.
  // Throws   RuntimeError (it was started before).
  void schedule() const;
  void start_eagerly() const;

 private:
  detail::TaskState& task_;
};
using TaskFactory = std::function<void(const EventLoop& loop, const NewTask& task)>;

// For EventLoop::set_task_factory(): tasks run at once, and the loop knows only of those that have
// to wait.
// Spec     asyncio.task.eager
TANDEM_API void eager_task_factory(const EventLoop& loop, const NewTask& task);

// What can be awaited: a Coroutine (no named one: std::move it), a Future or a Task, also one of
// any type; and what a type of one's own has for co_await, Python's __await__():
//   class Page {
//    public:
//     explicit Page(std::string url) : fetching_(fetch(std::move(url))) {}
//     auto operator co_await() && { return std::move(fetching_).operator co_await(); }
//    private:
//     asyncio::Coroutine<std::string> fetching_;
//   };
// It hands on to something of the library's: nothing else has a task wait.
// Spec     asyncio.coroutine.own-awaitable
template <class A>
concept Awaitable = requires {
  typename detail::awaited_t<A>;
}
&&std::constructible_from<std::remove_cvref_t<A>, A>;

// A future as it is; a coroutine, or what else can be awaited, in a task of its own.
//   in the second form: of that loop
// Throws   RuntimeError (a coroutine, and no loop); ValueError (a future of another loop).
// Spec     asyncio.future.ensure-future
template <class T>
Task<T> ensure_future(Coroutine<T> coro) {
  return detail::make_task(detail::current_event_loop(), std::move(coro));
}
template <class T>
Task<T> ensure_future(Coroutine<T> coro, const EventLoop& loop) {
  return detail::make_task(detail::state_of(loop), std::move(coro));
}
template <detail::OwnAwaitable A, class... Loop>
auto ensure_future(A awaitable, const Loop&... loop) {
  return ensure_future(detail::coroutine_of(std::move(awaitable)), loop...);
}
template <std::derived_from<AnyFuture> F>
F ensure_future(F future) {
  return future;
}
namespace detail {
TANDEM_API void check_loop(const FutureState& future, const EventLoop& loop);
}
template <std::derived_from<AnyFuture> F>
F ensure_future(F future, const EventLoop& loop) {
  detail::check_loop(detail::Access::state(future), loop);
  return future;
}

}  // namespace tandem::inline v1::asyncio

template <>
struct std::hash<tandem::asyncio::AnyTask> : std::hash<tandem::asyncio::AnyFuture> {};
template <class T>
struct std::hash<tandem::asyncio::Task<T>> : std::hash<tandem::asyncio::AnyFuture> {};
