#include "tandem/multiprocessing/detail/imap_state.hpp"

#include <mutex>
#include <utility>

#include "tandem/core/park.hpp"
#include "tandem/multiprocessing/exceptions.hpp"

namespace tandem::inline v1::multiprocessing::detail {

void ImapState::add(std::size_t task, Wakes* wakes) {
  const std::scoped_lock guard(mutex_);
  if (!ordered_) {
    ready_.push_back(task);
    ++index_;
  } else if (task != index_) {
    early_.insert(task);
    return;
  } else {
    do {
      ready_.push_back(index_++);
    } while (early_.erase(index_) > 0);
  }
  signal(wakes);
}

void ImapState::set_length(std::size_t length) noexcept {
  const std::scoped_lock guard(mutex_);
  length_ = length;
  signal(nullptr);
}

bool ImapState::wait(Timeout timeout) {
  const Deadline until = Deadline::after(timeout);
  for (;;) {
    std::unique_lock guard(mutex_);
    if (!ready_.empty() || index_ == length_) return true;
    const std::uint32_t seen = changes_.load(std::memory_order_relaxed);  // relaxed: in the mutex
    waiting_ = true;
    guard.unlock();
    if (until.passed()) return false;
    park(changes_, seen, until);
  }
}

std::optional<std::size_t> ImapState::next(Timeout timeout) {
  if (!wait(timeout)) throw TimeoutError();
  const std::scoped_lock guard(mutex_);
  if (ready_.empty()) return {};
  const std::size_t task = ready_.front();
  ready_.pop_front();
  return task;
}

// With the mutex.
void ImapState::signal(Wakes* wakes) noexcept {
  changes_.fetch_add(1, std::memory_order_relaxed);  // relaxed: in the mutex
  if (!std::exchange(waiting_, false)) return;
  wakes ? wakes->put_off(changes_) : unpark_all(changes_);
}

}  // namespace tandem::inline v1::multiprocessing::detail
