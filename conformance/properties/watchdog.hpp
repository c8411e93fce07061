// Ends the process with a message when there is no progress for a minute: a hang is a failure that
// no assertion can report.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tandem::conformance {

class Watchdog {
 public:
  // describe   called, when it bites, on the watchdog's thread: what is known about the state
  explicit Watchdog(std::string what, std::function<std::string()> describe = {});
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  void progress() const { ++progress_; }
  // A factor for slow builds: TANDEM_TIME_SCALE.
  static int time_scale();

 private:
  void watch();
  [[noreturn]] void bite() const;

  std::string what_;
  std::function<std::string()> describe_;
  mutable std::atomic<std::uint64_t> progress_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tandem::conformance
