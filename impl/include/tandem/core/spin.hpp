// Spinning for a short while before parking.
//
// A short spin is worth a hundred times in latency when the other side is running (a parked thread
// on an idle virtual CPU takes 45 us to come back), and only costs when it is not. So each waiting
// place learns how long a spin pays: a spin that succeeds lengthens the next one, a vain one
// shortens it.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

namespace tandem::inline v1::detail {

// Tells the processor that this is a spin loop.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

class AdaptiveSpin {
 public:
  // Spins until ready(), for as long as has paid so far. Returns whether it became ready.
  template <class Ready>
  bool operator()(Ready&& ready) noexcept {
    const std::uint32_t limit = limit_.load(std::memory_order_relaxed);  // relaxed: a hint
    for (std::uint32_t turn = 0; turn < limit; ++turn) {
      if (ready()) {
        if (limit < longest) remember(limit + limit / 4 + 1);
        return true;
      }
      cpu_relax();
    }
    remember(std::max(limit - limit / 4, shortest));
    return false;
  }

 private:
  static constexpr std::uint32_t shortest = 16, longest = 1024;  // in pauses, 5 to 40 ns each

  void remember(std::uint32_t limit) noexcept {
    limit_.store(limit, std::memory_order_relaxed);  // relaxed: a hint, lost updates are harmless
  }

  std::atomic<std::uint32_t> limit_{256};
};

}  // namespace tandem::inline v1::detail
