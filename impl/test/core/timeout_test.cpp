#include "tandem/core/timeout.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tandem {
namespace {

using namespace std::chrono_literals;
using seconds = std::chrono::duration<double>;

TEST(Timeout, IsForEverByDefault) {
  EXPECT_TRUE(Timeout().is_forever());
  EXPECT_TRUE(Timeout(std::nullopt).is_forever());
  EXPECT_TRUE(detail::Deadline::after({}).is_never());
}

TEST(Timeout, IsRoundedUp) {
  EXPECT_EQ(Timeout(seconds(1e-10)).limit(), 1ns);
  EXPECT_EQ(Timeout(250ms).limit(), 250'000'000ns);
}

TEST(Timeout, KeepsItsSign) {
  EXPECT_TRUE(Timeout(-1ns).is_negative());
  EXPECT_TRUE(Timeout(seconds(-1e300)).is_negative());
  EXPECT_FALSE(Timeout(0s).is_negative());
}

TEST(Timeout, SaturatesAndSaysSo) {
  EXPECT_TRUE(Timeout(seconds(1e300)).is_too_large());
  EXPECT_TRUE(Timeout(std::chrono::hours::max()).is_too_large());
  EXPECT_TRUE(detail::Deadline::after(seconds(1e300)).is_never());
  EXPECT_FALSE(Timeout(24h).is_too_large());
}

TEST(Timeout, RefusesNaN) {
  EXPECT_THROW(Timeout(seconds(std::numeric_limits<double>::quiet_NaN())), ValueError);
}

TEST(Deadline, OfZeroHasPassed) { EXPECT_TRUE(detail::Deadline::after(0s).passed()); }
TEST(Deadline, FarOffHasNot) { EXPECT_FALSE(detail::Deadline::after(1h).passed()); }

}  // namespace
}  // namespace tandem
