// concurrent.futures.wait: until some or all of many futures are done.
#pragma once
#include <initializer_list>
#include <ranges>
#include <type_traits>

#include "tandem/concurrent/futures/detail/watch.hpp"
#include "tandem/concurrent/futures/future_set.hpp"

namespace tandem::inline v1::concurrent::futures {

// FIRST_COMPLETED   one has finished, or its cancelling was noticed by its executor
// FIRST_EXCEPTION   one has finished by throwing, or all are done
// ALL_COMPLETED     all are done
using detail::ReturnWhen;
using enum detail::ReturnWhen;

struct WaitOptions {
  Timeout timeout{};  // longest wait; default for ever
  ReturnWhen return_when = ALL_COMPLETED;
};

template <class F>
struct DoneAndNotDone {
  FutureSet<F> done, not_done;
};

namespace detail {

template <class F, class R>
DoneAndNotDone<F> wait_for_all_of(R&& fs, WaitOptions options) {
  const std::vector<F> futures = distinct<F>(std::forward<R>(fs));
  wait_for(states_of(futures), options.timeout, options.return_when);
  DoneAndNotDone<F> result;
  for (const F& future : futures)
    (Access::state(future)->is_notified() ? result.done : result.not_done).insert(future);
  return result;
}

}  // namespace detail

// Waits for futures of any executors: a range, a map from futures, or a list in braces, of
// different types too. Nothing is cancelled and nothing thrown when the time runs out.
// Returns  done: finished, or cancelled and noticed by their executor. not_done: the others.
// Throws   OverflowError (timeout); InvalidStateError (a moved-from handle).
// Spec     futures.wait
template <FutureRange R>
  requires(!FutureMap<R>)
auto wait(R&& fs, WaitOptions options = {}) -> DoneAndNotDone<std::ranges::range_value_t<R>> {
  return detail::wait_for_all_of<std::ranges::range_value_t<R>>(fs, options);
}
template <FutureMap M>
auto wait(M&& fs, WaitOptions options = {})
    -> DoneAndNotDone<typename std::remove_cvref_t<M>::key_type> {
  using F = typename std::remove_cvref_t<M>::key_type;
  return detail::wait_for_all_of<F>(std::views::keys(fs), options);
}
template <class T>
auto wait(std::initializer_list<Future<T>> fs, WaitOptions options = {})
    -> DoneAndNotDone<Future<T>> {
  return detail::wait_for_all_of<Future<T>>(fs, options);
}
inline auto wait(std::initializer_list<AnyFuture> fs, WaitOptions options = {})
    -> DoneAndNotDone<AnyFuture> {
  return detail::wait_for_all_of<AnyFuture>(fs, options);
}

}  // namespace tandem::inline v1::concurrent::futures
