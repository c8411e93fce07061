// asyncio.wait: several futures, until some or all are done.
#pragma once
#include <concepts>
#include <ranges>
#include <utility>
#include <vector>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/future.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/concurrent/futures/future_set.hpp"
#include "tandem/concurrent/futures/wait.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::asyncio {

// FIRST_COMPLETED   one is done
// FIRST_EXCEPTION   one has failed, which a cancelled one has not; or all are done
// ALL_COMPLETED     all are done
using concurrent::futures::ReturnWhen;
using enum concurrent::futures::ReturnWhen;

struct WaitOptions {
  v1::Timeout timeout{};  // longest wait; default for ever
  ReturnWhen return_when = ALL_COMPLETED;
};

// Python's set of futures, iterated in the order of the input. A value.
template <class F>
using FutureSet = concurrent::futures::FutureSet<F, AnyFuture>;

template <class F>
struct DonePending {
  FutureSet<F> done, pending;
};

// What braces make of futures, of different types too. (Not a std::initializer_list, which g++ 12
// refuses inside a co_await expression.) A value.
class FutureList {
 public:
  template <std::derived_from<AnyFuture>... F>
  FutureList(const F&... futures) : futures_{futures...} {}
  const std::vector<AnyFuture>& futures() const noexcept { return futures_; }

 private:
  std::vector<AnyFuture> futures_;
};

namespace detail {

// Until as many are done as it takes. Throws ValueError (none).
TANDEM_API Coroutine<> wait_until_done(std::vector<StateHandle> futures, v1::Timeout timeout,
                                       ReturnWhen return_when);

template <class F>
Coroutine<DonePending<F>> wait_for_set(FutureSet<F> futures, WaitOptions options) {
  std::vector<StateHandle> states;
  for (const F& future : futures) states.push_back(Access::handle(future));
  co_await wait_until_done(std::move(states), options.timeout, options.return_when);
  DonePending<F> result;
  for (const F& future : futures) (future.done() ? result.done : result.pending).insert(future);
  co_return result;
}

}  // namespace detail

// Waits for futures, in a range or in braces. When the time runs out nothing is cancelled and
// nothing thrown.
//   auto [done, pending] = co_await asyncio::wait(tasks, {.timeout = 5s});
// Throws   when awaited: ValueError (no futures).
// Spec     asyncio.wait
template <std::ranges::input_range R>
requires std::derived_from<std::ranges::range_value_t<R>, AnyFuture>
auto wait(R&& futures, WaitOptions options = {})
    -> Coroutine<DonePending<std::ranges::range_value_t<R>>> {
  using F = std::ranges::range_value_t<R>;
  return detail::wait_for_set<F>(FutureSet<F>(futures), options);
}
inline auto wait(const FutureList& futures, WaitOptions options = {})
    -> Coroutine<DonePending<AnyFuture>> {
  return detail::wait_for_set<AnyFuture>(FutureSet<AnyFuture>(futures.futures()), options);
}
// A set is needed: wait({task}).
template <std::derived_from<AnyFuture> F>
void wait(const F& future, WaitOptions options = {}) = delete;

}  // namespace tandem::inline v1::asyncio
