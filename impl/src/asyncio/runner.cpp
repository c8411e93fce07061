#include "tandem/asyncio/runner.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "asyncio/loop_state.hpp"
#include "platform/signals.hpp"
#include "platform/thread.hpp"
#include "tandem/asyncio/gather.hpp"
#include "tandem/core/log.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

void check_no_running_loop() {
  if (running_loop_or_null())
    throw RuntimeError("asyncio.run() cannot be called from a running event loop");
}

namespace {

constexpr std::chrono::seconds thread_join_timeout{300};  // CPython's

void cancel_all_tasks(const EventLoop& loop) {
  const std::vector<AnyTask> tasks = all_tasks(loop);
  if (tasks.empty()) return;
  for (const AnyTask& task : tasks) task.cancel();
  loop.run_until_complete(gather(return_exceptions, tasks));
  for (const AnyTask& task : tasks) {
    if (task.cancelled()) continue;
    if (const auto error = task.exception())
      loop.call_exception_handler({.message = "unhandled exception during asyncio.run() shutdown",
                                   .exception = error,
                                   .task = task});
  }
}

// CPython's loop has asynchronous generators to shut down. There are none in C++, but what is ready
// then gets as many turns.
Coroutine<> shutdown_asyncgens() { co_return; }

// While it lives, Ctrl-C is for the task; if that was for nobody else.
class Interrupts {
 public:
  Interrupts(LoopState& loop, TaskState& main) noexcept : loop_(loop) {
    loop.forget_interrupts();
    const int signal = platform::interrupt_signal();
    is_ours_ = platform::is_main_thread() && platform::has_default_action(signal) &&
               platform::note_signal(signal) == 0;
    if (is_ours_) loop_.interrupt(&main);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts() { end(); }

  // True: one came that the loop has not seen any more.
  bool end() noexcept {
    if (!std::exchange(is_ours_, false)) return false;
    const int signal = platform::interrupt_signal();
    // The program may have taken the signal for itself meanwhile: then it is left alone.
    if (!loop_.interrupt(nullptr) || !platform::is_noted(signal)) return false;
    platform::restore_default_action(signal);
    return platform::take_signals(platform::bit_of(signal)) != 0;
  }

 private:
  LoopState& loop_;
  bool is_ours_;
};

}  // namespace

}  // namespace detail

Runner::Runner(RunOptions options) : options_(std::move(options)) {}

Runner::~Runner() {
  try {
    close();
  } catch (...) {
    detail::log("exception ignored in Runner.close()\n" +
                detail::exception_text(std::current_exception()));
  }
}

void Runner::initialize() {
  if (state_ == State::closed) throw RuntimeError("Runner is closed");
  if (state_ == State::initialized) return;
  if (options_.loop_factory) {
    loop_ = options_.loop_factory();
  } else {
    loop_ = new_event_loop();
    asyncio::set_event_loop(loop_);
    set_event_loop_ = true;
  }
  if (options_.debug) loop_->set_debug(*options_.debug);
  context_ = contextvars::copy_context();
  state_ = State::initialized;
}

void Runner::prepare() {
  if (detail::running_loop_or_null())
    throw RuntimeError("Runner.run() cannot be called from a running event loop");
  initialize();
}

EventLoop Runner::get_loop() {
  initialize();
  return *loop_;
}

void Runner::run_task(const AnyTask& task) {
  detail::LoopState& loop = detail::state_of(*loop_);
  auto& main = static_cast<detail::TaskState&>(detail::Access::state(task));
  detail::Interrupts interrupts(loop, main);
  loop.run_until_done(task, false);
  const bool is_cancelled_by_it =
      main.is_cancelled() && loop.interrupts() > 0 && main.uncancel() == 0;
  if (interrupts.end() || is_cancelled_by_it) throw KeyboardInterrupt();
}

void Runner::close() {
  if (state_ != State::initialized) return;
  std::exception_ptr error;
  try {
    detail::cancel_all_tasks(*loop_);
    loop_->run_until_complete(detail::shutdown_asyncgens());
    loop_->run_until_complete(loop_->shutdown_default_executor(detail::thread_join_timeout));
  } catch (...) {
    error = std::current_exception();
  }
  if (set_event_loop_) asyncio::set_event_loop({});
  loop_->close();  // throws while it runs, and then nothing is closed
  loop_.reset();
  state_ = State::closed;
  if (error) std::rethrow_exception(error);
}

}  // namespace tandem::inline v1::asyncio
