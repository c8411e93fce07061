#include "platform/thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "platform/sanitizers.hpp"

namespace tandem::platform {
namespace {

TEST(PlatformThread, SeesOthersAsLongAsTheyRun) {
#ifdef TANDEM_TSAN
  GTEST_SKIP() << "the thread sanitizer has a thread of its own";
#endif
  EXPECT_FALSE(has_other_threads());
  for (int turn = 0; turn < 200; ++turn) {  // the system takes a while to clear up
    std::atomic<bool> go{false};
    std::thread other([&] { go.wait(false); });
    EXPECT_TRUE(has_other_threads());
    go = true;
    go.notify_one();
    other.join();
    EXPECT_FALSE(has_other_threads());
  }
}

}  // namespace
}  // namespace tandem::platform
