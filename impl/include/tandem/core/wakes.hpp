// Wakes that are put off for a moment: who makes many things ready, one after the other, wakes those
// that wait for the first when all are ready. Else each of them would be met by a sleeper that has
// come back too early, and sleeps again.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "tandem/core/park.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

// Threads  one at a time.
class Wakes {
 public:
  Wakes() = default;
  Wakes(const Wakes&) = delete;
  Wakes& operator=(const Wakes&) = delete;
  ~Wakes() { flush(); }

  // All that sleep on the word, which may be gone by then.
  void put_off(const seam::atomic<std::uint32_t>& word) noexcept {
    if (count_ == words_.size()) flush();
    words_[count_++] = &word;
  }
  void flush() noexcept {
    for (std::size_t i = 0; i < count_; ++i) unpark_all(*words_[i]);
    count_ = 0;
  }

 private:
  std::array<const seam::atomic<std::uint32_t>*, 64> words_;
  std::size_t count_ = 0;
};

}  // namespace tandem::inline v1::detail
