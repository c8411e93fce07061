// What a child of fork() makes of words in which threads were counted that it does not have.
#include "tandem/core/fork.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <new>
#include <thread>

#include "memory.hpp"
#include "needs.hpp"
#include "platform/sanitizers.hpp"
#include "tandem/core/gate.hpp"
#include "tandem/core/log.hpp"
#include "tandem/os/register_at_fork.hpp"

namespace tandem::detail {
namespace {

template <class Body>
int exit_code_of_child(Body body) {
  const auto child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#ifndef NDEBUG
TEST(Fork, LocksAreTakenInItsOrder) {
  static auto& outer = *new ForkSafeMutex(ForkStage::threading);  // never destroyed, as each
  static auto& old = *new ForkSafeMutex(ForkStage::core);
  static auto& young = *new ForkSafeMutex(ForkStage::core);
  const auto exit_code_of_both = [](ForkSafeMutex& first, ForkSafeMutex& second) {
    return exit_code_of_child([&] {
      const std::scoped_lock guard(first);
      const std::scoped_lock both(second);
      return 0;
    });
  };
  EXPECT_EQ(exit_code_of_both(outer, young), 0);
  EXPECT_EQ(exit_code_of_both(young, old), 0);
  EXPECT_EQ(exit_code_of_both(old, young), -SIGABRT);
  EXPECT_EQ(exit_code_of_both(old, outer), -SIGABRT);
}
#endif

TEST(Fork, CountsGenerations) {
  const std::uint32_t here = process_generation;
  EXPECT_EQ(exit_code_of_child([=] { return process_generation == here + 1 ? 0 : 1; }), 0);
  EXPECT_EQ(process_generation, here);
}

// A thread was searching, so the parent's wakers leave the waking to it.
TEST(Fork, GateForgetsWhoSearched) {
  TANDEM_NEEDS(threads_after_fork);
  Gate gate;
  std::atomic<bool> searching{false}, found{false};
  std::thread searcher([&] {
    gate.wait(
        [&] {
          searching = true;
          while (!found) std::this_thread::yield();
          return true;
        },
        Deadline::never());
  });
  while (!searching) std::this_thread::yield();
  const auto sleep_and_wake = [&] {
    std::thread sleeper([&] { gate.wait_parked([] { return false; }, Deadline::never()); });
    while (parked_threads() == 0) std::this_thread::yield();
    while (!gate.wake_one()) std::this_thread::yield();
    sleeper.join();
  };
  EXPECT_EQ(exit_code_of_child([&] {
              sleep_and_wake();
              gate.wait([] { return true; }, Deadline::never());  // counted anew
              sleep_and_wake();
              return 0;
            }),
            0);
  found = true;
  searcher.join();
}

// Neither for its hooks nor for what those throw.
TEST(Fork, NeedsNoMemory) {
  static bool runs_short = false;
  const auto fail = [] {
    if (runs_short) throw std::bad_alloc();
  };
  os::register_at_fork({.before = fail, .after_in_child = fail, .after_in_parent = fail});
  runs_short = true;
  allocations_left = 0;
  const int code = exit_code_of_child([] { return 0; });
  allocations_left = SIZE_MAX;
  runs_short = false;
  EXPECT_EQ(code, 0);
}

// Whoever holds a lock of the library's own while another forks has given it back in the child.
TEST(Fork, TakesTheLibrarysLocks) {
#ifndef TANDEM_TSAN  // where only threads of the child are the matter
  TANDEM_NEEDS(threads_after_fork);
#endif
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) log_sink([](std::string_view) {});
  });
  for (int turn = 0; turn < 50; ++turn)
    EXPECT_EQ(exit_code_of_child([] {
                log("to nobody");
                log_sink({});
                return 0;
              }),
              0);
  stop = true;
  busy.join();
  log_sink({});
}

}  // namespace
}  // namespace tandem::detail
