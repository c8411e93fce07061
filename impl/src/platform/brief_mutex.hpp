// Neutral contract: a RobustMutex for those who have it while an item is moved, at half the price.
// One file per system implements it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "platform/robust_mutex.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

// As RobustMutex is, and: while a thread has one it takes no RobustMutex, and no code of the user's
// runs in it, but while it is Asleep. It may take further ones of these, and gives them back in the
// opposite order. What a thread had when it called fork() is its parent's: the child's unlock()
// does nothing. (Of fork() alone: a child of _Fork() or clone() must not take any.)
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

  // As long as it lives the thread may sleep with those that it has, and a signal handler of the
  // user's do in it what it likes.
  class Asleep {
   public:
    Asleep() noexcept;
    Asleep(const Asleep&) = delete;
    Asleep& operator=(const Asleep&) = delete;
    ~Asleep();

   private:
    const std::uint32_t number_;
    void* const kept_;
  };

 private:
  template <class Take>
  Taken taken(Take take_word) noexcept;

  alignas(16) std::byte storage_[48]{};
};

}  // namespace tandem::inline v1::platform
