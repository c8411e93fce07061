// The seam as users get it: nothing but other names.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define TANDEM_SINGLE_THREADED __libc_single_threaded
#else
#define TANDEM_SINGLE_THREADED false
#endif

namespace tandem::inline v1::seam {

using std::atomic;
template <class T>
using hint = std::atomic<T>;
using clock = std::chrono::steady_clock;

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

inline bool is_alone() noexcept { return TANDEM_SINGLE_THREADED; }
#undef TANDEM_SINGLE_THREADED

constexpr std::uint32_t spins(std::uint32_t pauses) noexcept { return pauses; }

template <class T>
constexpr bool thread_word(T&) noexcept {
  return true;
}

}  // namespace tandem::inline v1::seam
