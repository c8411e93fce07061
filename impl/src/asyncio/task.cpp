#include "tandem/asyncio/task.hpp"

#include "asyncio/loop_state.hpp"
#include "asyncio/sleep_timer.hpp"
#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/core/exception_group.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

namespace {

seam::atomic<std::uint64_t> tasks_made{0};

}  // namespace

const NodeOps TaskState::ops_{[](Node& node) { static_cast<TaskState&>(node).run(); },
                              [](Node&) noexcept {}, nullptr,
                              [](const Node&) { return std::string("Task.task_wakeup()"); }};

// While it lives, this is the task that runs, in its own context. A task that is done then leaves
// the loop.
class TaskState::Running {
 public:
  explicit Running(TaskState& task)
      : task_(task),
        place_(task.loop().context_place()),
        before_(std::exchange(task.loop().current_task, &task)),
        place_before_(std::exchange(place_.current, &task.context_)) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (task_.context_) leave_context(*task_.context_);
    place_.current = place_before_;
    task_.loop().current_task = before_;
    if (task_.is_done()) task_.loop().unlink(task_);
  }

 private:
  TaskState& task_;
  ContextPlace& place_;
  TaskState* const before_;
  ContextState** const place_before_;
};

TaskState::TaskState(LoopState& loop, std::coroutine_handle<> root, PromiseBase& promise) noexcept
    : FutureState(loop, 1, true), Node(ops_), onward_(root), promise_(&promise) {
  promise.task = this;
}

TaskState::~TaskState() {
  if (context_) drop_context(*context_);
}

void TaskState::end_life() noexcept {
  if (!is_sleeping_ && waits_for_) waits_for_->remove_callback(static_cast<Node&>(*this));
  waits_for_ = nullptr;
  is_sleeping_ = false;
  if (!promise_) return;
  loop().tear_down(1);
  drop_frame();
  loop().tear_down(-1);
}

void TaskState::report_loss() noexcept {
  if (is_done()) return FutureState::report_loss();
  log_destroy_pending_ = false;
  try {
    loop().report({.message = "Task was destroyed but it is pending!",
                   .task = Access::share<AnyTask>(*this)});
  } catch (...) {
    // As in FutureState.
  }
}

std::string TaskState::name() const {
  return rare_ && rare_->name ? *rare_->name : "Task-" + std::to_string(number_);
}
void TaskState::set_name(std::string name) { rare().name = std::move(name); }

int TaskState::uncancel() noexcept {
  if (cancels_requested_ > 0 && --cancels_requested_ == 0) must_cancel_ = false;
  return cancelling();
}

contextvars::Context TaskState::context() {
  ContextState& made = made_context(context_);
  hold_context(made);
  return contextvars::Context(ContextHandle(&made));
}

void TaskState::wait_for(FutureState& future, std::coroutine_handle<> resumed) {
  suspend(resumed);
  if (&future.loop() != &loop()) [[unlikely]]
    return throw_later(std::make_exception_ptr(RuntimeError("Task " + to_string() + " got Future " +
                                                            future.to_string() +
                                                            " attached to a different loop")));
  if (&future == this) [[unlikely]]
    return throw_later(
        std::make_exception_ptr(RuntimeError("Task cannot await on itself: " + to_string())));
  future.add_callback(static_cast<Node&>(*this));
  waits_for_ = &future;
  cancel_if_asked_to();
}

// What was asked for while it ran.
void TaskState::cancel_if_asked_to() {
  if (must_cancel_ && cancel_waited_for(cancel_message() ? *cancel_message() : ""))
    must_cancel_ = false;
}

void TaskState::yield(std::coroutine_handle<> resumed) {
  suspend(resumed);
  loop().push(static_cast<Node&>(*this));
}

SleepTimer* TaskState::sleep(double seconds, std::coroutine_handle<> resumed) {
  SleepTimer* const timer = SleepTimer::make(*this);
  loop().push_at(loop().time() + seconds, *timer);
  suspend(resumed);
  timer_ = timer;
  is_sleeping_ = true;
  cancel_if_asked_to();
  return timer;
}

std::string TaskState::waits_for_text() const {
  if (is_sleeping_) return timer_->to_string();
  return waits_for_ ? waits_for_->to_string() : "";
}

void TaskState::throw_later(std::exception_ptr error) {
  keep(std::move(error));
  loop().push(static_cast<Node&>(*this));
}

void TaskState::check_new() const {
  if (is_linked_ || is_started_ || is_done()) throw RuntimeError("the task was started before");
}

void TaskState::schedule() {
  loop().check_call();
  loop().push(static_cast<Node&>(*this));
  loop().link(*this);
}

void TaskState::start_eagerly() {
  if (!loop().is_running()) return schedule();
  if (context_) enter_context(*context_);
  loop().link(*this);
  const Running running(*this);
  run_and_handle_result();
}

// It waits no more: returns for what it has, unless it slept or only gave way.
inline FutureState* TaskState::end_of_waiting() noexcept {
  if (!is_sleeping_) return waits_for_ ? std::exchange(waits_for_, nullptr) : nullptr;
  is_sleeping_ = false;
  waits_for_ = nullptr;
  return nullptr;
}

void TaskState::run() {
  if (context_ && !can_enter()) return;
  FutureState* const done = end_of_waiting();
  if (done && !done->has_value()) [[unlikely]]
    if (std::exception_ptr failure = done->failure()) keep(std::move(failure));
  if (must_cancel_) [[unlikely]] {
    if (!rare().thrown || !is<CancelledError>(rare().thrown))
      rare().thrown = make_cancelled_error();
    must_cancel_ = false;
  }
  const Running running(*this);
  if (done && done->looks_again() && waits_again_for(*done)) return;
  run_and_handle_result();
}

// What it would do by itself, were there a coroutine around the future.
bool TaskState::waits_again_for(FutureState& done) {
  if ((rare_ && rare_->thrown) || !done.waits_again()) return false;
  done.add_callback(static_cast<Node&>(*this));
  waits_for_ = &done;
  return true;
}

// False: somebody runs in its context. CPython's task has lost its turn for ever then; this one
// fails.
bool TaskState::can_enter() {
  try {
    enter_context(*context_);
    return true;
  } catch (const RuntimeError&) {
    fail_outside(std::current_exception());
    return false;
  }
}

// Without running any more.
void TaskState::fail_outside(std::exception_ptr error) {
  const StateHandle kept = StateHandle::share(*this);
  end_life();
  fail(error);
  forget_exception();  // it is told here
  finish();
  loop().unlink(*this);
  const std::string text = ops_.describe(*this);
  loop().report({.message = "Exception in callback " + text,
                 .exception = std::move(error),
                 .more = {{"handle", "<Handle " + text + ">"}}});
}

inline void TaskState::run_and_handle_result() {
  if (!is_started_ && rare_ && rare_->thrown) [[unlikely]] {  // into a coroutine that has not begun
    drop_frame();
    return end_by_exception(std::exchange(rare_->thrown, nullptr));
  }
  if (!is_started_) is_started_ = true;
  going_ = Going::on;
  do onward_.resume();
  while (going_ == Going::on);
  if (going_ == Going::ended) end();
}

void TaskState::end() {
  std::exception_ptr error = rare_ ? std::exchange(rare_->thrown, nullptr) : nullptr;
  if (!error && !must_cancel_) {
    try {
      take_value();
    } catch (...) {
      error = std::current_exception();
    }
  }
  drop_frame();
  if (error) return end_by_exception(std::move(error));
  if (!must_cancel_) return finish();
  must_cancel_ = false;  // cancelled right before it returned
  const std::string message = cancel_message() ? *cancel_message() : "";
  cancel_future(message.empty() ? nullptr : &message);
}

void TaskState::end_by_exception(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    rare().error = std::move(error);
    cancel_future(nullptr);
  } catch (const KeyboardInterrupt&) {
    fail(std::move(error));
    finish();
    throw;
  } catch (const SystemExit&) {
    fail(std::move(error));
    finish();
    throw;
  } catch (...) {
    fail(std::move(error));
    finish();
  }
}

// The innermost first, which may refer to what is in those that await it; and one by one, as they
// may be many.
void TaskState::drop_frame() noexcept {
  while (const std::coroutine_handle<> parent = PromiseBase::of(onward_).parent)
    std::exchange(onward_, parent).destroy();
  destroy_frame();
  promise_ = nullptr;
}

// The loop and its tasks.

void LoopState::link(TaskState& task) noexcept {
  task.hold();
  task.is_linked_ = true;
  task.previous_task_ = nullptr;
  task.next_task_ = tasks_;
  if (tasks_) tasks_->previous_task_ = &task;
  tasks_ = &task;
}

void LoopState::unlink(TaskState& task) noexcept {
  if (!task.is_linked_) return;
  task.is_linked_ = false;
  (task.previous_task_ ? task.previous_task_->next_task_ : tasks_) = task.next_task_;
  if (task.next_task_) task.next_task_->previous_task_ = task.previous_task_;
  task.drop();
}

std::vector<AnyTask> LoopState::tasks() const {
  std::vector<AnyTask> tasks;
  for (TaskState* task = tasks_; task; task = task->next_task_)
    if (!task->is_done()) tasks.push_back(Access::share<AnyTask>(*task));
  return {tasks.rbegin(), tasks.rend()};
}

void LoopState::drop_tasks() noexcept {
  while (tasks_) {
    // Who else refers to it may do so from its own frame, or from that of a task it waits for.
    if (!tasks_->has_one_reference()) tasks_->end_life();
    unlink(*tasks_);
  }
}

namespace {

// A task of a closed loop is as if it had never been.
void check_open(TaskState& task) {
  if (!task.loop().is_closed()) [[likely]]
    return;
  task.forget_destroy_pending();
  LoopState::throw_closed();
}

void start(TaskState& task) {
  LoopState& loop = task.loop();
  if (!loop.task_factory) [[likely]]
    return task.schedule();
  try {
    loop.task_factory(loop_of(loop), NewTask(task));
  } catch (...) {
    task.forget_destroy_pending();
    throw;
  }
}

}  // namespace

void begin_task(TaskState& task) {
  check_open(task);
  task.set_number(count_up(tasks_made));
  task.set_context(copy_current_context());
  start(task);
}

void begin_task(TaskState& task, std::string name,
                const std::optional<contextvars::Context>& context) {
  check_open(task);
  if (name.empty())
    task.set_number(count_up(tasks_made));
  else
    task.set_name(std::move(name));
  task.set_context(chosen_context(context));
  start(task);
}

TaskState* current_task_state() noexcept {
  const LoopState* const loop = running_loop_or_null();
  return loop ? loop->current_task : nullptr;
}

void check_loop(const FutureState& future, const EventLoop& loop) {
  if (&future.loop() != &state_of(loop))
    throw ValueError(
        "The future belongs to a different loop than the one specified as the loop argument");
}

}  // namespace detail

namespace {

std::optional<AnyTask> current_task_of(const detail::LoopState& loop) {
  if (!loop.current_task) return {};
  return detail::Access::share<AnyTask>(*loop.current_task);
}

}  // namespace

std::optional<AnyTask> current_task() { return current_task_of(detail::running_loop()); }
std::optional<AnyTask> current_task(const EventLoop& loop) {
  return current_task_of(detail::state_of(loop));
}
std::vector<AnyTask> all_tasks() { return detail::running_loop().tasks(); }
std::vector<AnyTask> all_tasks(const EventLoop& loop) { return detail::state_of(loop).tasks(); }

void NewTask::schedule() const {
  task_.check_new();
  task_.schedule();
}
void NewTask::start_eagerly() const {
  task_.check_new();
  task_.start_eagerly();
}
AnyTask NewTask::task() const { return detail::Access::share<AnyTask>(task_); }

void eager_task_factory(const EventLoop&, const NewTask& task) { task.start_eagerly(); }

}  // namespace tandem::inline v1::asyncio
