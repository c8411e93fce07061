// asyncio.shield: what awaits may be cancelled, what is awaited is not.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/detail/awaitables.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/asyncio/future.hpp"
#include "tandem/asyncio/task.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

using HandOn = void (*)(FutureState& source, FutureState& destination, bool is_own);

// Gives a result to the other.
//   is_own  nobody else has the source, so its result can be moved
template <class T>
void hand_on(FutureState& source, FutureState& destination, bool is_own) {
  auto& to = static_cast<FutureValue<T>&>(destination);
  if constexpr (std::is_void_v<T>) {
    to.emplace();
  } else {
    auto& value = FutureValue<T>::value_of(source);
    if constexpr (!std::copy_constructible<element_t<T>>)
      to.emplace(std::move(value));
    else if (is_own)
      to.emplace(std::move(value));
    else
      to.emplace(std::as_const(value));
  }
  to.finish();
}

// Has the outer future done as the inner one is.
TANDEM_API void shield_from(FutureState& inner, FutureState& outer, HandOn hand_on, bool is_own);

template <class T>
Future<T> shielded(StateHandle inner, bool is_own) {
  if (inner->is_done()) return Access::adopt<Future<T>>(std::move(inner));
  Future<T> outer(loop_of(inner->loop()));
  shield_from(*inner, Access::state(outer), &hand_on<T>, is_own);
  return outer;
}

}  // namespace detail

// A future that is done as the awaitable is. Cancelling it, or who awaits it, leaves the awaitable
// alone; when that is cancelled, so is this. A coroutine becomes a task, at once. The result is
// copied, and what its copying throws is the exception; one that cannot be copied is moved out
// of the awaitable, which is left with what remains.
//   co_await asyncio::shield(save());
// Returns  of a future that is done, itself
// Throws   RuntimeError (a coroutine, and no loop).
// Spec     asyncio.shield
template <Awaitable A>
auto shield(A&& aw) -> Future<detail::awaited_t<A>> {
  const auto future = ensure_future(std::forward<A>(aw));
  return detail::shielded<detail::awaited_t<A>>(detail::Access::handle(future),
                                                detail::is_coroutine<A>);
}

}  // namespace tandem::inline v1::asyncio
