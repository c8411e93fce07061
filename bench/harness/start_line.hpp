// Threads that start together. The last to be ready does not wait for the others to wake up: they
// spin, giving way where there are more threads than processors.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "clock.hpp"

namespace bench {

// The steps of sweeps; the driver takes as many of them as the machine is worth.
inline constexpr std::size_t kSteps[] = {1,  2,  3,  4,  6,  8,   12,  16,
                                         24, 32, 48, 64, 96, 128, 192, 256};

class StartLine {
 public:
  explicit StartLine(std::size_t runners) : missing_(runners) {}

  void ready() {
    missing_.fetch_sub(1);
    while (!gone_.load(std::memory_order_acquire)) std::this_thread::yield();
  }

  Clock::time_point go() {
    while (missing_.load() != 0) std::this_thread::yield();
    const auto start = Clock::now();
    gone_.store(true, std::memory_order_release);
    return start;
  }

 private:
  std::atomic<std::size_t> missing_;
  std::atomic<bool> gone_{false};
};

// A thread that sleeps as long as this is there. Who knows of being the only thread saves atomic
// operations; with it the process is what a program with threads is.
class Bystander {
 public:
  Bystander() : thread_([until = end_.get_future()] { until.wait(); }) {}
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;
  ~Bystander() { end_.set_value(); }

 private:
  std::promise<void> end_;
  std::jthread thread_;
};

// Runs body(i) in `count` threads at once. From the start to the end of the last, in seconds.
// An exception in a body ends the process: a contender that throws has failed its row.
template <class Body>
double race(std::size_t count, const Body& body) {
  StartLine line(count);
  std::vector<Clock::time_point> ends(count);
  std::vector<std::jthread> threads;
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      line.ready();
      body(i);
      ends[i] = Clock::now();
    });
  }
  const auto start = line.go();
  threads.clear();
  auto last = start;
  for (const auto end : ends) last = end > last ? end : last;
  return seconds_between(start, last);
}

}  // namespace bench
