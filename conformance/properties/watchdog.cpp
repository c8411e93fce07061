#include "watchdog.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <tandem/core/park.hpp>

namespace tandem::conformance {
namespace {

constexpr std::chrono::seconds patience{60};

}  // namespace

int Watchdog::time_scale() {
  const char* scale = std::getenv("TANDEM_TIME_SCALE");
  return scale ? std::max(1, std::atoi(scale)) : 1;
}

Watchdog::Watchdog(std::string what, std::function<std::string()> describe)
    : what_(std::move(what)), describe_(std::move(describe)), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const std::uint64_t before = progress_;
    const bool ended = changed_.wait_for(lock, patience * time_scale(), [&] { return ending_; });
    if (!ended && before == progress_) bite();
  }
}

void Watchdog::bite() const {
  std::fprintf(stderr, "no progress: %s; %zu threads are parked\n%s\n", what_.c_str(),
               parked_threads(), describe_ ? describe_().c_str() : "");
  std::abort();
}

}  // namespace tandem::conformance
