// The future's word: editing the list while others complete.
#include "tandem/concurrent/futures/detail/state.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tandem/futures.hpp"

namespace tandem::concurrent::futures {
namespace {

using namespace std::chrono_literals;

TEST(FutureState, ForgetsThoseWhoGaveUpWaiting) {
  const Future<int> future;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(wait({future}, {.timeout = 0s}).done.empty());
  future.set_result(1);
  EXPECT_EQ(wait({future}).done.size(), 1u);
}

// Waiters come and go while another thread cancels or completes.
TEST(FutureState, SurvivesWaitersThatLeaveWhileItCompletes) {
  for (int round = 0; round < 500; ++round) {
    const Future<int> future;
    std::atomic<int> called{0};
    std::jthread waiter([&] {
      while (wait({future}, {.timeout = 1us}).done.empty()) {
      }
    });
    std::jthread adder([&] {
      for (int i = 0; i < 20; ++i) future.add_done_callback([&](const AnyFuture&) { ++called; });
    });
    if (round % 2) {
      future.set_result(1);
    } else {
      future.cancel();
      EXPECT_FALSE(future.set_running_or_notify_cancel());
    }
    adder.join();
    waiter.join();
    EXPECT_EQ(called, 20);
  }
}

TEST(FutureState, GivesTheResultToOneOfManySetters) {
  for (int round = 0; round < 500; ++round) {
    const Future<std::string> future;
    std::atomic<int> won{0};
    {
      std::vector<std::jthread> setters;
      for (int i = 0; i < 3; ++i)
        setters.emplace_back([&] {
          try {
            future.set_result(std::string(40, 'x'));
            ++won;
          } catch (const InvalidStateError&) {
          }
        });
      setters.emplace_back([&] {
        if (future.cancel()) ++won;
      });
    }
    EXPECT_EQ(won, 1);
  }
}

TEST(FutureState, DropsCallbacksThatAreNeverCalled) {
  auto token = std::make_shared<int>(1);
  {
    Future<int> future;
    future.add_done_callback([token](const AnyFuture&) {});
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace tandem::concurrent::futures
