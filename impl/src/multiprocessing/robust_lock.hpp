// A RobustMutex or BriefMutex as primitives wait for it: it is held for the move of an item or the
// like, so whoever finds it taken makes way first (LockBackoff), and then sleeps, counted as parked.
#pragma once
#include "core/backoff.hpp"
#include "platform/brief_mutex.hpp"
#include "platform/robust_mutex.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

template <class Mutex>
class ParkingLock {
 public:
  using Taken = typename Mutex::Taken;

  Taken try_lock() noexcept { return mutex_.try_lock(); }
  Taken lock(Deadline until = Deadline::never()) noexcept {
    Taken taken = mutex_.try_lock();
    if (taken != Taken::no) return taken;
    for (LockBackoff backoff; backoff();)
      if ((taken = mutex_.try_lock()) != Taken::no) return taken;
    ParkedInSystem parked;
    if (until.is_never()) return mutex_.lock(nullptr);
    const auto when = until.when();
    return mutex_.lock(&when);
  }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  Mutex mutex_;
};

using RobustLock = ParkingLock<platform::RobustMutex>;
using BriefLock = ParkingLock<platform::BriefMutex>;

}  // namespace tandem::inline v1::multiprocessing::detail
