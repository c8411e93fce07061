// A RobustMutex as primitives wait for it: a spin first, then asleep, counted as parked.
#pragma once
#include "platform/robust_mutex.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

class RobustLock {
 public:
  using Taken = platform::RobustMutex::Taken;

  Taken try_lock() noexcept { return mutex_.try_lock(); }
  Taken lock(Deadline until = Deadline::never()) noexcept {
    Taken taken = mutex_.try_lock();
    if (taken != Taken::no) return taken;
    const auto found = [&] { return (taken = mutex_.try_lock()) != Taken::no; };
    if (search(spin_, found)) return taken;
    ParkedInSystem parked;
    if (until.is_never()) return mutex_.lock(nullptr);
    const auto when = until.when();
    return mutex_.lock(&when);
  }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  platform::RobustMutex mutex_;
  AdaptiveSpin spin_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
