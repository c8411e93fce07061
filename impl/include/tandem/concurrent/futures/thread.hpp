// concurrent.futures.ThreadPoolExecutor: calls run by a pool of threads.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tandem/concurrent/futures/executor.hpp"
#include "tandem/core/abandon.hpp"

namespace tandem::inline v1::concurrent::futures {

class ThreadPool;

struct ThreadPoolExecutorOptions {
  std::optional<int> max_workers{};  // none: min(32, usable processors + 4)
  std::string thread_name_prefix{};  // empty: "ThreadPoolExecutor-N"; workers add "_0", "_1", …
  // Called by each worker before its first call. Python's initargs are bound: call(f, args...).
  std::function<void()> initializer{};
  // Of our own, not Python's:
  bool daemon = false;  // the workers are daemons: nobody waits for them but shutdown()
  bool help = false;    // a worker that would wait for a call that nobody has begun runs it
};

// Runs calls in the order in which they were submitted, by at most max_workers threads. A worker is
// started only when a call comes and none is idle. When the initializer throws, all that is
// queued, and submit() from then on, fails with BrokenThreadPool.
// At exit, what was submitted is still run, and submit() throws RuntimeError. In a child of fork()
// there are no workers, and submit() throws BrokenThreadPool.
//
// With daemon = true neither the destructor nor the end of the program waits for what was
// submitted: the calls are run as long as the program lasts, and what they use has to last as long.
// With help = true a call may wait for calls that it, or any other one, has submitted to the same
// pool, however few workers there are, where Python's deadlocks: result(), exception(), wait() and
// as_completed() in a worker run what is waited for there and then, before older calls, if nobody
// has begun it. A timeout does not interrupt it: it is looked at before. wait(FIRST_COMPLETED) and
// as_completed() run nothing as long as one of theirs runs elsewhere. What is run there sees and
// changes what is the thread's: threading::local, an RLock that is held. submit() and the workers
// take a lock more.
// Spec     futures.thread
class TANDEM_API ThreadPoolExecutor : public ExecutorBase {
 public:
  // Throws   ValueError (max_workers less than 1).
  explicit ThreadPoolExecutor(ThreadPoolExecutorOptions options = {});
  explicit ThreadPoolExecutor(v1::detail::Count auto max_workers)
      : ThreadPoolExecutor(ThreadPoolExecutorOptions{.max_workers = clamped(max_workers)}) {}
  // shutdown(), as the end of `with` is; of daemons shutdown({.wait = false}).
  ~ThreadPoolExecutor() override;

  // Any number of times. From a worker of this pool it does not wait for itself.
  //   wait = false   returns at once; the workers end when the queue is empty
  // Spec     futures.thread.shutdown
  void shutdown(ShutdownOptions options = {}) override;

 protected:
  void post(WorkItem item) override;

 private:
  template <class N>
  static int clamped(N n) {
    if (std::cmp_less(n, 1)) return 0;
    return std::cmp_greater(n, 1 << 30) ? 1 << 30 : static_cast<int>(n);
  }
  v1::detail::Abandonable<std::shared_ptr<ThreadPool>> pool_;
};
static_assert(Executor<ThreadPoolExecutor>);

}  // namespace tandem::inline v1::concurrent::futures
