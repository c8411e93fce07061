#include "multiprocessing/tracker.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "multiprocessing/tracker_pipe.hpp"
#include "platform/fork.hpp"
#include "platform/pipe.hpp"
#include "platform/shared_memory.hpp"
#include "platform/system.hpp"
#include "tandem/multiprocessing/detail/helpers.hpp"
#include "tandem/multiprocessing/process.hpp"

namespace {

using namespace tandem;
using namespace tandem::multiprocessing;
using namespace tandem::multiprocessing::detail;

std::string fresh_name(const char* what) {
  return "/tandem-test-" + std::to_string(platform::process_id()) + "-" + what;
}

void make(const std::string& name) {
  platform::Handle handle;
  ASSERT_EQ(platform::create_named_memory(name.c_str(), 16, handle), 0);
  track_shared_memory(name);
}

bool is_there(const std::string& name) {
  platform::Handle handle;
  return platform::open_named_memory(name.c_str(), handle) == 0;
}

// Within a minute: another process does it.
bool is_removed(const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (is_there(name)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

void remove(const std::string& name) {
  EXPECT_EQ(platform::unlink_named_memory(name.c_str()), 0);
  untrack_shared_memory(name);
}

// A child that has made the name, and then ends in some way.
void make_in_child(const std::string& name, void (*end)()) {
  Process child([&name, end] {
    make(name);
    end();
  });
  child.start();
  child.join();
}

class Tracker : public testing::Test {
 protected:
  void SetUp() override { stop_helpers(); }
  void TearDown() override { stop_helpers(); }
};

TEST_F(Tracker, IsStartedByTheFirstName) {
  EXPECT_EQ(tracker_handle(), platform::Handle::none);
  const auto name = fresh_name("first");
  make(name);
  EXPECT_NE(tracker_handle(), platform::Handle::none);
  remove(name);
}

TEST_F(Tracker, RemovesWhatAKilledOwnerHasLeft) {
  const auto kept = fresh_name("parent"), left = fresh_name("killed");
  make(kept);  // so the tracker is there before the child is
  make_in_child(left, [] { platform::exit_at_once(9); });
  EXPECT_TRUE(is_removed(left));
  EXPECT_TRUE(is_there(kept));
  remove(kept);
}

TEST_F(Tracker, KeepsForTheFamilyWhatAnOwnerLeavesThatEnds) {
  const auto kept = fresh_name("parent"), left = fresh_name("ended");
  make(kept);
  make_in_child(left, [] {});
  const auto later = fresh_name("later");
  make_in_child(later, [] { platform::exit_at_once(9); });
  EXPECT_TRUE(is_removed(later));  // by now the tracker knows of the former's end, too
  EXPECT_TRUE(is_there(left));
  remove(kept);
  stop_helpers();
  EXPECT_TRUE(is_removed(left));
}

TEST_F(Tracker, ForgetsWhatIsUntracked) {
  const auto name = fresh_name("untracked");
  make(name);
  untrack_shared_memory(name);
  stop_helpers();
  EXPECT_TRUE(is_there(name));
  EXPECT_EQ(platform::unlink_named_memory(name.c_str()), 0);
}

TEST_F(Tracker, LeavesAloneWhatAForkedChildDoesNotOwn) {
  const auto name = fresh_name("forked");
  make(name);
  Process child([&name] { untrack_shared_memory(name); });
  child.start();
  child.join();
  stop_helpers();  // this process has left it, and nobody has taken it back
  EXPECT_TRUE(is_removed(name));
}

TEST_F(Tracker, GoesToASpawnedChild) {
  const auto kept = fresh_name("parent"), left = fresh_name("spawned");
  make(kept);
  auto child = get_context("spawn").Process(
      [](const std::string& name) {
        const bool has_one = tracker_handle() != platform::Handle::none;
        make(name);
        platform::exit_at_once(has_one ? 9 : 1);
      },
      left);
  child.start();
  child.join();
  EXPECT_EQ(child.exitcode(), 9);
  EXPECT_TRUE(is_removed(left));
  remove(kept);
}

}  // namespace
