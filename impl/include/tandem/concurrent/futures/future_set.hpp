// Sets of futures, and what counts as a collection of futures.
#pragma once
#include <concepts>
#include <cstddef>
#include <ranges>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tandem/concurrent/futures/future.hpp"

namespace tandem::inline v1::concurrent::futures {

// Python's set of futures, iterated in the order of the input. A value.
//   Any  what stands for futures of all types: asyncio's are others
template <class F, class Any = AnyFuture>
class FutureSet {
 public:
  using value_type = F;
  using const_iterator = typename std::vector<F>::const_iterator;

  FutureSet() = default;
  // Duplicates are dropped.
  template <std::ranges::input_range R>
  explicit FutureSet(R&& futures) {
    if constexpr (std::ranges::sized_range<R>)
      known_.reserve(static_cast<std::size_t>(std::ranges::size(futures)));
    for (auto&& future : futures) insert(future);
  }

  void insert(const F& future) {
    if (known_.insert(future).second) futures_.push_back(future);
  }
  // `future in done`
  bool contains(const Any& future) const { return known_.contains(future); }
  std::size_t size() const { return futures_.size(); }
  bool empty() const { return futures_.empty(); }
  const_iterator begin() const { return futures_.begin(); }
  const_iterator end() const { return futures_.end(); }

 private:
  std::vector<F> futures_;
  std::unordered_set<Any> known_;
};

template <class R>
concept FutureRange =
    std::ranges::input_range<R> && std::derived_from<std::ranges::range_value_t<R>, AnyFuture>;
// A dict from futures: its keys are meant.
template <class M>
concept FutureMap = std::ranges::input_range<M> && requires {
  typename std::remove_cvref_t<M>::mapped_type;
} && std::derived_from<typename std::remove_cvref_t<M>::key_type, AnyFuture>;

namespace detail {

template <class F>
std::vector<FutureState*> states_of(const std::vector<F>& futures) {
  std::vector<FutureState*> states;
  states.reserve(futures.size());
  for (const F& future : futures) states.push_back(Access::state(future).operator->());
  return states;
}

// The different ones, in the order of the input.
template <class F, std::ranges::input_range R>
std::vector<F> distinct(R&& futures) {
  const FutureSet<F> set(std::forward<R>(futures));
  return {set.begin(), set.end()};
}

}  // namespace detail
}  // namespace tandem::inline v1::concurrent::futures
