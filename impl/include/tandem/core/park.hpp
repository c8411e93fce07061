// Parking: how a thread of tandem sleeps and is woken. Everything that blocks stands on this.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1 {

// How many threads are parked in a primitive of tandem at this moment. For tests, which wait for
// "n are blocked" instead of sleeping; stale as soon as it is read.
TANDEM_API std::size_t parked_threads() noexcept;

namespace detail {

// Sleeps while word == expected. Returns false iff the deadline has passed; may return early, so
// the caller looks at its condition again. A thread that the ending program has abandoned never
// comes back.
TANDEM_API bool park(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                     Deadline until) noexcept;

// The same for the locks inside the library: even an abandoned thread comes back, and gives back
// what it holds.
TANDEM_API bool park_for_lock(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                              Deadline until) noexcept;

// While it lives, this thread counts as parked: it waits in the system itself, for a pipe or a
// child. A thread that the ending program has abandoned never gets beyond either of its ends.
class TANDEM_API ParkedInSystem {
 public:
  ParkedInSystem() noexcept;
  ParkedInSystem(const ParkedInSystem&) = delete;
  ParkedInSystem& operator=(const ParkedInSystem&) = delete;
  ~ParkedInSystem();
};

// Wakes those that sleep on the word. Only its address is used: the word may be gone already.
TANDEM_API void unpark_one(const seam::atomic<std::uint32_t>& word) noexcept;
TANDEM_API void unpark(const seam::atomic<std::uint32_t>& word, std::uint32_t count) noexcept;
TANDEM_API void unpark_all(const seam::atomic<std::uint32_t>& word) noexcept;

// The same on a word in memory that several processes share. Whoever was woken may have been killed
// before it did anything, so nobody sleeps for long without looking again: it returns early then.
TANDEM_API bool park_shared(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                            Deadline until) noexcept;
// Returns how many slept. The word must still be mapped.
TANDEM_API std::uint32_t unpark_shared(const seam::atomic<std::uint32_t>& word,
                                       std::uint32_t count) noexcept;

// The half of a 64-bit word that holds its low bits, as a word to park on: a futex has 32 bits.
inline const seam::atomic<std::uint32_t>& low_half(
    const seam::atomic<std::uint64_t>& word) noexcept {
  static_assert(sizeof(seam::atomic<std::uint64_t>) == 8 &&
                sizeof(seam::atomic<std::uint32_t>) == 4);
  const auto* halves = reinterpret_cast<const seam::atomic<std::uint32_t>*>(&word);
  return halves[std::endian::native == std::endian::little ? 0 : 1];
}

}  // namespace detail
}  // namespace tandem::inline v1
