// Waiting for what another thread is about to do: a few instructions, or the move of a result.
#pragma once
#include "platform/cpu.hpp"
#include "tandem/core/spin.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

class Backoff {
 public:
  void operator()() noexcept {
    if (turns_ < seam::spins(64))
      turns_ += pause_();
    else
      platform::yield();
  }

 private:
  v1::detail::SpinPause pause_;
  std::uint32_t turns_ = 0;  // in pauses
};

}  // namespace tandem::inline v1::concurrent::futures::detail
