// One at a time does something that may take long, also while another thread forks.
#pragma once
#include <cstdint>
#include <optional>

#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// A mutex that nobody holds in a child of fork().
class Turns {
 public:
  v1::detail::Mutex& get() noexcept {
    // acquire pairs with the release in renew().
    if (generation_.load(std::memory_order_acquire) != v1::detail::process_generation) renew();
    return *mutex_;
  }

 private:
  void renew() noexcept;

  seam::atomic<std::uint32_t> generation_{v1::detail::process_generation};
  std::optional<v1::detail::Mutex> mutex_{std::in_place};
};

}  // namespace tandem::inline v1::multiprocessing::detail
