// What tests have in common that kill processes at random moments. A hang is the end of the test's
// process, by SIGALRM; a thread that watches would be one that fork() does not copy.
#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "conformance/harness/named_memory.hpp"
#include "property.hpp"

namespace tandem::conformance {

inline std::size_t entries(const char* directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(directory), {}));
}

class Chaos : public testing::Test {
 protected:
  void SetUp() override {
    shared_memory_left();  // what is made from now on is noted
    descriptors_ = entries("/proc/self/fd");
    progress();
  }
  void TearDown() override {
    ::alarm(0);
    EXPECT_EQ(entries("/proc/self/fd"), descriptors_);
    siginfo_t child{};
    EXPECT_EQ(::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT), -1) << "a child is left";
    EXPECT_EQ(shared_memory_left(), std::vector<std::string>());
  }
  static void progress() { ::alarm(120); }

  // Some time between now and soon.
  void pass_some_time() {
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % 1000));
  }
  std::size_t one_of(std::size_t count) { return random_() % count; }

 private:
  std::size_t descriptors_ = 0;
  std::mt19937 random_{static_cast<std::mt19937::result_type>(run_seed())};
};

}  // namespace tandem::conformance
