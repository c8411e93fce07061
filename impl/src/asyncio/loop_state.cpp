#include "asyncio/loop_state.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "asyncio/guarded.hpp"
#include "platform/signals.hpp"
#include "platform/thread.hpp"
#include "tandem/core/exception_group.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/threading/detail/this_thread.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::asyncio::detail {

constinit thread_local LoopState* running_in_thread = nullptr;

namespace {

[[maybe_unused]] const bool loop_of_each_thread = seam::thread_word(running_in_thread);

// In a child nothing runs: the loop of the thread that forked goes on in the parent.
const ForkReset stop_in_child{ForkStage::executors, [] {
                                running_in_thread = nullptr;
                                platform::wake_on_signals(-1);
                                platform::note_none();
                              }};

// CPython's numbers: how many timers have to be cancelled before they are taken out of the heap,
// how long a sleep is at most, how exact the clock is; all but the first in seconds.
constexpr std::size_t few_timers = 100;
constexpr double longest_sleep = 24 * 3600, clock_resolution = 1e-9;

// Stands in the inbox of a closed loop, so that nobody can leave anything there.
const NodeOps never_run{};
constinit Node no_more(never_run);

}  // namespace

// Its life.

LoopState* LoopState::make(bool is_virtual) { return new LoopState(is_virtual); }

LoopState::LoopState(bool is_virtual) : is_virtual_(is_virtual) {}

LoopState::~LoopState() = default;

void LoopState::hold_handle() noexcept {
  // relaxed: made from another handle, or by whoever has a future.
  if (handles_.fetch_add(1, std::memory_order_relaxed) == 0) hold();
}

void LoopState::drop_handle() noexcept {
  // acq_rel pairs with itself: whoever drops the last handle sees what was done by the others.
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (!is_closed() && !is_running()) {
    log("ResourceWarning: unclosed event loop " + to_string());
    handles_.fetch_add(1, std::memory_order_relaxed);  // relaxed: for those who are told meanwhile
    close();
    // acq_rel pairs with itself, as above.
    if (handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  }
  drop();
}

void LoopState::hold_slowly() noexcept {
  constexpr std::uint64_t stock = 1024;
  if (running_in_thread != this) {
    references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: made from another
    return;
  }
  references_.fetch_add(stock, std::memory_order_relaxed);  // relaxed: the same
  stock_ += stock - 1;
}

void LoopState::drop_slowly() noexcept {
  // acq_rel pairs with itself: whoever comes last sees the ends of all other uses.
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

// The ready queue.

bool LoopState::push_threadsafe(Node& node) noexcept {
  if (running_in_thread == this) {
    push(node);
    return true;
  }
  Node* newest = inbox_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  do {
    if (newest == &no_more) return false;
    node.next = newest;
    // seq_cst, as all of sleeping_ and inbox_ in sleep(): either the sleeper sees the node, or we
    // see that it sleeps. Its release pairs with the acquires in push() and take_inbox().
  } while (!inbox_.compare_exchange_weak(newest, &node));
  if (sleeping_.load()) wake();
  return true;
}

// It may be closed meanwhile, and its number another file's. seq_cst, as in may_be_woken(): either
// that sees us, or we see that it sleeps no more.
void LoopState::wake() noexcept {
  wakers_.fetch_add(1);
  if (sleeping_.load()) selector_.wake();
  wakers_.fetch_sub(1);
}

bool LoopState::may_be_woken() noexcept {
  sleeping_.store(false);
  return signal_set_ != 0 || wakers_.load() > 0 || platform::is_noting();
}

void LoopState::take_inbox(Node* successor) noexcept {
  // relaxed: whoever closes it is the only one to put that there.
  if (inbox_.load(std::memory_order_relaxed) == &no_more) return;
  // acquire pairs with the release in push_threadsafe().
  Node* newest = inbox_.exchange(successor, std::memory_order_acquire);
  Node* oldest = nullptr;
  while (newest) {
    Node* const next = newest->next;
    newest->next = std::exchange(oldest, newest);
    newest = next;
  }
  while (oldest) append(*std::exchange(oldest, oldest->next));
}

void LoopState::throw_closed() { throw RuntimeError("Event loop is closed"); }

void LoopState::check_thread() const {
  const std::uint64_t thread = thread_.load(std::memory_order_relaxed);  // relaxed: ours or not
  if (thread != 0 && thread != get_this_thread_ident())
    throw RuntimeError(
        "Non-thread-safe operation invoked on an event loop other than the current one");
}

void LoopState::push_at(double when, Timer& timer) {
  // What is no time has come, as far as CPython can tell; in a heap it would be out of order.
  timers_.push(std::isnan(when) ? -std::numeric_limits<double>::infinity() : when, timer);
  timer.scheduled = true;
}

double LoopState::time() const noexcept {
  if (is_virtual_) return now_;
  return std::chrono::duration<double>(seam::clock::now().time_since_epoch()).count();
}

// The loop.

void LoopState::check_runnable() const {
  check_open();
  if (is_running()) throw RuntimeError("This event loop is already running");
  if (running_in_thread)
    throw RuntimeError("Cannot run the event loop while another loop is running");
}

// While it lives, the loop runs in this thread.
class LoopState::Run {
 public:
  explicit Run(LoopState& loop) : loop_(loop) {
    if (loop_.signal_set_ != 0) loop_.wake_on_signals();  // throws while nothing has changed
    loop_.hold_handle();
    loop_.thread_.store(get_this_thread_ident(), std::memory_order_relaxed);  // relaxed: a hint
    loop_.context_place_ = &v1::detail::context_place;
    running_in_thread = &loop_;
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    loop_.stopping_.store(false, std::memory_order_relaxed);  // relaxed: as in stop()
    loop_.thread_.store(0, std::memory_order_relaxed);        // relaxed: a hint
    running_in_thread = nullptr;
    loop_.references_.fetch_sub(std::exchange(loop_.stock_, 0),
                                std::memory_order_relaxed);  // relaxed: never the last one
    loop_.drop_handle();  // the last one, when the program has dropped its own meanwhile
  }

 private:
  LoopState& loop_;
};

void LoopState::run_forever() {
  check_runnable();
  const Run run(*this);
  do run_once();
  while (!stopping_.load(std::memory_order_relaxed));  // relaxed: as in stop()
}

namespace {

bool ends_the_loop(const std::exception_ptr& error) {
  return is<KeyboardInterrupt>(error) || is<SystemExit>(error);
}

void stop_when_done(const AnyFuture& future) {
  if (!future.cancelled())
    if (const auto error = future.exception(); error && ends_the_loop(error))
      return;  // run_forever() throws it
  Access::state(future).loop().stop();
}

}  // namespace

void LoopState::run_until_done(const AnyFuture& future, bool is_new_task) {
  check_runnable();
  FutureState& state = Access::state(future);
  if (&state.loop() != this)
    throw ValueError(
        "The future belongs to a different loop than the one specified as the loop argument");
  if (is_new_task) state.as_task()->forget_destroy_pending();
  const CallbackToken token = future.add_done_callback(stop_when_done);
  try {
    run_forever();
  } catch (...) {
    if (is_new_task && state.is_done() && !state.is_cancelled()) state.forget_exception();
    future.remove_done_callback(token);
    throw;
  }
  future.remove_done_callback(token);
  if (!state.is_done()) throw RuntimeError("Event loop stopped before Future completed.");
}

void LoopState::run_once() {
  drop_cancelled_timers();
  if (!first_ || watched_ > 0) poll();
  if (signal_set_ != 0 && (platform::noted_signals() & signal_set_) != 0) look_at_signals();
  take_due_timers();
  run_ready();
}

namespace {

// Of the heap, and never run.
void take_out(Timer& timer) noexcept {
  timer.scheduled = false;
  timer.ops->drop(timer);
}

}  // namespace

void LoopState::drop_cancelled_timers() {
  if (cancelled_timers_ == 0) [[likely]]
    return;
  if (timers_.size() > few_timers && 2 * cancelled_timers_ > timers_.size()) {
    timers_.remove_if([&](Timer& timer) {
      const bool is_cancelled = timer.cancelled;
      if (is_cancelled) take_out(timer);
      return is_cancelled;
    });
    cancelled_timers_ = 0;
    return;
  }
  while (!timers_.is_empty() && timers_.first().cancelled) {
    --cancelled_timers_;
    take_out(timers_.pop());
  }
}

// Zero: only to look. Negative: for ever.
double LoopState::timeout() const noexcept {
  // relaxed: what comes later wakes us; as in stop().
  if (first_ || inbox_.load(std::memory_order_relaxed) || stopping_.load(std::memory_order_relaxed))
    return 0;
  if (timers_.is_empty()) return -1;
  const double left = timers_.first_time() - time();
  return left < 0 ? 0 : std::min(left, longest_sleep);
}

void LoopState::poll() {
  const double seconds = timeout();
  if (is_virtual_ && seconds > 0) {
    if (watched_ > 0) select(0);
    // relaxed: stale is late, as another thread's call may be anyway.
    if (!first_ && !inbox_.load(std::memory_order_relaxed)) now_ = timers_.first_time();
  } else if (seconds != 0) {
    sleep(seconds);
  } else if (watched_ > 0) {
    select(0);
  }
}

void LoopState::open_selector() {
  if (const int error = selector_.open()) throw_os_error(error);
}

void LoopState::sleep(double seconds) {
  open_selector();
  // In whole milliseconds, rounded up: timers that are near each other are met together.
  const int milliseconds = seconds < 0 ? -1 : static_cast<int>(std::ceil(seconds * 1e3));
  sleeping_.store(true);  // seq_cst: see push_threadsafe()
  const bool has_work = inbox_.load() != nullptr;
  select(has_work ? 0 : milliseconds);
  sleeping_.store(false, std::memory_order_relaxed);  // relaxed: to wake us once more does no harm
}

void LoopState::select(int milliseconds) {
  open_selector();
  if (events_.size() <= watched_) events_.resize(watched_ + 1);
  std::size_t count = 0;
  if (const int error = selector_.select(milliseconds, events_, count)) throw_os_error(error);
  // What other threads have called meanwhile came first. acquire pairs with the release in
  // push_threadsafe().
  if (inbox_.load(std::memory_order_acquire)) take_inbox();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& event = events_[i];
    Watcher& watcher = watchers_[static_cast<std::size_t>(event.handle)];
    if (event.readable && watcher.reader) schedule_lasting(watcher.reader);
    if (event.writable && watcher.writer) schedule_lasting(watcher.writer);
  }
}

void LoopState::take_due_timers() {
  if (timers_.is_empty()) return;
  const double end = time() + clock_resolution;
  while (!timers_.is_empty() && timers_.first_time() < end) {
    Timer& timer = timers_.pop();
    timer.scheduled = false;
    push(timer);
  }
}

// The next node is here already: brings what it will touch, and the one behind it.
inline void LoopState::fetch_ahead(const Node& next) noexcept {
  if (const Node* const then = next.next) {
    __builtin_prefetch(then);
    __builtin_prefetch(reinterpret_cast<const std::byte*>(then) + 64);
    __builtin_prefetch(reinterpret_cast<const std::byte*>(then) - 64);
  }
  if (next.ops == &TaskState::ops_)
    __builtin_prefetch(static_cast<const TaskState&>(next).onward_.address());
}

void LoopState::run_ready() {
  // acquire pairs with the release in push_threadsafe().
  if (inbox_.load(std::memory_order_acquire)) take_inbox();
  const Node* const last = last_;  // what comes now has to wait for the next turn
  if (!last) return;
  for (bool is_last = false; !is_last;) {
    Node& node = take_first();
    if (first_) fetch_ahead(*first_);
    is_last = &node == last;
    if (debug) [[unlikely]]
      run_watched(node);
    else
      node.ops->run(node);
  }
}

void LoopState::run_watched(Node& node) {
  CallbackHandle callback;
  StateHandle task;
  if (node.ops == &CallbackState::ops_) {
    static_cast<CallbackState&>(node).hold();
    callback = CallbackHandle(static_cast<CallbackState*>(&node));
  } else if (node.ops == &TaskState::ops_) {
    task = StateHandle::share(static_cast<TaskState&>(node));
  }
  std::string text;
  if (callback)
    text = callback->to_string();
  else if (!task.get())
    text = "<Handle " + node.ops->describe(node) + ">";
  const double begin = time();
  node.ops->run(node);
  const double took = time() - begin;
  if (took < slow_callback_duration) return;
  std::array<char, 32> number;
  std::snprintf(number.data(), number.size(), "%.3f", took);
  log("Executing " + (task.get() ? task->to_string() : text) + " took " + number.data() +
      " seconds");
}

void LoopState::drop_queues() noexcept {
  take_inbox(&no_more);
  while (first_) {
    Node& node = take_first();
    node.ops->drop(node);
  }
  timers_.clear(take_out);
  cancelled_timers_ = 0;
}

namespace {

// Its destructor waits for what it still runs, as close() does not: another thread may.
void let_go(std::shared_ptr<futures::ThreadPoolExecutor> executor) {
  executor->shutdown({.wait = false});
  if (executor.use_count() > 1) return;
  try {
    threading::Thread([](const auto&) {}, std::move(executor)).start();
  } catch (const RuntimeError&) {
    // No thread can be started: so it is waited for.
  }
}

}  // namespace

void LoopState::close() {
  if (is_running()) throw RuntimeError("Cannot close a running event loop");
  // relaxed: the loop's thread is the only one that has to know.
  if (closed_.exchange(true, std::memory_order_relaxed)) return;
  tear_down(1);
  while (!signals_.empty()) restore_signal(signals_.begin()->first);
  drop_queues();
  for (auto& watcher : std::exchange(watchers_, {})) {
    if (watcher.reader) watcher.reader->cancel();
    if (watcher.writer) watcher.writer->cancel();
  }
  watched_ = 0;
  executor_is_shut_down = true;
  if (executor) let_go(std::exchange(executor, nullptr));
  drop_tasks();
  resources.let_go();
  selector_.close(may_be_woken());
  tear_down(-1);
}

// Files.

void LoopState::schedule_lasting(const CallbackHandle& callback) noexcept {
  CallbackState& state = *callback.get();
  if (state.is_queued_) return;
  state.is_queued_ = true;
  state.hold();
  append(state);
}

void LoopState::watch(int fd, bool for_writing, CallbackHandle callback) {
  check_open();
  if (fd < 0) throw ValueError("Invalid file descriptor: " + std::to_string(fd));
  open_selector();
  const auto at = static_cast<std::size_t>(fd);
  if (watchers_.size() <= at) watchers_.resize(std::max(at + 1, 2 * watchers_.size()));
  Watcher& watcher = watchers_[at];
  const auto before = watcher.interest();
  auto now = before;
  (for_writing ? now.writing : now.reading) = true;
  const int error = selector_.watch(fd, before, now);
  if (error == ENOENT && !before.is_none()) {
    forget(watcher);
    return watch(fd, for_writing, std::move(callback));
  }
  if (error != 0) throw_os_error(error);
  if (before.is_none()) ++watched_;
  callback->is_lasting_ = true;
  std::swap(for_writing ? watcher.writer : watcher.reader, callback);
  if (callback) callback->cancel();
}

bool LoopState::unwatch(int fd, bool for_writing) {
  const auto at = static_cast<std::size_t>(fd);
  if (is_closed() || fd < 0 || at >= watchers_.size()) return false;
  Watcher& watcher = watchers_[at];
  const auto before = watcher.interest();
  const CallbackHandle callback =
      std::exchange(for_writing ? watcher.writer : watcher.reader, CallbackHandle());
  if (!callback) return false;
  const auto now = watcher.interest();
  const int error = selector_.watch(fd, before, now);
  if (now.is_none())
    --watched_;
  else if (error == ENOENT || error == EBADF)
    forget(watcher);
  else if (error != 0)
    throw_os_error(error);
  callback->cancel();
  return true;
}

// Its file has been closed, and perhaps another one has its number: the system knows nothing of it.
void LoopState::forget(Watcher& watcher) {
  const Watcher gone = std::exchange(watcher, {});
  --watched_;
  if (gone.reader) gone.reader->cancel();
  if (gone.writer) gone.writer->cancel();
}

// Signals. They are noted by the process; the loop looks in each turn.

void LoopState::wake_on_signals() {
  open_selector();
  platform::wake_on_signals(selector_.waker());
}

void LoopState::handle_signal(int signal, CallbackHandle callback) {
  if (!platform::is_signal(signal))
    throw ValueError("invalid signal number " + std::to_string(signal));
  check_open();
  if (!platform::is_main_thread())
    throw RuntimeError("set_wakeup_fd only works in main thread of the main interpreter");
  wake_on_signals();
  if (platform::note_signal(signal) != 0)
    throw RuntimeError("sig " + std::to_string(signal) + " cannot be caught");
  if (signal == platform::interrupt_signal()) interrupted_ = nullptr;
  callback->is_lasting_ = true;
  signals_.insert_or_assign(signal, std::move(callback));
  signal_set_ |= platform::bit_of(signal);
}

bool LoopState::restore_signal(int signal) {
  if (!platform::is_signal(signal))
    throw ValueError("invalid signal number " + std::to_string(signal));
  if (signals_.erase(signal) == 0) return false;
  signal_set_ &= ~platform::bit_of(signal);
  if (signal_set_ == 0) platform::wake_on_signals(-1);
  if (platform::restore_default_action(signal) != 0)
    throw RuntimeError("sig " + std::to_string(signal) + " cannot be caught");
  platform::take_signals(platform::bit_of(signal));
  return true;
}

bool LoopState::interrupt(TaskState* main) noexcept {
  const auto bit = platform::bit_of(platform::interrupt_signal());
  const TaskState* const before = std::exchange(interrupted_, main);
  if (main) {
    signal_set_ |= bit;
  } else if (before) {
    signal_set_ &= ~bit;
    if (signal_set_ == 0) platform::wake_on_signals(-1);
  }
  return before != nullptr;
}

void LoopState::look_at_signals() {
  const std::uint64_t taken = platform::take_signals(signal_set_);
  signal_reader_.taken |= taken;
  if (!signal_reader_.is_queued && !signals_.empty()) {
    signal_reader_.is_queued = true;
    append(signal_reader_);
  }
  if (!interrupted_ || (taken & platform::bit_of(platform::interrupt_signal())) == 0) return;
  if (++interrupts_ == 1 && !interrupted_->is_done())
    interrupted_->cancel("");
  else
    throw KeyboardInterrupt();
}

// CPython's loop reads the numbers of the signals in a callback, too; theirs are called one turn
// later.
const NodeOps LoopState::SignalReader::ops{
    [](Node& node) {
      auto& self = static_cast<SignalReader&>(node);
      self.is_queued = false;
      const std::uint64_t taken = std::exchange(self.taken, 0);
      for (const auto& [signal, callback] : self.loop->signals_)
        if (taken & platform::bit_of(signal)) self.loop->schedule_lasting(callback);
    },
    [](Node&) noexcept {}, nullptr,
    [](const Node&) { return std::string("BaseSelectorEventLoop._read_from_self()"); }};

// Reports.

void LoopState::report_by_default(const ExceptionContext& context) {
  std::string text =
      context.message.empty() ? "Unhandled exception in event loop" : context.message;
  std::map<std::string, std::string> keys(context.more.begin(), context.more.end());
  if (context.future) keys["future"] = asyncio::to_string(*context.future);
  if (context.task) keys["task"] = asyncio::to_string(*context.task);
  if (context.handle) keys["handle"] = asyncio::to_string(*context.handle);
  for (const auto& [key, value] : keys) text += "\n" + key + ": " + value;
  if (context.exception) text += "\n" + exception_text(context.exception);
  log(text);
}

namespace {

// In which the handler of exceptions is called; null: in the current one.
ContextHandle context_of(const ExceptionContext& context) {
  const auto of = [](contextvars::Context found) { return found.handle(); };
  if (context.task) return of(static_cast<TaskState&>(Access::state(*context.task)).context());
  if (context.future) {
    TaskState* const task = Access::state(*context.future).as_task();
    return task ? of(task->context()) : ContextHandle();
  }
  return context.handle ? of(context.handle->get_context()) : ContextHandle();
}

}  // namespace

void LoopState::report(const ExceptionContext& context) {
  if (!exception_handler) return report_by_default(context);
  const ExceptionHandler handler = exception_handler;  // it may set another one
  const auto error = guarded([&] {
    ContextHandle entered = context_of(context);
    const EventLoop loop = loop_of(*this);
    if (!entered.get()) return handler(loop, context);
    const ContextScope scope(entered.place());
    handler(loop, context);
  });
  if (error)
    report_by_default({.message = "Unhandled error in exception handler",
                       .exception = error,
                       .more = {{"context", "{'message': " + string_repr(context.message) + "}"}}});
}

std::string LoopState::to_string() const {
  const auto word = [](bool is) { return is ? "True" : "False"; };
  return std::string("<EventLoop running=") + word(is_running()) + " closed=" + word(is_closed()) +
         " debug=" + word(debug) + ">";
}

}  // namespace tandem::inline v1::asyncio::detail
