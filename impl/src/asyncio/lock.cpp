#include "tandem/asyncio/lock.hpp"

#include <ostream>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

void Lock::release() {
  if (!locked_) throw RuntimeError("Lock is not acquired.");
  locked_ = false;
  waiters_.wake_first();  // if it is done it was woken already
}

std::string to_string(const Lock& lock) {
  return detail::lock_repr("Lock", &lock, lock.locked_ ? "locked" : "unlocked", lock.waiters_);
}
std::ostream& operator<<(std::ostream& out, const Lock& lock) { return out << to_string(lock); }

}  // namespace tandem::inline v1::asyncio
