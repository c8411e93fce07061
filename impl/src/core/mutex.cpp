#include "tandem/core/mutex.hpp"

#include "core/backoff.hpp"

namespace tandem::inline v1::detail {

bool Mutex::lock_slowly(Deadline until) noexcept {
  LockBackoff backoff;
  do {
    // relaxed: only decides whether to try; try_lock() acquires.
    if (word_.load(std::memory_order_relaxed) == unlocked && try_lock()) return true;
  } while (backoff());
  // Whoever has slept takes the mutex as contended: others may still be asleep.
  // acquire pairs with the release in unlock().
  while (word_.exchange(contended, std::memory_order_acquire) != unlocked)
    if (!park_for_lock(word_, contended, until)) {
      // A last try: unlock() may have woken us just as the time ran out, and that wake is ours.
      return word_.exchange(contended, std::memory_order_acquire) == unlocked;  // pairs: as above
    }
  return true;
}

}  // namespace tandem::inline v1::detail
