#include "multiprocessing/tracker.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "children.hpp"
#include "memory.hpp"
#include "multiprocessing/tracker_pipe.hpp"
#include "needs.hpp"
#include "platform/fork.hpp"
#include "platform/pipe.hpp"
#include "platform/sanitizers.hpp"
#include "platform/shared_memory.hpp"
#include "platform/socket.hpp"
#include "platform/system.hpp"
#include "platform/tracker.hpp"
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

// That this thread has started.
pid_t tracker_process() {
  pid_t pid = 0;
  std::ifstream("/proc/thread-self/children") >> pid;
  EXPECT_GT(pid, 0);
  return pid;
}

// Until it has ended; whoever has started it has yet to wait for it.
void kill_tracker() {
  const pid_t pid = tracker_process();
  ASSERT_GT(pid, 0);
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
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

// While it lives, the tracker is stopped and its pipe full.
class Stopped {
 public:
  Stopped() : tracker_(tracker_process()) {
    wait_until_heard();
    stop(tracker_);
    const platform::Handle pipe = tracker_handle();
    const platform::TrackerMessage of_nothing{platform::TrackerMessage::Kind::untrack, 0, {}};
    while (::write(pipe.get(), &of_nothing, sizeof of_nothing) == sizeof of_nothing) {
    }
    EXPECT_EQ(errno, EAGAIN);
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() { end(SIGCONT); }

  // Whoever has started it may wait for it meanwhile.
  void kill() { end(SIGKILL); }

 private:
  void end(int signal) {
    if (tracker_ > 0) ::kill(std::exchange(tracker_, 0), signal);
  }

  pid_t tracker_;
};

// How many this process has of its pipe.
std::ptrdiff_t tracker_handles() {
  const auto file_of = [](const std::filesystem::path& handle) {
    std::error_code closed_meanwhile;
    return std::filesystem::read_symlink(handle, closed_meanwhile);
  };
  const std::filesystem::path handles = "/proc/self/fd";
  const platform::Handle pipe = tracker_handle();
  return std::ranges::count(std::filesystem::directory_iterator(handles),
                            std::filesystem::directory_iterator(),
                            file_of(handles / std::to_string(pipe.get())), file_of);
}

// Another thread, which waits until the tracker reads: it has a handle of its own then.
template <class Work>
std::thread waiting_in(Work work) {
  const auto before = tracker_handles();
  std::thread thread(work);
  while (tracker_handles() == before) std::this_thread::yield();
  return thread;
}

// No fork() waits for a message that a tracker does not read.
TEST_F(Tracker, IsToldWithoutItsLock) {
  const auto kept = fresh_name("parent"), name = fresh_name("waits");
  make(kept);
  std::thread tracking, untracking;
  {
    const Stopped stopped;
    tracking = waiting_in([&] { make(name); });
    untracking = waiting_in([&] { remove(kept); });
    Child child([] {
      ::alarm(60);
      return tracker_handle() ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
  }
  tracking.join();
  untracking.join();
  stop_helpers();
  EXPECT_TRUE(is_removed(name));
}

TEST_F(Tracker, IsToldInOrder) {
  const auto name = fresh_name("again");
  make(name);
  std::thread untracking, tracking;
  {
    const Stopped stopped;
    untracking = waiting_in([&] { remove(name); });
    tracking = waiting_in([&] { make(name); });
  }
  untracking.join();
  tracking.join();
  stop_helpers();
  EXPECT_TRUE(is_removed(name));
}

TEST_F(Tracker, IsStartedAgainWhereItWasStoppedMeanwhile) {
#ifndef TANDEM_TSAN  // where only threads of the child are the matter
  TANDEM_NEEDS(threads_after_fork);
#endif
  const auto kept = fresh_name("parent"), name = fresh_name("waits");
  make(kept);
  std::thread tracking, stopping;
  {
    const Stopped stopped;
    tracking = waiting_in([&] { make(name); });
    stopping = std::thread(stop_helpers);
    while (tracker_handle()) std::this_thread::yield();
  }
  tracking.join();
  stopping.join();
  EXPECT_TRUE(is_removed(kept));
  stop_helpers();
  EXPECT_TRUE(is_removed(name));
}

TEST_F(Tracker, IsStartedAgainForWhoWaitsToTellIt) {
  const auto kept = fresh_name("parent"), name = fresh_name("waits");
  make(kept);
  std::thread tracking;
  {
    Stopped stopped;
    tracking = waiting_in([&] { make(name); });
    stopped.kill();
  }
  tracking.join();
  stop_helpers();
  EXPECT_TRUE(is_removed(name));
  EXPECT_TRUE(is_removed(kept));
}

TEST_F(Tracker, IsToldAgainOfMoreThanItsPipeTakes) {
  constexpr int many = 1000;
  const auto nth = [](int n) { return fresh_name(std::to_string(n).c_str()); };
  for (int n = 0; n < many; ++n) make(nth(n));
  kill_tracker();
  make(nth(many));
  for (int n = 1; n < many; ++n) remove(nth(n));
  stop_helpers();
  EXPECT_TRUE(is_removed(nth(0)));
  EXPECT_TRUE(is_removed(nth(many)));
}

}  // namespace
