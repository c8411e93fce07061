// asyncio.sleep.
#pragma once
#include <chrono>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"

namespace tandem::inline v1::asyncio {

// Suspends the task for so long, in seconds; zero or less: for one turn of the loop. It ends no
// sooner than that, and it is cancelled where the task is.
// Throws   when awaited: ValueError (NaN), CancelledError.
// Spec     asyncio.sleep
template <class Rep, class Period>
Coroutine<> sleep(std::chrono::duration<Rep, Period> delay) {
  // Any duration as it is: what is converted on the way stays in the awaiting frame.
  return Coroutine<>(detail::Delay(std::chrono::duration<double>(delay).count()));
}
// The same; then it gives the result.
template <class T>
Coroutine<std::decay_t<T>> sleep(std::chrono::duration<double> delay, T result) {
  co_await sleep(delay);
  co_return std::move(result);
}

}  // namespace tandem::inline v1::asyncio
