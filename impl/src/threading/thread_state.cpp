#include "threading/thread_state.hpp"

#include <mutex>
#include <utility>

#include "platform/thread.hpp"

namespace tandem::inline v1::detail {

namespace {

using NamesMutex = ForkSafeMutexOf<ForkStage::threading, ThreadState>;

}  // namespace

ThreadState::~ThreadState() {
  // Nobody joined it, and nobody can any more.
  if (can_be_reaped() && !reaped_)
    platform::detach_thread(ident.load(std::memory_order_relaxed));  // relaxed: the last owner
}

std::string ThreadState::name() const {
  std::scoped_lock guard(NamesMutex::get());
  return name_;
}

void ThreadState::name(std::string name) {
  std::scoped_lock guard(NamesMutex::get());
  name_.swap(name);
}

void ThreadState::take_numbers() {
  // release pairs with the acquires in Thread::ident() and native_id().
  ident.store(platform::thread_ident(), std::memory_order_release);
  native_id.store(platform::native_thread_id(), std::memory_order_release);
  unpark_all(native_id);
}

void ThreadState::become_stopped() noexcept {
  // release pairs with the acquires in wait_until_stopped() and is_alive(): what it did is visible.
  phase.store(stopped, std::memory_order_release);
  unpark_all(phase);
}

bool ThreadState::wait_until_stopped(Deadline until) noexcept {
  // acquire pairs with the release in become_stopped().
  while (phase.load(std::memory_order_acquire) == started)
    if (!park(phase, started, until)) return phase.load(std::memory_order_acquire) != started;
  return true;
}

bool ThreadState::can_be_reaped() const noexcept {
  // acquire pairs with the release in become_stopped().
  return kind == ThreadKind::own && phase.load(std::memory_order_acquire) == stopped &&
         generation == process_generation;
}

void ThreadState::reap() noexcept {
  if (!can_be_reaped()) return;
  std::scoped_lock guard(reaping_);
  if (std::exchange(reaped_, true)) return;
  platform::join_thread(ident.load(std::memory_order_relaxed));  // relaxed: set before stopped
}

bool ThreadState::try_reap() noexcept {
  if (!can_be_reaped()) return true;
  std::unique_lock guard(reaping_, std::try_to_lock);
  if (!guard) return false;
  // relaxed: set before stopped
  if (!reaped_) reaped_ = platform::try_join_thread(ident.load(std::memory_order_relaxed));
  return reaped_;
}

void ThreadState::become_main() {
  if (kind == ThreadKind::dummy) {
    name_ = "MainThread";  // alone after fork(), which holds the mutex
    kind = ThreadKind::main;
  }
  daemon.store(false, std::memory_order_relaxed);  // relaxed: alone after fork()
}

}  // namespace tandem::inline v1::detail
