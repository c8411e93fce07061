// Python's threading.Timer.
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/threading/event.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1 {

namespace detail {

// What is kept to be called, perhaps more than once: each call has a copy of the bound values, or
// the values themselves where they can only be moved.
template <class F>
std::function<void()> kept(F f) {
  if constexpr (std::copy_constructible<F>)
    return f;
  else
    return [shared = std::make_shared<F>(std::move(f))] { std::move (*shared)(); };
}

}  // namespace detail

namespace threading {

// A thread that calls a function after a time, unless it is cancelled before. A handle, started
// like any Thread. A subclass with a run() of its own is made by make_thread().
// Threads  all members may be called from any thread at once.
// Spec     threading.timer
class TANDEM_API Timer : public Thread {
 public:
  // Calls f(args...), bound by value, when the interval has passed since start().
  //   interval  none: it waits until it is cancelled; zero or less: it calls at once. Beyond
  //             TIMEOUT_MAX the thread ends by OverflowError
  template <class F, class... A>
  requires detail::Callee<F, A...> Timer(Timeout interval, F&& f, A&&... args)
      : Timer(interval, detail::kept(call(std::forward<F>(f), std::forward<A>(args)...))) {}

  // Has the function not called, if that has not begun yet; also before start().
  void cancel() const noexcept { state_->finished.set(); }

  // Set by cancel() and when the function has been called, unless that threw.
  Event& finished() const noexcept { return state_->finished; }
  Timeout interval() const noexcept { return state_->interval; }
  // The function with its arguments: for a run() that calls it again and again.
  const std::function<void()>& function() const noexcept { return state_->function; }

 private:
  struct State {
    State(Timeout after, std::function<void()> call) : interval(after), function(std::move(call)) {}
    const Timeout interval;
    const std::function<void()> function;
    Event finished;
  };

  Timer(Timeout interval, std::function<void()> function);
  explicit Timer(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;  // never null
};

}  // namespace threading
}  // namespace tandem::inline v1
