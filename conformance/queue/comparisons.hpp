// When a priority queue can be made without a comparison; of both kinds, queue's and asyncio's.
#pragma once
#include <gtest/gtest.h>

#include <concepts>
#include <functional>
#include <type_traits>

namespace tandem::conformance {

// One that would be null, or that cannot be made, has to be given.
template <template <class, class> class PriorityQueue>
void expect_comparisons_are_given() {
  const auto needs = []<class Compare>(std::type_identity<Compare>) {
    using Q = PriorityQueue<int, Compare>;
    EXPECT_TRUE((std::constructible_from<Q, int, Compare>));
    EXPECT_EQ((std::constructible_from<Q, int>), std::default_initializable<Q>);
    return !std::default_initializable<Q>;
  };
  int zero = 0;
  const auto without_captures = [](int left, int right) { return left < right; };
  const auto with_captures = [&zero](int left, int right) { return left < right + zero; };
  EXPECT_TRUE(needs(std::type_identity<bool (*)(int, int)>()));
  EXPECT_TRUE(needs(std::type_identity<std::function<bool(int, int)>>()));
  EXPECT_TRUE(needs(std::type_identity<decltype(with_captures)>()));
  EXPECT_FALSE(needs(std::type_identity<decltype(without_captures)>()));
  EXPECT_FALSE(needs(std::type_identity<std::less<>>()));
  EXPECT_FALSE(needs(std::type_identity<std::less<int>>()));
}

}  // namespace tandem::conformance
