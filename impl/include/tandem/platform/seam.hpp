// The seam between the library and what runs it. Everything through which one thread affects
// another, or time affects a thread, goes through here or through platform/: so the very same
// sources can also be built over a controlled scheduler, which decides at each of these places
// who runs next (DESIGN.md, "The seam").
#pragma once
#include <atomic>
#include <chrono>

namespace tandem::inline v1::seam {

using std::atomic;

// The monotonic clock of every deadline.
using clock = std::chrono::steady_clock;

// Tells the processor that this is a spin loop. 5 to 40 ns.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace tandem::inline v1::seam
