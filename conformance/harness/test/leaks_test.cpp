#include "conformance/harness/leaks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "conformance/harness/times.hpp"

namespace tandem::conformance {
namespace {

TEST(Leaks, NothingHappenedNothingLeaked) {
  const auto before = holdings_now();
  EXPECT_TRUE(leaked_since(before).empty());
}

TEST(Leaks, NamesADescriptor) {
  const auto before = holdings_now();
  const int descriptor = open("/dev/null", O_RDONLY);
  EXPECT_EQ(leaked_since(before),
            std::vector{"descriptor " + std::to_string(descriptor) + " -> /dev/null"});
  close(descriptor);
  EXPECT_TRUE(leaked_since(before).empty());
}

TEST(Leaks, NamesAThread) {
  const auto before = holdings_now();
  std::promise<void> end;
  std::thread thread([&] { end.get_future().wait(); });
  EXPECT_EQ(leaked_since(before).size(), 1U);
  end.set_value();
  thread.join();
}

TEST(Leaks, NamesAChildUntilItIsWaitedFor) {
  const auto before = holdings_now();
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const auto leaked = leaked_since(before);
  ASSERT_EQ(leaked.size(), 1U);
  EXPECT_TRUE(leaked[0].starts_with("child " + std::to_string(child) + " ("));
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(leaked_since(before).empty());
}

TEST(Leaks, NamesSharedMemoryOfAChild) {
  const auto before = holdings_now();
  const std::string name = "/tandem-leaks-" + std::to_string(getpid());
  const pid_t child = fork();
  if (child == 0) _exit(shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600) < 0);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(leaked_since(before), std::vector{"shared memory " + name});
  shm_unlink(name.c_str());
  EXPECT_TRUE(leaked_since(before).empty());
}

TEST(Leaks, GivesAnEndingThreadItsTime) {
  const auto before = holdings_now();
  std::thread([] { std::this_thread::sleep_for(times::brief); }).detach();
  EXPECT_TRUE(leaked_since(before).empty());
}

TEST(Times, AreInOrderAndScaled) {
  EXPECT_LT(times::brief, times::must_expire);
  EXPECT_LT(times::must_expire, times::may_expire);
  EXPECT_LT(times::may_expire, times::must_not_expire);
  EXPECT_EQ(times::brief, times::scaled(std::chrono::milliseconds(10)));
}

}  // namespace
}  // namespace tandem::conformance
