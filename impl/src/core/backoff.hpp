// Waiting for what another thread is about to do: a few instructions, or the move of an item.
#pragma once
#include <cstdint>

#include "platform/cpu.hpp"
#include "tandem/core/spin.hpp"

namespace tandem::inline v1::detail {

// Spins for `pauses`, then lets others run: whoever we wait for may need this processor.
class Backoff {
 public:
  explicit Backoff(std::uint32_t pauses = seam::spins(64)) : pauses_(pauses) {}

  void operator()() noexcept {
    if (turns_ < pauses_)
      turns_ += pause_();
    else
      platform::yield();
  }

 private:
  SpinPause pause_;
  std::uint32_t pauses_;
  std::uint32_t turns_ = 0;  // in pauses
};

// Waiting for a lock that is held for the move of an item or the like: it comes back soon, or its
// holder is not running. Two threads that take turns at it on two processors pass its cache lines to
// and fro, which takes longer than what they do with it; and they keep their other halves from
// running. So whoever finds it taken soon makes way, and the holder takes it several times in a row.
class LockBackoff {
 public:
  // Returns false when it is time to sleep.
  bool operator()() noexcept {
    if (looks_ >= looks) return false;
    ++looks_;
    for (std::uint32_t i = 0; i < turns_a_look; ++i) backoff_();
    return true;
  }

 private:
  static constexpr std::uint32_t pauses = seam::spins(8);
  static constexpr std::uint32_t looks = seam::spins(32);
  static constexpr std::uint32_t turns_a_look = 2;
  Backoff backoff_{pauses};
  std::uint32_t looks_ = 0;
};

}  // namespace tandem::inline v1::detail
