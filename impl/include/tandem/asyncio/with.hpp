// Python's `async with`, which C++ has no statement for: destructors cannot wait.
#pragma once
#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/attempt.hpp"
#include "tandem/asyncio/detail/referrers.hpp"

namespace tandem::inline v1::asyncio {

// What can be entered and left: Python's __aenter__ and __aexit__.
//   aexit(error)  with what the body has thrown, or null; true: that is not thrown on. It may throw
//                 something else.
template <class M>
concept ContextManager = requires(M& manager, std::exception_ptr error) {
  manager.aenter();
  { manager.aexit(error) } -> std::same_as<Coroutine<bool>>;
};

template <class L>
concept Lockable = requires(L& lock) {
  { lock.acquire() } -> std::convertible_to<Coroutine<bool>>;
  lock.release();
};

// Releases a lock at the end of its scope: what with(lock) gives. Move-only. One of asyncio's own
// locks may go first; any other has to outlive it.
template <class L>
class [[nodiscard("it releases the lock at the end of its scope")]] Guard {
 public:
  explicit Guard(L & held) noexcept : lock_(held) {}
  explicit Guard(detail::Reference<L> held) noexcept : lock_(std::move(held)) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  Guard(Guard &&) noexcept = default;
  Guard& operator=(Guard&& other) noexcept {
    if (this == &other) return *this;
    release();
    lock_ = std::move(other.lock_);
    return *this;
  }
  ~Guard() { release(); }

 private:
  void release() noexcept {
    try {
      if (L* const lock = lock_.take()) lock->release();
    } catch (const std::exception&) {
      // Somebody has released it before; or the task is dropped in wait(), where it has not got it.
    }
  }
  detail::Reference<L> lock_;
};

namespace detail {

template <class T>
struct BodyResult {
  using type = T;
  static constexpr bool is_coroutine = false;
};
template <class T>
struct BodyResult<Coroutine<T>> {
  using type = T;
  static constexpr bool is_coroutine = true;
};
template <class Try>
struct BodyResult<Attempt<Try>> : BodyResult<Coroutine<typename Try::Result>> {};

template <class Body, class M>
decltype(auto) call_body(Body& body, M& manager) {
  if constexpr (std::invocable<Body&, M&>)
    return std::invoke(body, manager);
  else
    return std::invoke(body);
}
template <class Body, class M>
using body_t =
    BodyResult<std::remove_cv_t<decltype(call_body(std::declval<Body&>(), std::declval<M&>()))>>;
template <class Body, class M>
using body_result_t = typename body_t<Body, M>::type;

template <class Body, class M>
concept BodyOf = std::invocable<Body&, M&> || std::invocable<Body&>;

// What the body gives and what it throws.
template <class T>
struct BodyEnd {
  std::optional<element_t<T>> result;
  std::exception_ptr error;
};

template <class Body, class M>
Coroutine<BodyEnd<body_result_t<Body, M>>> end_of(Body& body, M& manager) {
  using T = body_result_t<Body, M>;
  constexpr bool is_coroutine = body_t<Body, M>::is_coroutine;
  BodyEnd<T> end;
  try {
    if constexpr (std::is_void_v<T>) {
      if constexpr (is_coroutine)
        co_await call_body(body, manager);
      else
        call_body(body, manager);
      end.result.emplace();
    } else if constexpr (std::is_reference_v<T>) {
      if constexpr (is_coroutine)
        end.result.emplace(std::addressof(co_await call_body(body, manager)));
      else
        end.result.emplace(std::addressof(call_body(body, manager)));
    } else {
      if constexpr (is_coroutine)
        end.result.emplace(co_await call_body(body, manager));
      else
        end.result.emplace(call_body(body, manager));
    }
  } catch (...) {
    end.error = std::current_exception();
  }
  co_return end;
}

[[noreturn]] TANDEM_API void throw_swallowed();

}  // namespace detail

// Enters, calls the body, leaves: `async with cm: body`. The body is a coroutine or a plain
// function, of the context manager or of nothing; its result is that of with.
//   asyncio::TaskGroup group;
//   auto [a, b] = co_await asyncio::with(group, [](asyncio::TaskGroup& tg) {
//     return std::pair(tg.create_task(first()), tg.create_task(second()));
//   });
// The body lives until it has ended, so a coroutine may use what its lambda has captured; but
// captures by value make trouble with g++ 12 within a co_await expression: name the lambda first.
// Throws   what the body throws, unless leaving swallows it; RuntimeError (it was swallowed, and
//          there is no result); what entering and leaving throw.
// Spec     asyncio.with
template <ContextManager M, detail::BodyOf<M> Body>
auto with(M& manager, Body body) -> Coroutine<detail::body_result_t<Body, M>> {
  using T = detail::body_result_t<Body, M>;
  co_await manager.aenter();
  auto end = co_await detail::end_of(body, manager);
  const bool is_swallowed = co_await manager.aexit(end.error);
  if (end.error && !is_swallowed) std::rethrow_exception(end.error);
  if constexpr (std::is_void_v<T>) {
    co_return;
  } else {
    if (!end.result) detail::throw_swallowed();
    if constexpr (std::is_reference_v<T>)
      co_return **end.result;
    else
      co_return *std::move(end.result);
  }
}

// `async with lock:` up to the end of the scope.
//   auto guard = co_await asyncio::with(lock);
// Throws   what acquire() throws.
// Spec     asyncio.with.guard
template <Lockable L>
Coroutine<Guard<L>> with(L& lock) {
  detail::Reference<L> taken(lock);
  co_await lock.acquire();
  co_return Guard<L>(std::move(taken));
}
// The same around a body.
template <Lockable L, detail::BodyOf<L> Body>
requires(!ContextManager<L>) auto with(L& lock, Body body)
    -> Coroutine<detail::body_result_t<Body, L>> {
  detail::Reference<L> taken(lock);
  co_await lock.acquire();
  if (!taken.get()) throw RuntimeError("the lock is gone");  // since it was given to this task
  const Guard<L> guard(std::move(taken));
  if constexpr (detail::body_t<Body, L>::is_coroutine)
    co_return co_await detail::call_body(body, lock);
  else
    co_return detail::call_body(body, lock);
}

}  // namespace tandem::inline v1::asyncio
