// Neutral contract: sleep until a 32-bit word changes. One file per system implements it.
#pragma once
#include <chrono>
#include <cstdint>

#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

// Sleeps while word == expected, until woken or until the time on the monotonic clock.
//   until  nullptr: for ever
// Returns false iff the time has passed. May return true without reason: callers look again.
bool park(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
          const seam::clock::time_point* until) noexcept;

// Wakes up to `count` of those that sleep on the word. The word may be dead: only its address
// counts.
void unpark(const seam::atomic<std::uint32_t>* word, int count) noexcept;

// The same for a word in memory that several processes share: all of them sleep and wake there.
bool park_shared(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                 const seam::clock::time_point* until) noexcept;
// Returns how many slept. The word must still be mapped.
int unpark_shared(const seam::atomic<std::uint32_t>& word, int count) noexcept;

}  // namespace tandem::inline v1::platform
