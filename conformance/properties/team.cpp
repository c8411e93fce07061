#include "team.hpp"

namespace tandem::conformance {

Team::Team(std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) threads_.emplace_back([this, i] { serve(i); });
}

Team::~Team() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Team::start(std::size_t count, std::function<void(std::size_t)> work) {
  {
    const std::lock_guard lock(mutex_);
    work_ = std::move(work);
    count_ = count;
    ++round_;
    arrived_.store(0, std::memory_order_relaxed);
    unfinished_.store(count, std::memory_order_relaxed);
  }
  changed_.notify_all();
}

void Team::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return unfinished() == 0; });
}

// Spins, so that all begin within nanoseconds; gives way, as there may be fewer processors.
void Team::meet() {
  arrived_.fetch_add(1, std::memory_order_acq_rel);
  for (int spins = 0; arrived_.load(std::memory_order_acquire) < count_; ++spins)
    if (spins > 1000) std::this_thread::yield();
}

void Team::serve(std::size_t index) {
  std::unique_lock lock(mutex_);
  for (std::size_t seen = 0;;) {
    changed_.wait(lock, [&] { return ending_ || (round_ != seen && index < count_); });
    if (ending_) return;
    seen = round_;
    lock.unlock();
    meet();
    work_(index);
    lock.lock();
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) changed_.notify_all();
  }
}

}  // namespace tandem::conformance
