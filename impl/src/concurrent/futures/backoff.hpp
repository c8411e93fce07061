// Waiting for what another thread is about to do: a few instructions, or the move of a result.
#pragma once
#include "platform/cpu.hpp"
#include "tandem/core/spin.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

class Backoff {
 public:
  void operator()() noexcept {
    if (++turns_ < 64)
      v1::detail::cpu_relax();
    else
      platform::yield();
  }

 private:
  int turns_ = 0;
};

}  // namespace tandem::inline v1::concurrent::futures::detail
