#include "tandem/asyncio/semaphore.hpp"

#include <ostream>

#include "tandem/asyncio/exceptions.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

Semaphore::Semaphore(std::ptrdiff_t value) : value_(value) {
  if (value < 0) throw ValueError("Semaphore initial value must be >= 0");
}

Semaphore::~Semaphore() = default;

// The end of one task's waiting, whatever has ended it.
class Semaphore::Turn {
 public:
  Turn(Semaphore& semaphore, detail::Waiter& waiter) noexcept
      : semaphore_(semaphore), waiter_(waiter) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (!waiter_.leave()) return;
    // It was given one, and will not use it.
    if (waiter_.is_woken() && !has_come_) ++semaphore_.value_;
    // Others may have had to wait only because it was before them.
    while (semaphore_.value_ > 0 && semaphore_.wake_up_next()) continue;
  }
  void come() noexcept { has_come_ = true; }

 private:
  Semaphore& semaphore_;
  detail::Waiter& waiter_;
  bool has_come_ = false;
};

Coroutine<bool> Semaphore::acquire() {
  if (!locked()) {
    --value_;
    co_return true;
  }
  detail::Waiter waiter(waiters_, binding_.running(*this));
  Turn turn(*this, waiter);
  co_await waiter;
  turn.come();
  co_return true;
}

void Semaphore::release() {
  ++value_;
  wake_up_next();
}

bool Semaphore::wake_up_next() {
  if (!waiters_.wake_next()) return false;
  --value_;
  return true;
}

BoundedSemaphore::BoundedSemaphore(std::ptrdiff_t value) : Semaphore(value), bound_(value) {}

BoundedSemaphore::~BoundedSemaphore() = default;

void BoundedSemaphore::release() {
  if (value() >= bound_) throw ValueError("BoundedSemaphore released too many times");
  Semaphore::release();
}

std::string to_string(const Semaphore& semaphore) {
  return detail::lock_repr(
      semaphore.name(), &semaphore,
      semaphore.locked() ? "locked" : "unlocked, value:" + std::to_string(semaphore.value_),
      semaphore.waiters_);
}
std::ostream& operator<<(std::ostream& out, const Semaphore& semaphore) {
  return out << to_string(semaphore);
}

}  // namespace tandem::inline v1::asyncio
