#include "tandem/core/abandon.hpp"

#include <cstdint>

#include "platform/park.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

namespace {

seam::atomic<bool> abandoned{false};
constinit thread_local bool has_abandoned_the_others = false;  // this thread has
[[maybe_unused]] const bool abandoner_of_each_thread = seam::thread_word(has_abandoned_the_others);

// In a child they are no more; and the child goes on, whoever forked it.
const ForkReset forget_in_child{ForkStage::core, [] {
                                  abandoned.store(false,
                                                  std::memory_order_release);  // pairs: below
                                }};

}  // namespace

void abandon_threads() noexcept {
  has_abandoned_the_others = true;
  abandoned.store(true, std::memory_order_release);  // pairs with the acquires below
}

// acquire pairs with the release in abandon_threads().
bool has_abandoned_threads() noexcept { return abandoned.load(std::memory_order_acquire); }

void stay_if_abandoned() noexcept {
  if (!has_abandoned_threads() || has_abandoned_the_others) [[likely]]
    return;
  static constinit const seam::atomic<std::uint32_t> never{0};
  for (;;) platform::park(never, 0, nullptr);
}

}  // namespace tandem::inline v1::detail
