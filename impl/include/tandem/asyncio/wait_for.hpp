// asyncio.wait_for: one awaitable, with a limit of time.
#pragma once
#include <exception>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/asyncio/timeout.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

// Cancels it and waits until it is done, however it deals with that.
TANDEM_API Coroutine<> cancel_and_wait(AnyFuture future);

// Of a limit that is over: what is done counts, all else is cancelled.
template <class A>
Coroutine<awaited_t<A>> result_at_once(A aw) {
  auto future = ensure_future(std::move(aw));
  if (future.done()) co_return co_await std::move(future);
  co_await cancel_and_wait(future);
  try {
    co_return co_await std::move(future);
  } catch (const CancelledError&) {
    std::throw_with_nested(TimeoutError());
  }
}

template <class A>
Coroutine<awaited_t<A>> result_within(A aw, v1::Timeout limit) {
  Timeout scope = asyncio::timeout(limit);
  scope.enter();
  std::exception_ptr error;
  try {
    if constexpr (std::is_void_v<awaited_t<A>>) {
      co_await std::move(aw);
      scope.exit(nullptr);
      co_return;
    } else {
      awaited_t<A> result = co_await std::move(aw);  // what is referred to may go
      scope.exit(nullptr);
      co_return static_cast<awaited_t<A>&&>(result);
    }
  } catch (...) {
    error = std::current_exception();
  }
  scope.exit(error);
  std::rethrow_exception(error);
}

}  // namespace detail

// The result of a coroutine, task or future, if it comes in time; a coroutine runs in the task of
// the caller. Else it is cancelled, and once it has dealt with that TimeoutError is thrown; unless
// it returns or throws something else instead.
//   co_await asyncio::wait_for(fetch(url), 10s);
//   limit  zero or less: a coroutine is not even begun
// Throws   when awaited: TimeoutError; what the awaitable throws.
// Spec     asyncio.wait-for
template <Awaitable A>
auto wait_for(A&& aw, v1::Timeout limit) -> Coroutine<detail::awaited_t<A>> {
  using Value = std::remove_cvref_t<A>;
  if (!limit.is_forever() && limit.limit().count() <= 0)
    return detail::result_at_once<Value>(Value(std::forward<A>(aw)));
  return detail::result_within<Value>(Value(std::forward<A>(aw)), limit);
}

}  // namespace tandem::inline v1::asyncio
