#include "tandem/asyncio/event_loop.hpp"

#include <ostream>
#include <utility>

#include "asyncio/guarded.hpp"
#include "asyncio/loop_state.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/threading/local.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

// Calls.

const NodeOps CallbackState::ops_{
    [](Node& node) { static_cast<CallbackState&>(node).run(); },
    [](Node& node) noexcept { static_cast<CallbackState&>(node).drop(); }, nullptr,
    [](const Node& node) { return static_cast<const CallbackState&>(node).name() + "()"; }};

CallbackState::CallbackState(LoopState& loop, ContextState* context) noexcept
    : Timer(ops_), loop_(&loop), context_(context) {
  loop.hold();
}

CallbackState::~CallbackState() { loop_->drop(); }

void CallbackState::hold() noexcept {
  references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: made from another
}

void CallbackState::drop() noexcept {
  // acquire pairs with the acq_rel: whoever comes last sees the ends of all other uses.
  if (references_.load(std::memory_order_acquire) == 1 ||
      references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    destroy();
}

void CallbackState::cancel() noexcept {
  if (std::exchange(cancelled, true)) return;
  if (scheduled) loop_->note_cancelled_timer();
  if (!is_running_) clear();
}

void CallbackState::run() {
  const CallbackHandle owner(this);  // the queue's reference
  is_queued_ = false;
  if (cancelled) return;
  struct Running {
    CallbackState& callback;
    ~Running() {
      callback.is_running_ = false;
      if (!callback.is_lasting_ || callback.cancelled) callback.clear();
    }
  } const running{*this};
  is_running_ = true;
  const auto error = guarded([this] {
    const ContextScope scope(context_.place());
    call();
  });
  if (error)
    loop_->report({.message = "Exception in callback " + name() + "()",
                   .exception = error,
                   .handle = Handle(owner)});
}

std::string CallbackState::to_string() const {
  std::string text = is_timer_ ? "<TimerHandle" : "<Handle";
  if (cancelled) text += " cancelled";
  if (is_timer_) text += " when=" + float_repr(when_);
  if (!cancelled) text += " " + name() + "()";
  return text + ">";
}

contextvars::Context CallbackState::context() {
  ContextState& made = made_context(context_.place());
  hold_context(made);
  return contextvars::Context(ContextHandle(&made));
}

// Handles.

void hold_loop(LoopState& loop) noexcept { loop.hold_handle(); }
void drop_loop(LoopState& loop) noexcept { loop.drop_handle(); }
EventLoop loop_of(LoopState& loop) noexcept { return EventLoop(loop); }
LoopState& state_of(const EventLoop& loop) { return *loop.state_; }
EventLoop virtual_time_loop() { return loop_of(*LoopState::make(true)); }

// The loops of a thread.

namespace {

// What set_event_loop() has set.
struct Chosen {
  std::optional<EventLoop> loop;
};
threading::local<Chosen>& chosen() {
  static auto& forever = *new threading::local<Chosen>;  // never destroyed: threads outlive statics
  return forever;
}
[[maybe_unused]] const auto& chosen_at_start = chosen();
const ForkReset forget_in_child{ForkStage::users, [] { chosen()->loop.reset(); }};

}  // namespace

LoopState* running_loop_or_null() noexcept { return running_in_thread; }

LoopState& running_loop() {
  if (!running_in_thread) [[unlikely]]
    throw RuntimeError("no running event loop");
  return *running_in_thread;
}

LoopState& current_event_loop() {
  if (running_in_thread) return *running_in_thread;
  if (const auto& loop = chosen()->loop) return state_of(*loop);
  throw RuntimeError("There is no current event loop in thread " +
                     string_repr(threading::current_thread().name()) + ".");
}

// Executors.

std::exception_ptr converted(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const futures::CancelledError& cancelled) {
    return std::make_exception_ptr(CancelledError(cancelled.what()));
  } catch (const futures::InvalidStateError& invalid) {
    return std::make_exception_ptr(InvalidStateError(invalid.what()));
  } catch (...) {
    return error;
  }
}

namespace {

void shut_down(const std::shared_ptr<futures::ThreadPoolExecutor>& executor, const EventLoop& loop,
               const Future<>& ended) {
  executor->shutdown({.wait = true});
  if (loop.is_closed()) return;
  try {
    loop.call_soon_threadsafe([ended] {
      if (!ended.done()) ended.set_result();
    });
  } catch (const RuntimeError&) {
    // It was closed meanwhile.
  }
}

Coroutine<> shut_down_executor(EventLoop loop, Timeout timeout) {
  LoopState& state = state_of(loop);
  state.executor_is_shut_down = true;
  const auto executor = state.executor;
  if (!executor) co_return;
  const Future<> ended(loop);
  const threading::Thread thread(shut_down, executor, loop, ended);
  thread.start();
  std::optional<TimerHandle> timer;
  if (!timeout.is_forever() && !timeout.is_too_large() && !state.is_virtual())
    timer = loop.call_later(timeout.limit(), [ended] {
      if (!ended.done()) ended.set_exception(TimeoutError());
    });
  bool is_late = false;
  try {
    co_await ended;
  } catch (const TimeoutError&) {
    is_late = true;
  }
  if (timer) timer->cancel();
  if (!is_late) {
    thread.join();
    if (state.executor == executor) state.executor = nullptr;  // nothing of it is left
    co_return;
  }
  const double seconds = std::chrono::duration<double>(timeout.limit()).count();
  log("RuntimeWarning: The executor did not finishing joining its threads within " +
      float_repr(seconds) + " seconds.");
  executor->shutdown({.wait = false});
}

}  // namespace

}  // namespace detail

std::string to_string(const Handle& handle) { return handle.state_->to_string(); }
std::ostream& operator<<(std::ostream& out, const Handle& handle) {
  return out << to_string(handle);
}

// The loop.

void EventLoop::run_forever() const { state_->run_forever(); }
void EventLoop::stop() const noexcept { state_->stop(); }
bool EventLoop::is_running() const noexcept { return state_->is_running(); }
bool EventLoop::is_closed() const noexcept { return state_->is_closed(); }
void EventLoop::close() const { state_->close(); }
void EventLoop::check_open() const { state_->check_open(); }
void EventLoop::check_runnable() const { state_->check_runnable(); }
void EventLoop::run_until_done(const AnyFuture& future, bool is_new_task) const {
  state_->run_until_done(future, is_new_task);
}
std::chrono::duration<double> EventLoop::time() const {
  return std::chrono::duration<double>(state_->time());
}

namespace {

// What a queue or a heap is given.
detail::CallbackState& shared(const detail::CallbackHandle& callback) noexcept {
  callback->hold();
  return *callback.get();
}

}  // namespace

void EventLoop::schedule(const detail::CallbackHandle& callback) const {
  state_->check_call();
  state_->push(shared(callback));
}
void EventLoop::schedule_threadsafe(const detail::CallbackHandle& callback) const {
  state_->check_open();
  detail::CallbackState& given = shared(callback);
  if (state_->push_threadsafe(given)) return;
  given.drop();
  state_->throw_closed();
}
void EventLoop::schedule_at(double when, const detail::CallbackHandle& callback) const {
  state_->check_call();
  callback->make_timer(when);
  state_->push_at(when, *callback.get());
  callback->hold();
}

void EventLoop::watch(int fd, bool for_writing, detail::CallbackHandle callback) const {
  state_->watch(fd, for_writing, std::move(callback));
}
bool EventLoop::unwatch(int fd, bool for_writing) const { return state_->unwatch(fd, for_writing); }
void EventLoop::handle_signal(int signal, detail::CallbackHandle callback) const {
  state_->handle_signal(signal, std::move(callback));
}
bool EventLoop::remove_signal_handler(int signal) const { return state_->restore_signal(signal); }

void EventLoop::set_task_factory(TaskFactory factory) const {
  state_->task_factory = std::move(factory);
}
TaskFactory EventLoop::get_task_factory() const { return state_->task_factory; }

futures::ThreadPoolExecutor& EventLoop::default_executor() const {
  state_->check_open();
  if (state_->executor_is_shut_down) throw RuntimeError("Executor shutdown has been called");
  if (!state_->executor)
    state_->executor = std::make_shared<futures::ThreadPoolExecutor>(
        futures::ThreadPoolExecutorOptions{.thread_name_prefix = "asyncio"});
  return *state_->executor;
}
void EventLoop::set_default_executor(std::shared_ptr<futures::ThreadPoolExecutor> executor) const {
  if (!executor) throw TypeError("executor must be ThreadPoolExecutor instance");
  state_->executor = std::move(executor);
}
Coroutine<> EventLoop::shutdown_default_executor(Timeout timeout) const {
  return detail::shut_down_executor(*this, timeout);
}

void EventLoop::set_exception_handler(ExceptionHandler handler) const {
  state_->exception_handler = std::move(handler);
}
ExceptionHandler EventLoop::get_exception_handler() const { return state_->exception_handler; }
void EventLoop::default_exception_handler(const ExceptionContext& context) const {
  state_->report_by_default(context);
}
void EventLoop::call_exception_handler(const ExceptionContext& context) const {
  state_->report(context);
}

bool EventLoop::get_debug() const noexcept { return state_->debug; }
void EventLoop::set_debug(bool enabled) const noexcept { state_->debug = enabled; }
std::chrono::duration<double> EventLoop::slow_callback_duration() const noexcept {
  return std::chrono::duration<double>(state_->slow_callback_duration);
}
void EventLoop::slow_callback_duration(std::chrono::duration<double> duration) const noexcept {
  state_->slow_callback_duration = duration.count();
}

std::string to_string(const EventLoop& loop) { return detail::state_of(loop).to_string(); }
std::ostream& operator<<(std::ostream& out, const EventLoop& loop) {
  return out << to_string(loop);
}

EventLoop get_running_loop() { return detail::loop_of(detail::running_loop()); }
EventLoop get_event_loop() { return detail::loop_of(detail::current_event_loop()); }
void set_event_loop(std::optional<EventLoop> loop) { detail::chosen()->loop = std::move(loop); }
EventLoop new_event_loop() { return detail::loop_of(*detail::LoopState::make(false)); }

}  // namespace tandem::inline v1::asyncio
