// Python's threading.Lock.
#pragma once
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1 {

namespace threading {

// Python's keyword arguments of acquire().
struct AcquireOptions {
  bool blocking = true;  // false: a single try
  Timeout timeout{};     // longest wait; default for ever. To locks -1 second is for ever, too
};

}  // namespace threading

namespace detail {

// What a lock makes of them. Until when to wait; none: not at all.
// Throws   ValueError (a timeout without blocking, a negative one); OverflowError.
TANDEM_API std::optional<Deadline> acquire_deadline(const threading::AcquireOptions& options);

}  // namespace detail

namespace threading {

// A mutual exclusion lock without an owner: any thread may release it. Not recursive, not fair.
// `with lock:` is std::scoped_lock guard(lock). Neither copied nor moved.
// Threads  any number at once. The releasing thread does not touch the lock once another can have
//          it: the next holder may destroy it.
// Order    what a thread did before release() is visible to the next one after its acquire().
// Spec     threading.lock
class TANDEM_API Lock {
 public:
  constexpr Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // Takes the lock, waiting until it is free. Returns false iff it was not free (in time).
  // Throws   ValueError (a timeout without blocking, a negative timeout); OverflowError.
  bool acquire(AcquireOptions options = {});
  // Frees the lock and wakes one of those that wait.
  // Throws   RuntimeError (it is not locked).
  void release() {
    const std::uint32_t before = set_unlocked();
    if (before != held) [[unlikely]]
      release_slowly(before);
  }
  // Whether somebody holds it. Stale as soon as it is read.
  bool locked() const noexcept {
    return word_.load(std::memory_order_relaxed) != unlocked;  // relaxed: an answer, no order
  }

  // The standard's Lockable: std::scoped_lock, std::unique_lock and std::lock work.
  void lock() {
    if (!try_lock()) lock_slowly(detail::Deadline::never());
  }
  bool try_lock() noexcept {
    if (seam::is_alone()) return !locked() && set_held_alone();
    std::uint32_t expected = unlocked;
    // acquire pairs with the release in release(): what the last holder did is visible here.
    return word_.compare_exchange_strong(expected, held, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  void unlock() { release(); }

  // Python's repr: "<unlocked _thread.lock object at 0x7f12ab>".
  TANDEM_API friend std::string to_string(const Lock& lock);
  friend std::ostream& operator<<(std::ostream& out, const Lock& lock) {
    return out << to_string(lock);
  }

 private:
  static constexpr std::uint32_t unlocked = 0;   // free
  static constexpr std::uint32_t held = 1;       // held, nobody sleeps
  static constexpr std::uint32_t contended = 2;  // held, somebody may sleep

  // As long as there is one thread, an atomic operation would be three quarters of the cost. The
  // start of the second one orders what the first has done before.
  bool set_held_alone() noexcept {
    word_.store(held, std::memory_order_relaxed);  // relaxed: nobody else is there
    return true;
  }
  // Returns what the word was.
  std::uint32_t set_unlocked() noexcept {
    if (seam::is_alone()) {
      const std::uint32_t before = word_.load(std::memory_order_relaxed);  // relaxed: nobody else
      word_.store(unlocked, std::memory_order_relaxed);                    // relaxed: nobody else
      return before;
    }
    // release pairs with the acquires in try_lock() and lock_slowly().
    return word_.exchange(unlocked, std::memory_order_release);
  }
  bool lock_slowly(detail::Deadline until) noexcept;
  void release_slowly(std::uint32_t before);

  seam::atomic<std::uint32_t> word_{unlocked};
  detail::AdaptiveSpin spin_;
};

}  // namespace threading
}  // namespace tandem::inline v1
