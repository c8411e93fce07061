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

}  // namespace tandem::inline v1::detail
