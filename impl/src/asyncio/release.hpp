// CPython's _release_waiter: what timers and callbacks do to who waits for a future of his own.
#pragma once
#include "tandem/asyncio/future.hpp"

namespace tandem::inline v1::asyncio::detail {

struct ReleaseWaiter {
  Future<> waiter;
  void operator()() const {
    if (!waiter.done()) waiter.set_result();
  }
  void operator()(const AnyFuture&) const { (*this)(); }
};

}  // namespace tandem::inline v1::asyncio::detail
