// task_done() and join(): how many of the items put are not yet done.
//
// Items put are counted by the store already, so put() pays nothing for this.
#pragma once
#include <cstdint>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/park.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

class Unfinished {
 public:
  // `puts` returns the number of items ever put. It is called after the number of done ones was
  // read with acquire: so it sees at least the puts of all of these.
  template <class Puts>
  std::uint64_t count(Puts&& puts) const noexcept {
    const std::uint64_t done = word_.load(std::memory_order_seq_cst) / one;
    return puts() - done;
  }

  // Throws   ValueError (more items would be done than were put).
  template <class Puts>
  void one_done(Puts&& puts) {
    if (!finish(1, puts)) throw ValueError("task_done() called too many times");
  }
  // Counts dropped items as done, as far as they are not.
  template <class Puts>
  void dropped(std::uint64_t items, Puts&& puts) noexcept {
    while (items > 0 && !finish(items, puts)) --items;
  }

  // Waits until all is done. After the last task_done() nothing of this object is touched by it.
  template <class Puts>
  void join(Puts&& puts) noexcept {
    for (;;) {
      std::uint64_t word = word_.load(std::memory_order_seq_cst);
      if (word / one >= puts()) return;
      // seq_cst: the one who finishes sees the bit, or we see what is finished.
      if (!(word & waiting) && !word_.compare_exchange_weak(word, word | waiting)) continue;
      park(low_half(word_), static_cast<std::uint32_t>(word | waiting), Deadline::never());
    }
  }

 private:
  // bit 0: somebody sleeps in join() | bits 1-63: items done
  static constexpr std::uint64_t waiting = 1, one = 2;

  template <class Puts>
  bool finish(std::uint64_t items, Puts&& puts) noexcept {
    std::uint64_t word = word_.load(std::memory_order_seq_cst);
    for (;;) {
      const std::uint64_t done = word / one + items, put = puts();
      if (done > put) return false;
      const bool wake = (word & waiting) && done == put;
      const std::uint64_t next = done * one + ((word & waiting) && !wake ? waiting : 0);
      if (!word_.compare_exchange_weak(word, next)) continue;
      if (wake) unpark_all(low_half(word_));
      return true;
    }
  }

  seam::atomic<std::uint64_t> word_{0};
};

}  // namespace tandem::inline v1::detail
