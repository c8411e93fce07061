// Neutral contract: a RobustMutex for those who are quick, at half the price. One file per system
// implements it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "platform/robust_mutex.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

// As RobustMutex is, and: while a thread has one it calls nothing that is not ours, and takes no
// RobustMutex. It may take further ones of these, and gives them back in the opposite order.
class BriefMutex {
 public:
  using Taken = RobustMutex::Taken;

  BriefMutex() noexcept = default;
  BriefMutex(const BriefMutex&) = delete;
  BriefMutex& operator=(const BriefMutex&) = delete;

  Taken try_lock() noexcept;
  // Sleeps until it has it, or until the time on the monotonic clock.
  //   until  nullptr: for ever
  Taken lock(const seam::clock::time_point* until) noexcept;
  void unlock() noexcept;

 private:
  alignas(16) std::byte storage_[48]{};
};

}  // namespace tandem::inline v1::platform
