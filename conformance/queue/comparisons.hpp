// When a priority queue can be made without a comparison; of both kinds, queue's and asyncio's.
#pragma once
#include <concepts>
#include <functional>

namespace tandem::conformance {

template <template <class, class> class PriorityQueue, class Compare>
concept HasToBeGiven = std::constructible_from<PriorityQueue<int, Compare>, int, Compare> &&
                       !std::constructible_from<PriorityQueue<int, Compare>, int> &&
                       !std::default_initializable<PriorityQueue<int, Compare>>;

template <template <class, class> class PriorityQueue, class Compare>
concept MayBeGiven = std::constructible_from<PriorityQueue<int, Compare>, int, Compare> &&
                     std::constructible_from<PriorityQueue<int, Compare>, int> &&
                     std::default_initializable<PriorityQueue<int, Compare>>;

// One that would be null, or that cannot be made, has to be given, and no other.
template <template <class, class> class PriorityQueue>
constexpr bool comparisons_are_given() {
  int zero = 0;
  const auto with_captures = [&zero](int left, int right) { return left < right + zero; };
  const auto without_captures = [](int left, int right) { return left < right; };
  return HasToBeGiven<PriorityQueue, bool (*)(int, int)> &&
         HasToBeGiven<PriorityQueue, std::function<bool(int, int)>> &&
         HasToBeGiven<PriorityQueue, decltype(with_captures)> &&
         MayBeGiven<PriorityQueue, decltype(without_captures)> &&
         MayBeGiven<PriorityQueue, std::less<>> && MayBeGiven<PriorityQueue, std::less<int>>;
}

}  // namespace tandem::conformance
