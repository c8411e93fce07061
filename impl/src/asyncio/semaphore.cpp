#include "tandem/asyncio/semaphore.hpp"

#include <ostream>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

Semaphore::Semaphore(std::ptrdiff_t value) : value_(value) {
  if (value < 0) throw ValueError("Semaphore initial value must be >= 0");
}

Semaphore::~Semaphore() = default;

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
