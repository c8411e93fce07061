// Threads that are kept: starting one costs more than a whole small history.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tandem::conformance {

class Team {
 public:
  explicit Team(std::size_t size);
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();

  // Starts work(0), …, work(count - 1) on as many threads, all at once, and does not wait.
  void start(std::size_t count, std::function<void(std::size_t)> work);
  std::size_t unfinished() const { return unfinished_.load(std::memory_order_acquire); }
  void wait();
  void run(std::size_t count, std::function<void(std::size_t)> work) {
    start(count, std::move(work));
    wait();
  }

 private:
  void serve(std::size_t index);
  void meet();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t round_ = 0;
  bool ending_ = false;
  std::function<void(std::size_t)> work_;
  std::size_t count_ = 0;
  std::atomic<std::size_t> unfinished_{0}, arrived_{0};
  std::vector<std::thread> threads_;
};

}  // namespace tandem::conformance
