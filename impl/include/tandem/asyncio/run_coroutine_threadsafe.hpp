// asyncio.run_coroutine_threadsafe: a coroutine for the loop of another thread.
#pragma once
#include <exception>
#include <utility>

#include "tandem/asyncio/event_loop.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/concurrent/futures/future.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

// What has become of a task, for other threads.
template <class T>
void publish(const Future<T>& source, const futures::Future<T>& destination) {
  if (source.cancelled()) destination.cancel();
  if (!destination.set_running_or_notify_cancel()) return;
  FutureState& state = Access::state(source);
  if (std::exception_ptr error = state.failure())
    return destination.set_exception(std::move(error));
  try {
    if constexpr (std::is_void_v<T>)
      destination.set_result();
    else if constexpr (std::is_reference_v<T>)
      destination.set_result(source.result());
    else
      destination.set_result(std::move(FutureValue<T>::value_of(state)));  // nobody else has it
  } catch (...) {
    // T's constructor has thrown it.
    destination.set_exception(std::current_exception());
  }
}

// What is done with the one is done with the other: cancelled there, or ended here.
template <class T>
void chain(const Task<T>& source, const futures::Future<T>& destination, const EventLoop& loop) {
  destination.add_done_callback([source, loop](const futures::Future<T>& done) {
    if (done.cancelled()) loop.call_soon_threadsafe([source] { source.cancel(); });
  });
  source.add_done_callback([destination](const Future<T>& done) { publish(done, destination); });
}

template <class T>
struct Submitted {
  Coroutine<T> coro;
  EventLoop loop;
  futures::Future<T> future;

  void operator()() {
    try {
      chain(ensure_future(std::move(coro), loop), future, loop);
    } catch (...) {
      if (future.set_running_or_notify_cancel()) future.set_exception(std::current_exception());
      throw;
    }
  }
};

}  // namespace detail

// Has the coroutine run by a loop, from any thread: the one that blocks in result() must not be the
// loop's. Cancelling the future cancels the task.
//   int answer = asyncio::run_coroutine_threadsafe(ask(), loop).result();
// Throws   RuntimeError (the loop is closed).
// Threads  any.
// Spec     asyncio.run-coroutine-threadsafe
template <class T>
futures::Future<T> run_coroutine_threadsafe(Coroutine<T> coro, const EventLoop& loop) {
  const futures::Future<T> future;
  loop.call_soon_threadsafe(detail::Submitted<T>{std::move(coro), loop, future});
  return future;
}
template <class Try>
auto run_coroutine_threadsafe(detail::Attempt<Try> attempt, const EventLoop& loop) {
  return run_coroutine_threadsafe(detail::coroutine_of(std::move(attempt)), loop);
}

}  // namespace tandem::inline v1::asyncio
