// The mutex inside the library: small, adaptive, without an owner. Users have threading::Lock.
#pragma once
#include <cstdint>

#include "tandem/core/export.hpp"
#include "tandem/core/park.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

class Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  bool try_lock() noexcept {
    std::uint32_t expected = unlocked;
    // acquire pairs with the release in unlock(): what the last holder wrote is visible here.
    return word_.compare_exchange_strong(expected, locked, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  void lock() noexcept {
    if (!try_lock()) lock_slowly(Deadline::never());
  }
  // Returns false iff the deadline has passed.
  bool try_lock_until(Deadline until) noexcept { return try_lock() || lock_slowly(until); }
  void unlock() noexcept {
    // release pairs with the acquires in try_lock() and lock_slowly().
    if (word_.exchange(unlocked, std::memory_order_release) == contended) unpark_one(word_);
  }
  // Stale as soon as it is read.
  bool is_locked() const noexcept {
    return word_.load(std::memory_order_relaxed) != unlocked;  // relaxed: an answer, no order
  }

 private:
  static constexpr std::uint32_t unlocked = 0;   // free
  static constexpr std::uint32_t locked = 1;     // held, nobody sleeps
  static constexpr std::uint32_t contended = 2;  // held, somebody may sleep

  TANDEM_API bool lock_slowly(Deadline until) noexcept;

  seam::atomic<std::uint32_t> word_{unlocked};
};

}  // namespace tandem::inline v1::detail
