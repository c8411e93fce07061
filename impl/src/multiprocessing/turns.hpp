// One at a time does something that may take long, also while another thread forks.
#pragma once
#include <cstdint>
#include <optional>
#include <utility>

#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// A mutex that nobody holds in a child of fork().
class Turns {
 public:
  Mutex& get() noexcept {
    std::uint32_t known = generation_.load(std::memory_order_acquire);  // pairs with the CAS
    if (known != process_generation &&
        generation_.compare_exchange_strong(known, process_generation, std::memory_order_acq_rel))
      mutex_.emplace();
    return *mutex_;
  }

 private:
  seam::atomic<std::uint32_t> generation_{process_generation};
  std::optional<Mutex> mutex_{std::in_place};
};

}  // namespace tandem::inline v1::multiprocessing::detail
