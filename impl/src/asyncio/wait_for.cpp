#include "tandem/asyncio/wait_for.hpp"

#include "asyncio/release.hpp"
#include "tandem/asyncio/event_loop.hpp"

namespace tandem::inline v1::asyncio::detail {

namespace {

struct Removed {
  const AnyFuture& future;
  const CallbackToken token;
  ~Removed() { future.remove_done_callback(token); }
};

}  // namespace

// The future itself cannot be awaited: a cancellation of who waits here has to get through.
Coroutine<> cancel_and_wait(AnyFuture future) {
  const Future<> waiter(get_running_loop());
  const Removed removed{future, future.add_done_callback(ReleaseWaiter{waiter})};
  future.cancel();
  co_await waiter;
}

}  // namespace tandem::inline v1::asyncio::detail
