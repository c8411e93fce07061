// concurrent.futures.Future: what will come of a call.
#pragma once
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "tandem/concurrent/futures/detail/result.hpp"
#include "tandem/concurrent/futures/exceptions.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::concurrent::futures {

template <class T>
class Future;

namespace detail {

TANDEM_API void log_callback_error(const FutureState& future) noexcept;

template <class H, class F>
struct CallbackNode final : Node {
  explicit CallbackNode(F&& f) : Node(Kind::callback, &call), function(std::move(f)) {}
  static void call(Node& node, FutureState* state) noexcept;
  F function;
};

struct Access;  // makes handles of states and gives the states of handles

}  // namespace detail

// A handle without the type of the result; any Future<T> converts to it. Copies are the same
// future: equal, of the same hash. A handle is empty when it was moved from, or when it gave its
// result away: any use of it but assignment, destruction, == and hash throws InvalidStateError.
//
// Threads  every member of a future at any time by any number of threads; one handle object as any
//          value: written by one at a time.
// Order    what a task did is visible to whoever learns from the future that it is done.
class TANDEM_API AnyFuture {
 public:
  AnyFuture(const AnyFuture&) = default;
  AnyFuture& operator=(const AnyFuture&) = default;
  AnyFuture(AnyFuture&&) = default;
  AnyFuture& operator=(AnyFuture&&) = default;

  // Cancels what has not started. Callbacks are called here, before this returns.
  // Returns  whether it is cancelled now: false when it runs or has finished.
  // Spec     futures.future.cancel
  bool cancel() const { return state_->cancel(); }
  bool cancelled() const {
    const detail::State now = state_->state();
    return now == detail::State::cancelled || now == detail::State::cancelled_and_notified;
  }
  bool running() const { return detail::is_running(state_->state()); }
  // Cancelled or finished, with a result or an exception.
  bool done() const { return state_->is_done(); }

  // Waits, and returns what the call has thrown; null when it has returned.
  //   timeout  longest wait; default for ever; zero or less polls
  // Throws   TimeoutError; CancelledError; OverflowError.
  // Spec     futures.future.exception
  std::exception_ptr exception(Timeout timeout = {}) const { return state_->exception(timeout); }

  // Calls f(future) once when this is cancelled or finished: in the thread that did it, in the
  // order in which callbacks were added; at once and here when it is done already. What f throws
  // is logged and ignored.
  // Spec     futures.future.add-done-callback
  template <std::invocable<const AnyFuture&> F>
  void add_done_callback(F f) const {
    add_callback<AnyFuture>(std::move(f));
  }

  // For executors and tests: the call begins. False when it was cancelled; then those who wait for
  // it are told.
  // Throws   RuntimeError (neither pending nor cancelled; also logged).
  bool set_running_or_notify_cancel() const { return state_->start(); }
  // For executors and tests. Throws InvalidStateError (done already); ValueError (null).
  void set_exception(std::exception_ptr exception) const;

  // Identity.
  friend bool operator==(const AnyFuture& a, const AnyFuture& b) {
    return a.state_.get() == b.state_.get();
  }

 protected:
  explicit AnyFuture(detail::FutureState* adopted) : state_(adopted) {}
  template <class H, class F>
  void add_callback(F f) const;

  detail::StateHandle state_;
  friend struct detail::Access;
};

// Python's repr: <Future at 0x7f… state=finished returned int>
TANDEM_API std::string to_string(const AnyFuture& future);
TANDEM_API std::ostream& operator<<(std::ostream& out, const AnyFuture& future);

// The same with its result, a T; T may be void or a reference. Future<T>() is pending, as in
// Python: whoever made it sets its result.
// Spec     futures.future
template <class T>
class Future : public AnyFuture {
  using State = detail::ResultState<T>;

 public:
  using value_type = T;

  Future() : AnyFuture(State::make()) {}

  // Waits, and returns the result: of a named future a reference, valid while any handle lives.
  //   timeout  longest wait; default for ever; zero or less polls
  // Throws   TimeoutError; CancelledError; OverflowError; what the call has thrown.
  // Spec     futures.future.result
  detail::shared_result_t<T> result(Timeout timeout = {}) const& {
    state_->get(timeout);
    if constexpr (std::is_reference_v<T>)
      return *state().value();
    else if constexpr (!std::is_void_v<T>)
      return state().value();
  }
  // Of a temporary the value: moved out when this is the last handle, copied otherwise. While
  // callbacks are being called they hold a handle, too. The handle is empty afterwards, unless this
  // throws.
  // Throws   also InvalidStateError (not the last handle, and T cannot be copied).
  // Spec     futures.future.result-empties-rvalue
  T result(Timeout timeout = {}) && {
    state_->get(timeout);
    if constexpr (std::is_void_v<T>)
      state_ = {};
    else if constexpr (std::is_reference_v<T>)
      return last_use(*state().value());
    else
      return take();
  }

  // As AnyFuture's, but f may want the type of the result.
  template <std::invocable<const Future&> F>
  void add_done_callback(F f) const {
    this->template add_callback<Future>(std::move(f));
  }

  // For executors and tests. Throws InvalidStateError (done already); what T's constructor throws.
  void set_result() const
    requires std::is_void_v<T>
  {
    set();
  }
  template <class U = T>
    requires(!std::is_void_v<T> && std::convertible_to<U, T>)
  void set_result(U&& value) const {
    set(std::forward<U>(value));
  }

 private:
  friend struct detail::Access;
  explicit Future(State* adopted) : AnyFuture(adopted) {}
  State& state() const noexcept { return static_cast<State&>(*state_.get()); }

  T take()
    requires(!std::is_void_v<T>)
  {
    if (state().has_one_handle()) return last_use(std::move(state().value()));
    if constexpr (std::copy_constructible<T>)
      return last_use(std::as_const(state().value()));
    else
      throw InvalidStateError("the result cannot be copied, and other handles share it");
  }

  // Lets go of the state, but not when T's constructor throws: then nothing was given away.
  template <class V>
  T last_use(V&& value) {
    T taken(std::forward<V>(value));
    state_ = {};
    return taken;
  }

  template <class... U>
  void set(U&&... value) const {
    state_->claim();
    try {
      state().emplace(std::forward<U>(value)...);
    } catch (...) {
      state_->unclaim();
      throw;
    }
    state_->finish();
  }
};

namespace detail {

struct Access {
  template <class H>
  static H adopt(FutureState& state) {
    if constexpr (std::is_same_v<H, AnyFuture>)
      return AnyFuture(&state);
    else
      return H(static_cast<ResultState<typename H::value_type>*>(&state));
  }
  static const StateHandle& state(const AnyFuture& future) { return future.state_; }
};

template <class H, class F>
void CallbackNode<H, F>::call(Node& node, FutureState* state) noexcept {
  const std::unique_ptr<CallbackNode> self(static_cast<CallbackNode*>(&node));
  if (!state) return;
  state->add_handle();
  const H future = Access::adopt<H>(*state);
  try {
    self->function(future);
  } catch (...) {
    log_callback_error(*state);
  }
}

}  // namespace detail

template <class H, class F>
void AnyFuture::add_callback(F f) const {
  detail::FutureState& state = *state_.operator->();
  auto* node = new detail::CallbackNode<H, F>(std::move(f));
  if (!state.add(*node)) node->tell(*node, &state);
}

}  // namespace tandem::inline v1::concurrent::futures

template <>
struct std::hash<tandem::concurrent::futures::AnyFuture> {
  std::size_t operator()(const tandem::concurrent::futures::AnyFuture& future) const noexcept {
    return std::hash<const void*>()(
        tandem::concurrent::futures::detail::Access::state(future).get());
  }
};
template <class T>
struct std::hash<tandem::concurrent::futures::Future<T>>
    : std::hash<tandem::concurrent::futures::AnyFuture> {};
