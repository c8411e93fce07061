// Trials as text, and what is smaller than a trial.
#include "trial.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "smaller.hpp"

namespace tandem::conformance {
namespace {

const Target target{"Queue", {"put", "get"}, {}};

TEST(Trial, Text) {
  const Trial trial{{{0, 1, 1}, {}, {0}}, {0, 0, 3, 0, 1}};
  const std::string text = to_text(target, trial);
  EXPECT_EQ(text, "put get get / / put @ 2:3 4:1");
  const Trial again = parse(target, text);
  EXPECT_EQ(again.programs, trial.programs);
  EXPECT_EQ(again.schedule, trial.schedule);
  EXPECT_EQ(trial.operations(), 4U);
}

TEST(Trial, NotEveryTextIsOne) {
  EXPECT_THROW(parse(target, "push"), std::invalid_argument);
  EXPECT_THROW(parse(target, "put @ 3"), std::invalid_argument);
  EXPECT_THROW(parse(target, "put @ a:1"), std::invalid_argument);
}

TEST(Smaller, ComesToAnEnd) {
  Trial trial{{{0, 1}, {1}}, {0, 2, 0, 1, 3}};
  int steps = 0;
  for (auto next = smaller(trial); !next.empty(); next = smaller(trial), ++steps) {
    ASSERT_LT(steps, 100);
    trial = next.back();
  }
  EXPECT_EQ(trial.operations(), 0U);
  EXPECT_TRUE(trial.schedule.empty());
}

TEST(Smaller, LeavesTheProgramsAlone) {
  const Trial trial{{{0, 1}, {1}}, {0, 2, 0, 1}};
  const auto found = smaller_schedules(trial);
  EXPECT_FALSE(found.empty());
  EXPECT_TRUE(std::all_of(found.begin(), found.end(),
                          [&](const Trial& next) { return next.programs == trial.programs; }));
}

}  // namespace
}  // namespace tandem::conformance
