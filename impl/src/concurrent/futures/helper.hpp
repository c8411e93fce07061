// Whoever waits for a call may run it: a worker of a pool that helps.
#pragma once
#include "tandem/concurrent/futures/detail/state.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

// The pool whose worker a thread is.
class Helper {
 public:
  // Runs the call, if it is one of the pool's that nobody has begun. Returns whether it did.
  virtual bool help(FutureState& awaited) noexcept = 0;

 protected:
  ~Helper() = default;
};

extern constinit thread_local Helper* this_thread_helper;  // none: null

inline bool help(FutureState& awaited) noexcept {
  return this_thread_helper && this_thread_helper->help(awaited);
}

}  // namespace tandem::inline v1::concurrent::futures::detail
