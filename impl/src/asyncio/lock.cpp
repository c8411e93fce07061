#include "tandem/asyncio/lock.hpp"

#include <ostream>

#include "tandem/asyncio/exceptions.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

Coroutine<bool> Lock::acquire() {
  // Fair: who comes waits for its turn, unless all before it have been cancelled.
  if (!locked_ && !waiters_.any_uncancelled()) {
    locked_ = true;
    co_return true;
  }
  detail::Waiter waiter(waiters_, binding_.running(*this));
  try {
    co_await waiter;
  } catch (const CancelledError&) {
    // It may have been woken: then it is the next one's turn.
    if (waiter.leave() && !locked_) waiters_.wake_first();
    throw;
  }
  if (waiter.leave()) locked_ = true;
  co_return true;
}

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
