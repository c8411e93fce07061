#include "tandem/core/mutex.hpp"

#include "tandem/core/spin.hpp"

namespace tandem::inline v1::detail {

namespace {
constexpr std::uint32_t spins =
    seam::spins(256);  // in pauses: some microseconds, longer than any section
}  // namespace

bool Mutex::lock_slowly(Deadline until) noexcept {
  SpinPause pause;
  for (std::uint32_t turn = 0; turn < spins; turn += pause())
    // relaxed: only decides whether to try; try_lock() acquires.
    if (word_.load(std::memory_order_relaxed) == unlocked && try_lock()) return true;
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
