#include "tandem/threading/condition.hpp"

#include <limits>
#include <mutex>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/platform/seam.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::threading {

// Stands on the stack of the thread that waits.
struct Condition::Waiter {
  static constexpr std::uint32_t waiting = 0, notified = 1;
  seam::atomic<std::uint32_t> word{waiting};  // once notified, only its address may be used
  Waiter* previous = nullptr;                 // guarded by mutex_
  Waiter* next = nullptr;                     // guarded by mutex_

  bool is_notified() const noexcept {
    return word.load(std::memory_order_acquire) == notified;  // pairs with the release in pop()
  }
};

Condition::Condition() : lock_(&own_.emplace()), use_(&use_of<RLock>) {}

bool Condition::wait(Timeout timeout) {
  if (use_->is_owned(lock_)) detail::refuse_too_large(timeout);
  return wait_until(detail::Deadline::after(timeout));
}

bool Condition::wait_until(detail::Deadline until) {
  if (!use_->is_owned(lock_)) throw RuntimeError("cannot wait on un-acquired lock");
  Waiter self;
  enqueue(self);
  std::size_t count = 0;
  try {
    count = use_->release_all(lock_);
  } catch (...) {  // another thread has released the Lock meanwhile
    withdraw(self);
    throw;
  }
  const auto notified = [&self] { return self.is_notified(); };
  if (until.passed() || !detail::search(spin_, notified))
    while (!notified() && detail::park(self.word, Waiter::waiting, until)) {
    }
  try {
    use_->acquire_again(lock_, count);
  } catch (...) {
    withdraw(self);
    throw;
  }
  return notified() || !withdraw(self);
}

void Condition::notify(std::ptrdiff_t n) {
  if (!use_->is_owned(lock_)) throw RuntimeError("cannot notify on un-acquired lock");
  for (; n > 0; --n) {
    const auto* const word = pop();
    if (!word) return;
    detail::unpark_one(*word);
  }
}

void Condition::notify_all() { notify(std::numeric_limits<std::ptrdiff_t>::max()); }

// In a child of fork() those who waited do not exist, nor do the stacks they stood on.
void Condition::forget_the_lost() noexcept {
  if (generation_ == detail::process_generation) return;
  generation_ = detail::process_generation;
  first_ = last_ = nullptr;
  waiting_ = 0;
}

void Condition::enqueue(Waiter& waiter) noexcept {
  std::scoped_lock guard(mutex_);
  forget_the_lost();
  waiter.previous = last_;
  (last_ ? last_->next : first_) = &waiter;
  last_ = &waiter;
  ++waiting_;
}

bool Condition::withdraw(Waiter& waiter) noexcept {
  std::scoped_lock guard(mutex_);
  if (waiter.is_notified()) return false;
  (waiter.previous ? waiter.previous->next : first_) = waiter.next;
  (waiter.next ? waiter.next->previous : last_) = waiter.previous;
  --waiting_;
  return true;
}

const seam::atomic<std::uint32_t>* Condition::pop() noexcept {
  std::scoped_lock guard(mutex_);
  forget_the_lost();
  Waiter* const waiter = first_;
  if (!waiter) return nullptr;
  first_ = waiter->next;
  (first_ ? first_->previous : last_) = nullptr;
  --waiting_;
  const auto* const word = &waiter->word;
  // release pairs with the acquire in is_notified(). Past this line the waiter may be gone.
  waiter->word.store(Waiter::notified, std::memory_order_release);
  return word;
}

std::string to_string(const Condition& condition) {
  const std::string lock = condition.use_->repr(condition.lock_);
  std::scoped_lock guard(condition.mutex_);
  return "<Condition(" + lock + ", " + std::to_string(condition.waiting_) + ")>";
}

}  // namespace tandem::inline v1::threading
