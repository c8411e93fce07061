// Neutral contract: a mutex in memory that several processes share, which its owner's death frees.
// One file per system implements it.
#pragma once
#include <cstddef>

#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

// Where the system has none that are robust, nobody is freed, and all else is the same.
// The owner is a thread, and it alone may unlock it. Not recursive: who has it must not take it.
// The memory must not be unmapped, nor used for anything else, while a thread of this process has
// it.
class RobustMutex {
 public:
  enum class Taken { no, yes, from_the_dead };  // the last: what it guards may be half done

  RobustMutex() noexcept;
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;

  Taken try_lock() noexcept;
  // Sleeps until it has it, or until the time on the monotonic clock.
  //   until  nullptr: for ever
  Taken lock(const seam::clock::time_point* until) noexcept;
  void unlock() noexcept;

 private:
  alignas(16) std::byte storage_[48];
};

// For tests, which have the way round tried as well: whether those made from now on are robust, and
// the BriefMutexes of threads and processes that begin from now on.
void allow_robust_mutexes(bool allow) noexcept;
bool are_robust_mutexes_allowed() noexcept;

}  // namespace tandem::inline v1::platform
