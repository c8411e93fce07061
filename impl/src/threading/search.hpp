// What a waiting thread does before it sleeps.
#pragma once
#include <cstdint>

#include "platform/cpu.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

// Lets others run for a moment: where there are more threads than processors, the one that is
// waited for may be among them, and this is cheaper than to sleep and to be woken.
template <class Ready>
bool give_way_until(Ready&& ready) noexcept {
  constexpr std::uint32_t turns = seam::spins(4);
  for (std::uint32_t turn = 0; turn < turns; ++turn) {
    platform::yield();
    if (ready()) return true;
  }
  return false;
}

// Returns whether it became ready.
template <class Ready>
bool search(AdaptiveSpin& spin, Ready&& ready) noexcept {
  return spin(ready) || give_way_until(ready);
}

}  // namespace tandem::inline v1::detail
