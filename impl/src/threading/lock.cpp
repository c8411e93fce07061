#include "tandem/threading/lock.hpp"

#include <chrono>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1 {

namespace detail {

std::optional<Deadline> acquire_deadline(const threading::AcquireOptions& options) {
  const Timeout timeout = options.timeout;
  // Python's way to say "none given" is -1 second.
  const bool unset = timeout.is_forever() || timeout.limit() == std::chrono::seconds(-1);
  refuse_too_large(timeout);
  if (!options.blocking) {
    if (!unset) throw ValueError("can't specify a timeout for a non-blocking call");
    return std::nullopt;
  }
  if (unset) return Deadline::never();
  if (timeout.is_negative()) throw ValueError("timeout value must be a non-negative number");
  if (timeout.limit() == timeout.limit().zero()) return std::nullopt;
  return Deadline::after(timeout);
}

}  // namespace detail

namespace threading {

bool Lock::acquire(AcquireOptions options) {
  const auto until = detail::acquire_deadline(options);
  if (try_lock()) return true;
  return until && lock_slowly(*until);
}

bool Lock::lock_slowly(detail::Deadline until) noexcept {
  const auto taken = [this] {
    // relaxed: only decides whether to try; try_lock() acquires.
    return word_.load(std::memory_order_relaxed) == unlocked && try_lock();
  };
  if (spin_(taken)) return true;
  // Whoever has slept takes the lock as contended: others may still be asleep.
  // acquire pairs with the release in release().
  while (word_.exchange(contended, std::memory_order_acquire) != unlocked)
    if (!detail::park(word_, contended, until))
      // A last try: release() may have woken us just as the time ran out, and that wake is ours.
      return word_.exchange(contended, std::memory_order_acquire) == unlocked;  // pairs: as above
  return true;
}

void Lock::release_slowly(std::uint32_t before) {
  if (before == unlocked) throw RuntimeError("release unlocked lock");
  detail::unpark_one(word_);
}

std::string to_string(const Lock& lock) {
  return (lock.locked() ? "<locked" : "<unlocked") + std::string(" _thread.lock object at ") +
         detail::address_text(&lock) + ">";
}

}  // namespace threading
}  // namespace tandem::inline v1
