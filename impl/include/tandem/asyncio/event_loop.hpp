// asyncio's event loop: what runs callbacks, and through them tasks, futures, timers and files.
//
// Decided here, for whoever builds upon the loop:
//   * Its turn is CPython's _run_once(): one look at the timers and files, then all that was ready
//   at that
//     moment, in order. Each call_soon() of CPython is one of ours, in the same place.
//   * detail::state_of(loop) gives the LoopState; detail::loop_of(state) a handle. Inside of the
//   library
//     pass LoopState&, which costs nothing.
//   * detail::virtual_time_loop() makes a loop whose clock begins at 0 and jumps to the next
//   deadline
//     instead of waiting; for tests: asyncio::run(main(), {.loop_factory =
//     detail::virtual_time_loop}). With nothing to jump to it waits for files and other threads.
//   * There are no event loop policies. get_event_loop() makes no loop (as in 3.14).
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/future.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/concurrent/futures/executor.hpp"
#include "tandem/concurrent/futures/thread.hpp"
#include "tandem/core/callable.hpp"
#include "tandem/core/context_var.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::asyncio {

namespace futures = concurrent::futures;

namespace detail {

// A call that somebody can cancel: what call_soon(), call_at(), add_reader(), … schedule.
class TANDEM_API CallbackState : public Timer {
 public:
  CallbackState(const CallbackState&) = delete;
  CallbackState& operator=(const CallbackState&) = delete;

  void cancel() noexcept;
  bool is_cancelled() const noexcept { return cancelled; }
  LoopState& loop() const noexcept { return *loop_; }
  std::string to_string() const;
  contextvars::Context context();
  void hold() noexcept;
  void drop() noexcept;
  void make_timer(double time) noexcept {
    is_timer_ = true;
    when_ = time;
  }
  double when() const noexcept { return when_; }

 protected:
  // The reference is the caller's.
  CallbackState(LoopState& loop, ContextState* context) noexcept;  // adopts the context
  virtual ~CallbackState();
  virtual void call() = 0;
  virtual void clear() noexcept = 0;  // the function, as soon as it will not be called any more
  virtual void destroy() noexcept = 0;
  virtual std::string name() const = 0;

 private:
  friend class LoopState;
  static const NodeOps ops_;
  void run();

  seam::atomic<std::uint32_t> references_{1};
  bool is_timer_ = false;
  bool is_lasting_ = false;  // a file's or a signal's: called again and again
  bool is_queued_ = false;   // one that lasts is in the ready queue
  bool is_running_ = false;
  double when_ = 0;  // of a timer, by the loop's clock
  LoopState* const loop_;
  ContextHandle context_;
};

// A reference to one; empty after a move.
class CallbackHandle {
 public:
  CallbackHandle() = default;
  explicit CallbackHandle(CallbackState* adopted) noexcept : state_(adopted) {}
  CallbackHandle(const CallbackHandle& other) noexcept : state_(other.state_) {
    if (state_) state_->hold();
  }
  CallbackHandle(CallbackHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  CallbackHandle& operator=(CallbackHandle other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~CallbackHandle() {
    if (state_) state_->drop();
  }
  CallbackState* get() const noexcept { return state_; }
  CallbackState* operator->() const noexcept { return state_; }
  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  CallbackState* state_ = nullptr;
};

template <class F>
class Callback final : public CallbackState {
 public:
  template <class... A>
  static CallbackHandle make(LoopState& loop, ContextState* context, A&&... arguments) {
    void* const memory = allocate_block(sizeof(Callback));
    return CallbackHandle(::new (memory) Callback(loop, context, std::forward<A>(arguments)...));
  }

 private:
  template <class... A>
  Callback(LoopState& loop, ContextState* context, A&&... arguments)
      : CallbackState(loop, context) {
    ::new (static_cast<void*>(std::addressof(function_))) F(std::forward<A>(arguments)...);
  }
  ~Callback() override { clear(); }
  void call() override { static_cast<void>(std::invoke(function_)); }
  void clear() noexcept override {
    if (std::exchange(has_function_, false)) std::destroy_at(std::addressof(function_));
  }
  void destroy() noexcept override {
    this->~Callback();
    free_block(this, sizeof(Callback));
  }
  std::string name() const override {
    if constexpr (requires { function_.function(); })
      return callable_name<std::remove_cvref_t<decltype(function_.function())>>();
    else
      return callable_name<F>();
  }

  bool has_function_ = true;
  union {
    F function_;  // while has_function_
  };
};

TANDEM_API void hold_loop(LoopState& loop) noexcept;  // as a handle
TANDEM_API void drop_loop(LoopState& loop) noexcept;
TANDEM_API EventLoop loop_of(LoopState& loop) noexcept;
TANDEM_API EventLoop virtual_time_loop();

}  // namespace detail

// A call that was scheduled: what call_soon() returns. A handle: copies are the same call.
// Threads  as the loop: it is cancelled by the loop's thread only.
// Spec     asyncio.event-loop.handle
class TANDEM_API Handle {
 public:
  // It will not be called. The function and what it holds are destroyed now.
  void cancel() const noexcept { state_->cancel(); }
  bool cancelled() const noexcept { return state_->is_cancelled(); }
  contextvars::Context get_context() const { return state_->context(); }
  friend bool operator==(const Handle& a, const Handle& b) noexcept {
    return a.state_.get() == b.state_.get();
  }
  explicit Handle(detail::CallbackHandle state) noexcept : state_(std::move(state)) {}

 protected:
  friend std::string to_string(const Handle& handle);
  detail::CallbackHandle state_;
};
// What call_later() and call_at() return.
class TANDEM_API TimerHandle : public Handle {
 public:
  using Handle::Handle;
  // By the loop's clock.
  std::chrono::duration<double> when() const noexcept {
    return std::chrono::duration<double>(state_->when());
  }
  // By their times; == goes by identity, as of all handles.
  friend bool operator<(const TimerHandle& a, const TimerHandle& b) noexcept {
    return a.when() < b.when();
  }
  friend bool operator>(const TimerHandle& a, const TimerHandle& b) noexcept { return b < a; }
  friend bool operator<=(const TimerHandle& a, const TimerHandle& b) noexcept {
    return a < b || a == b;
  }
  friend bool operator>=(const TimerHandle& a, const TimerHandle& b) noexcept { return b <= a; }
};
TANDEM_API std::string to_string(const Handle& handle);
TANDEM_API std::ostream& operator<<(std::ostream& out, const Handle& handle);

// What an exception handler is told. Copyable.
struct ExceptionContext {
  std::string message;
  std::exception_ptr exception{};
  std::optional<AnyFuture> future{};
  std::optional<AnyTask> task{};
  std::optional<Handle> handle{};
  std::vector<std::pair<std::string, std::string>> more{};  // other keys: what repr() makes of them
};
using ExceptionHandler =
    std::function<void(const EventLoop& loop, const ExceptionContext& context)>;

// Python's keyword arguments of call_soon() and its like.
struct CallOptions {
  std::optional<contextvars::Context> context{};  // none: a copy of the current one
};

// A loop. A handle: copies are the same loop; the last one that is dropped closes it.
// Threads  call_soon_threadsafe() and, through it, stop() are for all threads; everything else is
// for the
//          thread that runs the loop, or for one at a time while it does not run.
// Spec     asyncio.event-loop
class TANDEM_API EventLoop {
 public:
  EventLoop(const EventLoop& other) noexcept : state_(other.state_) { detail::hold_loop(*state_); }
  EventLoop& operator=(const EventLoop& other) noexcept {
    detail::hold_loop(*other.state_);
    detail::drop_loop(*std::exchange(state_, other.state_));
    return *this;
  }
  ~EventLoop() { detail::drop_loop(*state_); }

  // Runs until stop() is called; that ends the current turn.
  // Throws   RuntimeError (it runs already; another one runs in this thread; it is closed);
  //          KeyboardInterrupt, SystemExit of a callback.
  // Spec     asyncio.event-loop.run-forever
  void run_forever() const;
  // Runs until the future is done, and returns its result or throws what it has.
  // Throws   also RuntimeError (stopped before).
  // Spec     asyncio.event-loop.run-until-complete
  template <class T>
  T run_until_complete(Future<T> future) const {
    run_until_done(future, false);
    return std::move(future).result();
  }
  template <class T>
  T run_until_complete(Task<T> task) const {
    return run_until_complete(static_cast<const Future<T>&>(task));
  }
  void run_until_complete(AnyFuture future) const {
    run_until_done(future, false);
    detail::Access::state(future).get();
  }
  template <class T>
  T run_until_complete(Coroutine<T> coro) const {
    check_runnable();
    Future<T> task = detail::make_task(*state_, std::move(coro));
    run_until_done(task, true);
    return std::move(task).result();
  }
  template <detail::OwnAwaitable A>
  auto run_until_complete(A awaitable) const {
    return run_until_complete(detail::coroutine_of(std::move(awaitable)));
  }
  void stop() const noexcept;
  bool is_running() const noexcept;
  bool is_closed() const noexcept;
  // What was scheduled is dropped, and tasks that are not done die pending.
  // Throws   RuntimeError (it runs).
  void close() const;

  // In seconds, by a clock that begins anywhere.
  std::chrono::duration<double> time() const;

  // Have f(args...) called by the loop, once: in the next turn, after a delay, or at a time by its
  // clock. Arguments are bound by value. What the call throws goes to the exception handler.
  // Throws   RuntimeError (closed; in debug mode: another thread than the loop's).
  // Spec     asyncio.event-loop.call-soon
  template <class F, class... A>
  requires detail::Callee<F, A...> Handle call_soon(F&& f, A&&... args)
  const { return call_soon(CallOptions{}, std::forward<F>(f), std::forward<A>(args)...); }
  template <class F, class... A>
  requires detail::Callee<F, A...> Handle call_soon(CallOptions options, F&& f, A&&... args)
  const {
    auto callback = bind(options, std::forward<F>(f), std::forward<A>(args)...);
    schedule(callback);
    return Handle(std::move(callback));
  }
  template <class F, class... A>
  requires detail::Callee<F, A...> Handle call_soon_threadsafe(F&& f, A&&... args)
  const {
    return call_soon_threadsafe(CallOptions{}, std::forward<F>(f), std::forward<A>(args)...);
  }
  template <class F, class... A>
  requires detail::Callee<F, A...> Handle call_soon_threadsafe(CallOptions options, F&& f,
                                                               A&&... args)
  const {
    auto callback = bind(options, std::forward<F>(f), std::forward<A>(args)...);
    schedule_threadsafe(callback);
    return Handle(std::move(callback));
  }
  template <class F, class... A>
  requires detail::Callee<F, A...> TimerHandle call_later(std::chrono::duration<double> delay,
                                                          F&& f, A&&... args)
  const {
    return call_at(time() + delay, CallOptions{}, std::forward<F>(f), std::forward<A>(args)...);
  }
  template <class F, class... A>
  requires detail::Callee<F, A...> TimerHandle call_later(std::chrono::duration<double> delay,
                                                          CallOptions options, F&& f, A&&... args)
  const {
    return call_at(time() + delay, std::move(options), std::forward<F>(f),
                   std::forward<A>(args)...);
  }
  template <class F, class... A>
  requires detail::Callee<F, A...> TimerHandle call_at(std::chrono::duration<double> when, F&& f,
                                                       A&&... args)
  const { return call_at(when, CallOptions{}, std::forward<F>(f), std::forward<A>(args)...); }
  template <class F, class... A>
  requires detail::Callee<F, A...> TimerHandle call_at(std::chrono::duration<double> when,
                                                       CallOptions options, F&& f, A&&... args)
  const {
    auto callback = bind(options, std::forward<F>(f), std::forward<A>(args)...);
    schedule_at(when.count(), callback);
    return TimerHandle(std::move(callback));
  }

  // Have f(args...) called whenever the open file can be read or written without waiting. One of
  // each for a file: another one takes its place. To be removed before the file is closed; those
  // that were not are dropped when another file has its number and one is added for that (if nobody
  // else has the first one open: the system goes on to tell of it).
  // Throws   RuntimeError (closed); OSError.
  // Spec     asyncio.event-loop.add-reader
  template <class F, class... A>
  requires detail::Callee<F, A...>
  void add_reader(int fd, F&& f, A&&... args) const {
    watch(fd, false, bind(CallOptions{}, std::forward<F>(f), std::forward<A>(args)...));
  }
  template <class F, class... A>
  requires detail::Callee<F, A...>
  void add_writer(int fd, F&& f, A&&... args) const {
    watch(fd, true, bind(CallOptions{}, std::forward<F>(f), std::forward<A>(args)...));
  }
  // Returns  whether there was one
  bool remove_reader(int fd) const { return unwatch(fd, false); }
  bool remove_writer(int fd) const { return unwatch(fd, true); }

  // Has f(args...) called by the loop when the signal has arrived. In the main thread only.
  // Throws   RuntimeError (closed, another thread, a signal that cannot be caught); ValueError (no
  //          signal).
  // Spec     asyncio.event-loop.add-signal-handler
  template <class F, class... A>
  requires detail::Callee<F, A...>
  void add_signal_handler(int signal, F&& f, A&&... args) const {
    handle_signal(signal, bind(CallOptions{}, std::forward<F>(f), std::forward<A>(args)...));
  }
  // The signal does what it does by default. Returns whether there was a handler.
  bool remove_signal_handler(int signal) const;

  template <class T = void>
  Future<T> create_future() const {
    return Future<T>(*this);
  }
  template <class T>
  Task<T> create_task(Coroutine<T> coro, std::string name = {},
                      std::optional<contextvars::Context> context = {}) const {
    return detail::make_task(*state_, std::move(coro), std::move(name), std::move(context));
  }
  template <class Try>
  auto create_task(detail::Attempt<Try> attempt, std::string name = {},
                   std::optional<contextvars::Context> context = {}) const {
    return create_task(detail::coroutine_of(std::move(attempt)), std::move(name),
                       std::move(context));
  }
  // Who starts tasks from now on; an empty one: the loop itself.
  void set_task_factory(TaskFactory factory) const;
  TaskFactory get_task_factory() const;

  // Has f(args...) called by an executor; nullptr is the default one, a ThreadPoolExecutor.
  // Throws   RuntimeError (closed); what submit() throws.
  // Spec     asyncio.event-loop.run-in-executor
  template <futures::Executor E, class F, class... A>
  requires detail::Callee<F, A...>
  auto run_in_executor(E& executor, F&& f, A&&... args) const
      -> Future<detail::result_of_call_t<F, A...>>;
  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto run_in_executor(std::nullptr_t, F&& f, A&&... args) const
      -> Future<detail::result_of_call_t<F, A...>> {
    return run_in_executor(default_executor(), std::forward<F>(f), std::forward<A>(args)...);
  }
  void set_default_executor(std::shared_ptr<futures::ThreadPoolExecutor> executor) const;
  // Waits until its threads have ended; after the timeout without them, and a warning is logged.
  // Spec     asyncio.event-loop.shutdown-default-executor
  Coroutine<> shutdown_default_executor(Timeout timeout = {}) const;

  // Who is told of exceptions that nobody else gets; an empty one: default_exception_handler(),
  // which logs them.
  // Spec     asyncio.event-loop.exception-handler
  void set_exception_handler(ExceptionHandler handler) const;
  ExceptionHandler get_exception_handler() const;
  void default_exception_handler(const ExceptionContext& context) const;
  void call_exception_handler(const ExceptionContext& context) const;

  // In debug mode the loop looks which thread calls it, and logs what takes longer than
  // slow_callback_duration() (0.1 s).
  // Spec     asyncio.event-loop.debug
  bool get_debug() const noexcept;
  void set_debug(bool enabled) const noexcept;
  std::chrono::duration<double> slow_callback_duration() const noexcept;
  void slow_callback_duration(std::chrono::duration<double> duration) const noexcept;

  // Identity.
  friend bool operator==(const EventLoop& a, const EventLoop& b) noexcept {
    return a.state_ == b.state_;
  }

 private:
  friend EventLoop detail::loop_of(detail::LoopState& loop) noexcept;
  friend detail::LoopState& detail::state_of(const EventLoop& loop);
  explicit EventLoop(detail::LoopState& state) noexcept : state_(&state) {
    detail::hold_loop(*state_);
  }

  template <class F, class... A>
  detail::CallbackHandle bind(const CallOptions& options, F&& f, A&&... args) const {
    detail::ContextState* const context = detail::chosen_context(options.context);
    if constexpr (sizeof...(A) == 0)
      return detail::Callback<std::decay_t<F>>::make(*state_, context, std::forward<F>(f));
    else
      return detail::Callback<detail::call_t<F, A...>>::make(
          *state_, context, std::in_place, std::forward<F>(f), std::forward<A>(args)...);
  }
  void schedule(const detail::CallbackHandle& callback) const;
  void schedule_threadsafe(const detail::CallbackHandle& callback) const;
  void schedule_at(double when, const detail::CallbackHandle& callback) const;
  void watch(int fd, bool for_writing, detail::CallbackHandle callback) const;
  bool unwatch(int fd, bool for_writing) const;
  void handle_signal(int signal, detail::CallbackHandle callback) const;
  void check_open() const;
  void check_runnable() const;
  void run_until_done(const AnyFuture& future, bool is_new_task) const;
  futures::ThreadPoolExecutor& default_executor() const;

  detail::LoopState* state_;
};
TANDEM_API std::string to_string(const EventLoop& loop);
TANDEM_API std::ostream& operator<<(std::ostream& out, const EventLoop& loop);

// The loop that runs in this thread. Throws RuntimeError (no running event loop).
TANDEM_API EventLoop get_running_loop();
// That, else the one that was set for this thread. Throws RuntimeError.
TANDEM_API EventLoop get_event_loop();
// None: there is none from now on.
TANDEM_API void set_event_loop(std::optional<EventLoop> loop);
TANDEM_API EventLoop new_event_loop();

namespace detail {

// concurrent.futures' own errors as asyncio's; others as they are.
TANDEM_API std::exception_ptr converted(std::exception_ptr error);

// Copies the result of a call of an executor.
//   is_own  nobody else has the source, so its result can be moved
template <class T>
void copy_result(const futures::Future<T>& source, const Future<T>& destination, bool is_own) {
  if constexpr (std::is_void_v<T>) {
    destination.set_result();
  } else if constexpr (std::is_reference_v<T>) {
    destination.set_result(source.result());
  } else {
    auto& state = static_cast<futures::detail::ResultState<T>&>(
        *futures::detail::Access::state(source).get());
    if constexpr (std::copy_constructible<T>)
      is_own ? destination.set_result(std::move(state.value()))
             : destination.set_result(std::as_const(state.value()));
    else
      destination.set_result(std::move(state.value()));
  }
}
// The same of whatever has become of it.
template <class T>
void copy_outcome(const futures::Future<T>& source, const Future<T>& destination, bool is_own) {
  if (destination.cancelled()) return;
  if (source.cancelled()) {
    destination.cancel();
    return;
  }
  if (std::exception_ptr error = source.exception())
    return destination.set_exception(converted(std::move(error)));
  try {
    copy_result(source, destination, is_own);
  } catch (...) {  // by T's constructor
    destination.set_exception(std::current_exception());
  }
}

// What is done with the one is done with the other: cancelled there, or ended here.
template <class T>
void chain(const futures::Future<T>& source, const Future<T>& destination, bool is_own) {
  destination.add_done_callback([source](const AnyFuture& done) {
    if (done.cancelled()) source.cancel();
  });
  // The loop alone has the destination when it is done, so its result can be moved out.
  source.add_done_callback([destination = Future<T>(destination), is_own,
                            loop = destination.get_loop()](const futures::Future<T>& done) mutable {
    if (loop.is_closed()) return;
    loop.call_soon_threadsafe([done, destination = std::move(destination), is_own] {
      copy_outcome(done, destination, is_own);
    });
  });
}

}  // namespace detail

// A future of the loop that is done as the one of an executor is; cancelling it cancels that. The
// result is copied, and what its copying throws is the exception; one that cannot be copied is
// moved out of the other future, which is left with what remains.
//   loop  default: that of get_event_loop()
// Spec     asyncio.future.wrap-future
template <class T>
Future<T> wrap_future(const futures::Future<T>& future, const EventLoop& loop = get_event_loop()) {
  Future<T> wrapped(loop);
  detail::chain(future, wrapped, false);
  return wrapped;
}
template <class T>
Future<T> wrap_future(Future<T> future) {
  return future;
}

template <futures::Executor E, class F, class... A>
requires detail::Callee<F, A...>
auto EventLoop::run_in_executor(E& executor, F&& f, A&&... args) const
    -> Future<detail::result_of_call_t<F, A...>> {
  check_open();
  Future<detail::result_of_call_t<F, A...>> wrapped(*this);
  detail::chain(executor.submit(std::forward<F>(f), std::forward<A>(args)...), wrapped, true);
  return wrapped;
}

}  // namespace tandem::inline v1::asyncio

template <>
struct std::hash<tandem::asyncio::EventLoop> {
  std::size_t operator()(const tandem::asyncio::EventLoop& loop) const noexcept {
    return std::hash<const void*>()(&tandem::asyncio::detail::state_of(loop));
  }
};
