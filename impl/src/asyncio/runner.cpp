#include "tandem/asyncio/runner.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "asyncio/loop_state.hpp"
#include "platform/signals.hpp"
#include "platform/thread.hpp"
#include "tandem/core/log.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

void check_no_running_loop() {
  if (running_loop_or_null())
    throw RuntimeError("asyncio.run() cannot be called from a running event loop");
}

namespace {

constexpr std::chrono::seconds thread_join_timeout{300};  // CPython's

// As gather(*tasks, return_exceptions=True).
Future<> all_done(const EventLoop& loop, const std::vector<AnyTask>& tasks) {
  Future<> outer(loop);
  auto left = std::make_shared<std::size_t>(tasks.size());
  for (const AnyTask& task : tasks)
    task.add_done_callback([outer, left](const AnyFuture&) {
      if (--*left == 0 && !outer.done()) outer.set_result();
    });
  return outer;
}

void cancel_all_tasks(const EventLoop& loop) {
  const std::vector<AnyTask> tasks = all_tasks(loop);
  if (tasks.empty()) return;
  for (const AnyTask& task : tasks) task.cancel();
  loop.run_until_complete(all_done(loop, tasks));
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
  ~Interrupts() {
    if (!is_ours_) return;
    loop_.interrupt(nullptr);
    platform::restore_default_action(platform::interrupt_signal());
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
  const detail::Interrupts interrupts(loop, main);
  loop.run_until_done(task, false);
  if (main.is_cancelled() && loop.interrupts() > 0 && main.uncancel() == 0)
    throw KeyboardInterrupt();
}

void Runner::close() {
  if (state_ != State::initialized) return;
  struct End {
    Runner& runner;
    ~End() {
      if (runner.set_event_loop_) asyncio::set_event_loop({});
      const EventLoop loop = *std::exchange(runner.loop_, std::nullopt);
      runner.state_ = State::closed;
      loop.close();
    }
  } const end{*this};
  detail::cancel_all_tasks(*loop_);
  loop_->run_until_complete(detail::shutdown_asyncgens());
  loop_->run_until_complete(loop_->shutdown_default_executor(detail::thread_join_timeout));
}

}  // namespace tandem::inline v1::asyncio
