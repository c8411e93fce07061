// asyncio.Future: what will come of something that the loop waits for.
//
// Decided here, for whoever builds upon futures:
//   * AnyFuture is the handle without the type of the result; Future<T>, Task<T> and AnyTask
//   convert to
//     it. == and std::hash go by identity.
//   * add_done_callback(f) returns a CallbackToken, for remove_done_callback(token).
//   * detail::Access::state(future) gives the FutureState behind a handle, and
//     detail::Access::adopt<Future<T>>(state) a handle that takes over one reference.
//   * A future of one's own (gather's) is a class derived from detail::FutureValue<T> that
//   overrides
//     cancel() and destroy(). A node of one's own (detail::Node, with a table of NodeOps) may be
//     given to FutureState::add_callback() instead of a function: nothing is allocated then.
#pragma once
#include <concepts>
#include <coroutine>
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

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/future_state.hpp"
#include "tandem/core/context_var.hpp"

namespace tandem::inline v1::concurrent::futures {
template <class T>
class Future;
}

namespace tandem::inline v1::asyncio {

class EventLoop;
template <class T = void>
class Future;

// Names a callback that was added, for remove_done_callback(). A value.
struct CallbackToken {
  std::uint64_t id = 0;
};

namespace detail {

// What result() of a named future gives: T const& | T& | void.
template <class T>
using shared_result_t =
    std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<const T>>;

struct Access;  // makes handles of states and gives the states of handles
template <class T, bool by_value>
class FutureAwaiter;

// A user's callback of a future: it is called in its own context, and what it throws goes to the
// loop's exception handler.
class TANDEM_API DoneCallback : public Node {
 public:
  DoneCallback(const DoneCallback&) = delete;
  DoneCallback& operator=(const DoneCallback&) = delete;
  std::uint64_t id() const noexcept { return id_; }

 protected:
  explicit DoneCallback(ContextState* context) noexcept;  // adopts it
  virtual ~DoneCallback();
  virtual void call(StateHandle future) = 0;
  virtual void destroy() noexcept = 0;
  virtual std::string name() const = 0;

 private:
  friend class FutureState;
  static const NodeOps ops_;
  void run();

  StateHandle future_;  // once it is done
  ContextHandle context_;
  std::uint64_t id_ = 0;
};

[[noreturn]] TANDEM_API void throw_result_is_shared();
// "f" of fn<&f>, else the type's name.
template <class F>
std::string callable_name() {
  if constexpr (requires { std::string(F::name()); })
    return std::string(F::name());
  else
    return type_name(typeid(F));
}

}  // namespace detail

// A handle without the type of the result. Copies are the same future: equal, of the same hash. An
// empty handle (moved from, or it gave its result away) throws InvalidStateError.
//
// Threads  only the thread that runs the loop may use it; but handles may be copied and dropped by
// any
//          thread.
class TANDEM_API AnyFuture {
 public:
  using value_type = void;  // what co_await gives

  AnyFuture(const AnyFuture&) = default;
  AnyFuture& operator=(const AnyFuture&) = default;
  AnyFuture(AnyFuture&&) = default;
  AnyFuture& operator=(AnyFuture&&) = default;

  // Cancels it, if it is not done: its callbacks are scheduled. Of a task: has CancelledError
  // thrown where it waits, in the next turn of the loop; it may catch that.
  // Returns  whether there was something to be cancelled
  // Spec     asyncio.future.cancel
  bool cancel(std::string message = "") const { return state_->cancel(std::move(message)); }
  bool cancelled() const { return state_->is_cancelled(); }
  // Cancelled, or with a result or an exception.
  bool done() const { return state_->is_done(); }
  // What was set, or what the task has thrown; null: it has a result.
  // Throws   CancelledError; InvalidStateError (not done).
  std::exception_ptr exception() const { return state_->exception(); }
  // Throws   InvalidStateError (done); RuntimeError (a task); ValueError (null).
  void set_exception(std::exception_ptr exception) const { state_->set_exception(exception); }
  template <class E>
  requires std::derived_from<E, std::exception>
  void set_exception(E exception) const {
    set_exception(std::make_exception_ptr(std::move(exception)));
  }

  // Has f(future) called by the loop, once, when this is done: in the order in which callbacks were
  // added, never at once.
  //   context  in which it is called; default: a copy of the current one
  // Spec     asyncio.future.add-done-callback
  template <std::invocable<const AnyFuture&> F>
  CallbackToken add_done_callback(F f, std::optional<contextvars::Context> context = {}) const {
    return add_callback<AnyFuture>(std::move(f), std::move(context));
  }
  // Returns  how many were removed: none when it was removed or scheduled already
  std::size_t remove_done_callback(CallbackToken token) const {
    return state_->remove_callback(token.id) ? 1 : 0;
  }
  EventLoop get_loop() const;

  // In a coroutine: waits until it is done, and gives nothing: the result is for those who know its
  // type. When the task is cancelled meanwhile, so is the future.
  // Throws   CancelledError; what was set, or what the task has thrown.
  // Spec     asyncio.future.await-untyped
  detail::FutureAwaiter<void, false> operator co_await() const;

  // Identity.
  friend bool operator==(const AnyFuture& a, const AnyFuture& b) {
    return a.state_.get() == b.state_.get();
  }

 protected:
  explicit AnyFuture(detail::StateHandle state) noexcept : state_(std::move(state)) {}
  template <class H, class F>
  CallbackToken add_callback(F f, std::optional<contextvars::Context> context) const;

  detail::StateHandle state_;
  friend struct detail::Access;
};

// Python's repr: <Future finished result=42>
TANDEM_API std::string to_string(const AnyFuture& future);
TANDEM_API std::ostream& operator<<(std::ostream& out, const AnyFuture& future);

namespace detail {

struct Access {
  template <class H>
  static H adopt(StateHandle state) {
    return H(std::move(state));
  }
  template <class H>
  static H share(FutureState& state) {
    return H(StateHandle::share(state));
  }
  static const StateHandle& handle(const AnyFuture& future) { return future.state_; }
  // Throws   InvalidStateError (the handle is empty).
  static FutureState& state(const AnyFuture& future) { return *future.state_; }
};

// The loop that get_event_loop() gives.
TANDEM_API LoopState& current_event_loop();
TANDEM_API LoopState& state_of(const EventLoop& loop);

template <class T>
shared_result_t<T> shared_value(FutureState& state) noexcept {
  if constexpr (std::is_reference_v<T>)
    return *FutureValue<T>::value_of(state);
  else
    return FutureValue<T>::value_of(state);
}

template <class T, bool by_value>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(StateHandle future) noexcept : future_(std::move(future)) {}

  bool await_ready() const { return future_->is_done(); }
  template <TaskPromise W>
  void await_suspend(std::coroutine_handle<W> waiting) {
    task_ = waiting.promise().task;
    task_->wait_for(*future_.get(), waiting);
  }
  std::conditional_t<by_value, T, shared_result_t<T>> await_resume() {
    if (task_) task_->rethrow();
    if constexpr (by_value) {
      return Access::adopt<Future<T>>(std::move(future_)).result();
    } else {
      future_->get();
      if constexpr (!std::is_void_v<T>) return shared_value<T>(*future_);
    }
  }

 private:
  StateHandle future_;
  TaskState* task_ = nullptr;  // that has waited
};

}  // namespace detail

inline detail::FutureAwaiter<void, false> AnyFuture::operator co_await() const {
  return detail::FutureAwaiter<void, false>(state_);
}

// The same with its result, a T; T may be void or a reference. Future<T>() is pending; whoever made
// it sets its result.
// Spec     asyncio.future
template <class T>
class Future : public AnyFuture {
 public:
  using value_type = T;

  // Of the loop that get_event_loop() gives. Throws RuntimeError (there is none).
  Future() : Future(detail::current_event_loop()) {}
  explicit Future(const EventLoop& loop) : Future(detail::state_of(loop)) {}

  // The result: of a named future a reference, valid while any handle lives. Never waits.
  // Throws   InvalidStateError (not done); CancelledError; what was set.
  // Spec     asyncio.future.result
  detail::shared_result_t<T> result() const& {
    state_->get();
    if constexpr (!std::is_void_v<T>) return detail::shared_value<T>(*state_);
  }
  // Of a temporary the value: moved out when this is the last handle, copied otherwise. The handle
  // is empty afterwards, unless this throws.
  // Throws   also InvalidStateError (not the last handle, and T cannot be copied).
  T result() && {
    state_->get();
    if constexpr (std::is_void_v<T>)
      state_ = {};
    else if constexpr (std::is_reference_v<T>)
      return last_use(*detail::FutureValue<T>::value_of(*state_));
    else
      return take();
  }

  // As AnyFuture's, but f may want the type of the result.
  template <std::invocable<const Future&> F>
  CallbackToken add_done_callback(F f, std::optional<contextvars::Context> context = {}) const {
    return this->template add_callback<Future>(std::move(f), std::move(context));
  }

  // Throws   InvalidStateError (done); RuntimeError (a task); what T's constructor throws.
  void set_result() const requires std::is_void_v<T> { set(); }
  template <class U = T>
  requires(!std::is_void_v<T> && std::convertible_to<U, T>) void set_result(U&& value) const {
    set(std::forward<U>(value));
  }

  // In a coroutine: waits until it is done, and gives the result by the rule of result(). When the
  // task is cancelled meanwhile, so is the future.
  // Spec     asyncio.future.await
  detail::FutureAwaiter<T, false> operator co_await() const& {
    return detail::FutureAwaiter<T, false>(state_);
  }
  detail::FutureAwaiter<T, true> operator co_await() && {
    return detail::FutureAwaiter<T, true>(std::move(state_));
  }

 protected:
  friend struct detail::Access;
  explicit Future(detail::StateHandle state) noexcept : AnyFuture(std::move(state)) {}

 private:
  explicit Future(detail::LoopState& loop)
      : AnyFuture(detail::StateHandle(detail::FutureValue<T>::make(loop))) {}

  T take() requires(!std::is_void_v<T>) {
    if (state_->has_one_reference())
      return last_use(std::move(detail::FutureValue<T>::value_of(*state_)));
    if constexpr (std::copy_constructible<T>)
      return last_use(std::as_const(detail::FutureValue<T>::value_of(*state_)));
    else
      detail::throw_result_is_shared();
  }
  // Lets go of the state, but not when T's constructor throws: then nothing was given away.
  template <class V>
  T last_use(V&& value) {
    if constexpr (std::is_reference_v<T>) {
      T taken = value;
      state_ = {};
      return taken;
    } else {
      T taken(std::forward<V>(value));
      state_ = {};
      return taken;
    }
  }
  template <class... U>
  void set(U&&... value) const {
    state_->check_settable();
    auto& state = static_cast<detail::FutureValue<T>&>(*state_);
    if constexpr (std::is_reference_v<T>)
      state.emplace(std::addressof(value)...);
    else
      state.emplace(std::forward<U>(value)...);
    state.finish();
  }
};

namespace detail {

template <class H, class F>
class DoneCall final : public DoneCallback {
 public:
  static DoneCall* make(F&& f, ContextState* context) {
    return ::new (allocate_block(sizeof(DoneCall))) DoneCall(std::move(f), context);
  }

 private:
  DoneCall(F&& f, ContextState* context) : DoneCallback(context), function_(std::move(f)) {}
  void call(StateHandle future) override {
    const H handle = Access::adopt<H>(std::move(future));
    std::invoke(function_, handle);
  }
  void destroy() noexcept override {
    this->~DoneCall();
    free_block(this, sizeof(DoneCall));
  }
  std::string name() const override { return callable_name<F>(); }

  F function_;
};

// The context to run in, counted: the one that was given, else a copy of the current one.
inline ContextState* chosen_context(const std::optional<contextvars::Context>& given) {
  if (!given) return copy_current_context();
  return ContextHandle(given->handle()).release();
}

}  // namespace detail

template <class H, class F>
CallbackToken AnyFuture::add_callback(F f, std::optional<contextvars::Context> context) const {
  detail::FutureState& state = *state_;
  auto* node = detail::DoneCall<H, F>::make(std::move(f), detail::chosen_context(context));
  const CallbackToken token{node->id()};
  state.add_callback(*node);
  return token;
}

// Python's isfuture(): also of tasks.
template <class F>
constexpr bool isfuture(const F&) noexcept {
  return std::derived_from<F, AnyFuture>;
}

}  // namespace tandem::inline v1::asyncio

template <>
struct std::hash<tandem::asyncio::AnyFuture> {
  std::size_t operator()(const tandem::asyncio::AnyFuture& future) const noexcept {
    return std::hash<const void*>()(tandem::asyncio::detail::Access::handle(future).get());
  }
};
template <class T>
struct std::hash<tandem::asyncio::Future<T>> : std::hash<tandem::asyncio::AnyFuture> {};
