// Ranges of awaitables, as gather() and as_completed() take them.
#pragma once
#include <concepts>
#include <ranges>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/task.hpp"

namespace tandem::inline v1::asyncio::detail {

// Coroutines have to be given away: std::move(coroutines).
template <class R>
concept AwaitableRange = std::ranges::input_range<R> && Awaitable<std::ranges::range_value_t<R>> &&
    (!std::is_lvalue_reference_v<R> || std::copy_constructible<std::ranges::range_value_t<R>>);

template <class A>
inline constexpr bool is_coroutine = !std::derived_from<std::remove_cvref_t<A>, AnyFuture>;

template <AwaitableRange R, class Act>
void for_each_awaitable(R&& awaitables, Act act) {
  for (auto&& awaitable : awaitables) {
    if constexpr (is_coroutine<std::ranges::range_value_t<R>> && !std::is_lvalue_reference_v<R>)
      act(std::move(awaitable));
    else
      act(std::forward<decltype(awaitable)>(awaitable));
  }
}

}  // namespace tandem::inline v1::asyncio::detail
