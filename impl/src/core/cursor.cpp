#include "tandem/core/cursor.hpp"

#include "core/backoff.hpp"

namespace tandem::inline v1::detail {

std::uint64_t Cursor::lock_slowly() noexcept {
  std::uint64_t flag = 0;  // whoever has slept must assume that others still do
  LockBackoff backoff;
  for (;;) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    if (!(word & locked)) {
      // acquire pairs with the exchange in unlock().
      if (word_.compare_exchange_weak(word, word | locked | flag, std::memory_order_acquire,
                                      std::memory_order_relaxed))
        return word / one;
      continue;
    }
    if (backoff()) continue;
    // relaxed: the bit orders nothing; park() compares the whole low half again.
    if (!(word & contended) &&
        !word_.compare_exchange_weak(word, word | contended, std::memory_order_relaxed))
      continue;
    flag = contended;
    park_for_lock(low_half(word_), static_cast<std::uint32_t>(word | contended), Deadline::never());
  }
}

}  // namespace tandem::inline v1::detail
