// What can be awaited, and what that gives.
#pragma once
#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/future.hpp"

namespace tandem::inline v1::asyncio {

template <class T>
class Task;

namespace detail {

// As co_await finds it.
template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
  if constexpr (requires { std::forward<A>(awaitable).operator co_await(); })
    return std::forward<A>(awaitable).operator co_await();
  else if constexpr (requires { operator co_await(std::forward<A>(awaitable)); })
    return operator co_await(std::forward<A>(awaitable));
  else
    return std::forward<A>(awaitable);
}

// Who would wait by any handle does not tell the task, which cannot wait then.
template <class W>
concept WaitsByItself = requires(W awaiter) {
  awaiter.await_suspend(std::coroutine_handle<>());
};

template <class A>
concept HasAwaiter = requires(decltype(awaiter_of(std::declval<A>())) awaiter,
                              std::coroutine_handle<Coroutine<>::promise_type> waiting) {
  { awaiter.await_ready() } -> std::convertible_to<bool>;
  awaiter.await_suspend(waiting);
  awaiter.await_resume();
}
&&!WaitsByItself<decltype(awaiter_of(std::declval<A>()))>;

// By value, as what is referred to may go with the awaitable.
template <class A>
struct Awaited {};
template <HasAwaiter A>
struct Awaited<A> {
  using type = std::remove_cvref_t<decltype(awaiter_of(std::declval<A>()).await_resume())>;
};
// Whose tasks have a T, whatever co_await gives of that.
template <class T>
struct Awaited<Coroutine<T>> {
  using type = T;
};
template <class T>
struct Awaited<Future<T>> {
  using type = T;
};
template <class T>
struct Awaited<Task<T>> {
  using type = T;
};
template <class A>
using awaited_t = typename Awaited<std::remove_cvref_t<A>>::type;

// Neither a coroutine nor a future: an Attempt, or of a type of the user's own.
template <class A>
concept OwnAwaitable =
    HasAwaiter<std::remove_cvref_t<A>> && !std::derived_from<std::remove_cvref_t<A>, AnyFuture> &&
    !std::same_as<std::remove_cvref_t<A>, Coroutine<awaited_t<A>>>;

template <class A>
Coroutine<awaited_t<A>> awaiting(A awaitable) {
  co_return co_await std::move(awaitable);
}
template <OwnAwaitable A>
Coroutine<awaited_t<A>> coroutine_of(A awaitable) {
  if constexpr (std::convertible_to<A, Coroutine<awaited_t<A>>>)
    return Coroutine<awaited_t<A>>(std::move(awaitable));
  else
    return awaiting(std::move(awaitable));
}

}  // namespace detail

}  // namespace tandem::inline v1::asyncio
