#include "multiprocessing/turns.hpp"

#include <mutex>

namespace tandem::inline v1::multiprocessing::detail {

namespace {

// Whoever forks waits for it: no child finds a mutex that is half renewed.
using RenewingMutex = v1::detail::ForkSafeMutexOf<v1::detail::ForkStage::core, Turns>;

}  // namespace

void Turns::renew() noexcept {
  const std::scoped_lock guard(RenewingMutex::get());
  // relaxed: written under the lock only.
  if (generation_.load(std::memory_order_relaxed) == v1::detail::process_generation) return;
  mutex_.emplace();
  // release pairs with the acquire in get().
  generation_.store(v1::detail::process_generation, std::memory_order_release);
}

}  // namespace tandem::inline v1::multiprocessing::detail
