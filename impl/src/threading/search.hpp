// What a waiting thread does before it sleeps.
#pragma once
#include "platform/cpu.hpp"
#include "tandem/core/spin.hpp"

namespace tandem::inline v1::detail {

// Lets others run for a moment: where there are more threads than processors, the one that is
// waited for may be among them, and this is cheaper than to sleep and to be woken.
template <class Ready>
bool give_way_until(Ready&& ready) noexcept {
  constexpr int turns = 4;
  for (int turn = 0; turn < turns; ++turn) {
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
