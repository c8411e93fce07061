#include "threading/thread_state.hpp"

#include <mutex>
#include <utility>

#include "platform/thread.hpp"

namespace tandem::inline v1::detail {

ThreadState::~ThreadState() {
  // Nobody joined it, and nobody can any more.
  const bool ended = phase.load(std::memory_order_relaxed) == stopped;  // relaxed: the last owner
  if (kind == ThreadKind::own && ended && !reaped_)
    platform::detach_thread(ident.load(std::memory_order_relaxed));  // relaxed: the last owner
}

std::string ThreadState::name() const {
  std::scoped_lock guard(mutex_);
  return name_;
}

void ThreadState::name(std::string name) {
  std::scoped_lock guard(mutex_);
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

void ThreadState::reap() noexcept {
  // acquire pairs with the release in become_stopped().
  if (kind != ThreadKind::own || phase.load(std::memory_order_acquire) != stopped) return;
  std::scoped_lock guard(reaping_);
  if (std::exchange(reaped_, true)) return;
  platform::join_thread(ident.load(std::memory_order_relaxed));  // relaxed: set before stopped
}

void ThreadState::lose() noexcept {
  reaped_ = true;
  become_stopped();
}

void ThreadState::become_main() {
  if (kind == ThreadKind::dummy) {
    name("MainThread");
    kind = ThreadKind::main;
  }
  daemon.store(false, std::memory_order_relaxed);  // relaxed: alone after fork()
}

}  // namespace tandem::inline v1::detail
