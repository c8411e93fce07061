#include "platform/posix/timespec.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tandem::platform {
namespace {

using namespace std::chrono_literals;

TEST(Timespec, HasSecondsAndTheRest) {
  const timespec spec = to_timespec(90s + 7ns);
  EXPECT_EQ(spec.tv_sec, 90);
  EXPECT_EQ(spec.tv_nsec, 7);
}

TEST(Timespec, NothingIsNegative) {
  const timespec spec = to_timespec(-90s);
  EXPECT_EQ(spec.tv_sec, 0);
  EXPECT_EQ(spec.tv_nsec, 0);
}

// Else a wait of a hundred years would be over at once where a time has 32 bits.
TEST(Timespec, WhatIsFarAwayIsNotSoon) {
  const timespec spec = to_timespec(std::chrono::nanoseconds::max());
  EXPECT_GT(spec.tv_sec, to_seconds(60 * 365 * 24h));
  EXPECT_LT(spec.tv_nsec, 1'000'000'000);
}

}  // namespace
}  // namespace tandem::platform
