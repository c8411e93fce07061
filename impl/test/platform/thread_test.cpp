#include "platform/thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <string_view>
#include <thread>
#include <vector>

#include "needs.hpp"

namespace tandem::platform {
namespace {

TEST(PlatformThread, SeesOthersAsLongAsTheyRun) {
  TANDEM_NEEDS(thread_list);  // the thread sanitizer has a thread of its own
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

TEST(PlatformThread, HiddenOnesRunNoHandlers) {
  static struct Seen {
    sigset_t mask{};
    std::atomic<bool> is_seen{false};
  } seen;
  const auto body = [](void* argument) {
    detach_thread(thread_ident());
    Seen& in = *static_cast<Seen*>(argument);
    pthread_sigmask(SIG_BLOCK, nullptr, &in.mask);
    in.is_seen = true;
    in.is_seen.notify_one();
  };
  ASSERT_EQ(start_hidden_thread(body, &seen), 0);
  seen.is_seen.wait(false);
  sigset_t own;
  pthread_sigmask(SIG_BLOCK, nullptr, &own);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) {
    EXPECT_EQ(sigismember(&seen.mask, signal), 1) << signal;
    EXPECT_EQ(sigismember(&own, signal), 0) << signal;
  }
}

TEST(PlatformThread, WhatIsDoneAtItsEndComesAfterTheKeysOfOthers) {
  static std::vector<std::string_view> order;
  static pthread_key_t younger;
  ASSERT_EQ(pthread_key_create(&younger, [](void*) { order.push_back("key"); }), 0);
  std::thread([] {
    pthread_setspecific(younger, &order);
    at_thread_end([] { order.push_back("end"); });
  }).join();
  pthread_key_delete(younger);
  EXPECT_EQ(order, (std::vector<std::string_view>{"key", "end"}));
}

}  // namespace
}  // namespace tandem::platform
