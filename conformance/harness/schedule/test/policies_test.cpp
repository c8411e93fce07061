// Do the policies reach what they are there to reach, and does the bounded search see everything?
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <tandem/platform/seam.hpp>
#include <vector>

#include "bounded.hpp"
#include "trial.hpp"

namespace tandem::conformance {
namespace {

using Bodies = std::vector<std::function<void()>>;

// Threads of so many steps, each of which others can see: what came before what.
std::string order_of(Policy& policy, std::size_t threads, int steps) {
  std::string seen;
  seam::atomic<int> place{0};
  Bodies bodies;
  for (std::size_t thread = 0; thread < threads; ++thread)
    bodies.emplace_back([&, thread] {
      for (int i = 0; i < steps; ++i) {
        place.store(i);
        seen += static_cast<char>('a' + thread);
      }
    });
  scheduled::run(policy, {}, bodies);
  return seen;
}

std::set<std::string> orders_within(std::size_t preemptions, std::size_t threads, int steps) {
  BoundedSearch search(preemptions);
  std::set<std::string> orders;
  do orders.insert(order_of(search, threads, steps));
  while (search.next());
  EXPECT_TRUE(search.is_deterministic());
  return orders;
}

TEST(BoundedSearch, SeesEveryOrder) {
  EXPECT_EQ(orders_within(0, 2, 2), (std::set<std::string>{"aabb", "bbaa"}));
  EXPECT_EQ(orders_within(0, 3, 3).size(), 6U);
  // All interleavings of two times two steps need three preemptions at most.
  EXPECT_EQ(orders_within(1, 2, 2).size(), 4U);
  EXPECT_EQ(orders_within(2, 2, 2).size(), 6U);
  EXPECT_EQ(orders_within(3, 2, 2).size(), 6U);
  EXPECT_EQ(orders_within(6, 3, 2).size(), 90U);  // 6! / (2! 2! 2!)
}

TEST(RandomWalk, SeesEveryOrderOfAFewSteps) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    RandomWalk walk(seed);
    orders.insert(order_of(walk, 2, 2));
  }
  EXPECT_EQ(orders.size(), 6U);
}

// d = 2 has one change of priorities: it reaches "all of one thread's many steps, in the middle of
// another's", which a random walk never does.
TEST(Pct, LetsAThreadStarve) {
  constexpr int steps = 40;
  const std::string all(steps, 'b');
  const auto hits = [&](const auto& policy_of) {
    int count = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      auto policy = policy_of(seed);
      const std::string order = order_of(policy, 2, steps);
      const auto at = order.find(all);
      if (at != order.npos && at != 0 && at != steps) ++count;
    }
    return count;
  };
  EXPECT_EQ(hits([](std::uint64_t seed) { return RandomWalk(seed); }), 0);
  EXPECT_GT(hits([](std::uint64_t seed) { return Pct(seed, 2, 2 * steps); }), 20);
}

TEST(FromData, AnyBytesAreASchedule) {
  for (int byte = 0; byte < 256; ++byte) {
    const Schedule schedule(20, static_cast<std::uint8_t>(byte));
    FromData policy(schedule);
    EXPECT_EQ(order_of(policy, 3, 2).size(), 6U);
  }
}

}  // namespace
}  // namespace tandem::conformance
