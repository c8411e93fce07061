// One end of a FIFO queue: how many items have passed it, and the lock of that end, in one word.
// Or a store with one lock, and how many items it holds.
//
// Taking the lock is one atomic operation, and publishing the new count while giving the lock back
// is the other: an uncontended put or get costs just these two.
#pragma once
#include <cstdint>

#include "tandem/core/export.hpp"
#include "tandem/core/park.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

class Cursor {
 public:
  Cursor() = default;
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // Locks this end. Returns the count.
  std::uint64_t lock() noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    if (seam::is_alone() && !(word & locked)) return lock_alone(word);
    word &= ~flags;
    // acquire pairs with the seq_cst exchange in unlock(): the last holder's writes are visible.
    if (word_.compare_exchange_strong(word, word | locked, std::memory_order_acquire,
                                      std::memory_order_relaxed)) [[likely]]
      return word / one;
    return lock_slowly();
  }
  // Publishes the count and unlocks. seq_cst also orders it before the waker's look at the
  // sleepers (Gate).
  void unlock(std::uint64_t count) noexcept {
    if (seam::is_alone()) return unlock_alone(count);
    const std::uint64_t before = word_.exchange(count * one, std::memory_order_seq_cst);
    if (before & contended) [[unlikely]]
      unpark_one(low_half(word_));
  }
  // pairs with unlock(): the items counted are visible.
  std::uint64_t count() const noexcept { return word_.load(std::memory_order_seq_cst) / one; }

 private:
  // bit 0: locked | bit 1: somebody may sleep for the lock | bits 2-63: the count
  static constexpr std::uint64_t locked = 1, contended = 2, flags = 3, one = 4;

  // As long as there is one thread no operation need be atomic. A second one that starts in
  // between, in a constructor of an item, finds the lock as it should be; and what a thread held
  // that a child of fork() does not have stays held.
  std::uint64_t lock_alone(std::uint64_t word) noexcept {
    word_.store(word | locked, std::memory_order_relaxed);  // relaxed: nobody else is there
    return word / one;
  }
  void unlock_alone(std::uint64_t count) noexcept {
    word_.store(count * one, std::memory_order_relaxed);  // relaxed: nobody else is there
  }
  TANDEM_API std::uint64_t lock_slowly() noexcept;

  seam::atomic<std::uint64_t> word_{0};
};

// An end, locked. Publishes the count, as it is by then, when it goes.
class LockedCursor {
 public:
  explicit LockedCursor(Cursor& cursor) noexcept : count(cursor.lock()), cursor_(cursor) {}
  LockedCursor(const LockedCursor&) = delete;
  LockedCursor& operator=(const LockedCursor&) = delete;
  ~LockedCursor() { cursor_.unlock(count); }

  std::uint64_t count;

 private:
  Cursor& cursor_;
};

}  // namespace tandem::inline v1::detail
