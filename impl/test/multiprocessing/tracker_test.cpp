#include "multiprocessing/tracker.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <thread>

#include "memory.hpp"
#include "multiprocessing/tracker_pipe.hpp"
#include "platform/fork.hpp"
#include "platform/pipe.hpp"
#include "platform/shared_memory.hpp"
#include "platform/socket.hpp"
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

// One that has yet to begin might be killed before it knows of anything.
void wait_until_heard() {
  const platform::Handle tracker = tracker_handle();
  int unread = 1;
  while (tracker && !platform::is_hung_up(tracker.get()) &&
         ::ioctl(tracker.get(), FIONREAD, &unread) == 0 && unread > 0)
    std::this_thread::yield();
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
  EXPECT_FALSE(tracker_handle());
  const auto name = fresh_name("first");
  make(name);
  EXPECT_TRUE(tracker_handle());
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

constexpr const char* environment_moves = "TANDEM_TEST_ENVIRONMENT_MOVES";

// Where what a constructor is called with does not stand before the environment, it may be
// anything. (Of the same rank as the tracker's own, and before it: libraries come later.)
__attribute__((constructor(101))) void move_the_environment() {
  if (std::getenv(environment_moves)) ::setenv("TANDEM_TEST_ENVIRONMENT_HAS_MOVED", "", 1);
}

TEST_F(Tracker, IsOneByItsCommandLineWhereConstructorsAreToldNothing) {
  const auto name = fresh_name("untold");
  ::setenv(environment_moves, "", 1);
  make(name);
  ::unsetenv(environment_moves);
  wait_until_heard();
  stop_helpers();
  EXPECT_TRUE(is_removed(name));
}

TEST_F(Tracker, GoesToASpawnedChild) {
  const auto kept = fresh_name("parent"), left = fresh_name("spawned");
  make(kept);
  auto child = get_context("spawn").Process(
      [](const std::string& name) {
        const bool has_one = static_cast<bool>(tracker_handle());
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

// Until it has ended; whoever has started it has yet to wait for it.
void kill_tracker() {
  pid_t pid = 0;
  std::ifstream("/proc/thread-self/children") >> pid;
  ASSERT_GT(pid, 0);
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

// False: there was too little memory.
bool track_within(std::size_t allocations, const std::string& name) {
  allocations_left = allocations;
  bool enough = true;
  try {
    track_shared_memory(name);
  } catch (const std::bad_alloc&) {
    enough = false;
  }
  allocations_left = SIZE_MAX;
  return enough;
}

// Memory runs short at each step in turn.
void run_short_of_memory(bool with_killed_tracker) {
  const auto kept = fresh_name("parent"), name = fresh_name("short");
  platform::Handle handle;
  ASSERT_EQ(platform::create_named_memory(name.c_str(), 16, handle), 0);
  bool tracked = false;
  for (std::size_t allocations = 0; !tracked; ++allocations) {
    if (with_killed_tracker) {
      make(kept);
      kill_tracker();
    }
    tracked = track_within(allocations, name);
    if (with_killed_tracker) remove(kept);
    wait_until_heard();
    stop_helpers();
    EXPECT_EQ(is_there(name), !tracked) << allocations;
    ASSERT_FALSE(has_children()) << allocations;
  }
}

TEST_F(Tracker, KnowsNoNameThatFailedToBeTracked) { run_short_of_memory(false); }
TEST_F(Tracker, LeavesNothingOfAKilledOneWhenMemoryRunsShort) { run_short_of_memory(true); }

}  // namespace
