// concurrent.futures.ProcessPoolExecutor: calls run by a pool of processes.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/concurrent/futures/exceptions.hpp"
#include "tandem/concurrent/futures/executor.hpp"
#include "tandem/concurrent/futures/process/task.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/job.hpp"
#include "tandem/multiprocessing/detail/remote.hpp"
#include "tandem/multiprocessing/exceptions.hpp"
#include "tandem/pickle.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::concurrent::futures {

// A worker of a ProcessPoolExecutor has died, or its initializer has failed.
class TANDEM_API BrokenProcessPool : public BrokenExecutor {
 public:
  using BrokenExecutor::BrokenExecutor;
};

// What becomes of an executor when a worker dies.
//   BREAK    as in Python: all that is not done fails with BrokenProcessPool, and so does submit()
//            from then on
//   REPLACE  as Pool does it: the call that it had begun fails with
//            multiprocessing::WorkerLostError, another worker takes its place, and all else goes on
enum class OnWorkerDeath { BREAK, REPLACE };

struct ProcessPoolExecutorOptions {
  std::optional<int> max_workers{};  // none: as many as there are usable processors
  // None: multiprocessing::get_context(); with max_tasks_per_child "spawn".
  std::optional<multiprocessing::Context> mp_context{};
  pickle::PortableCall initializer{};        // called by each worker first; call(f, …) fits
  std::optional<int> max_tasks_per_child{};  // a worker ends after so many calls; none: never
  OnWorkerDeath on_worker_death = OnWorkerDeath::BREAK;  // Python has no choice
};

namespace detail {

// What a map's range yields: Python's None stands as a monostate.
template <class F, class... R>
using remote_mapped_t = mp::kept_t<pickle::portable_mapped_t<F, R...>>;

}  // namespace detail

// Runs calls in other processes. Neither copied nor moved.
//
// A function, its arguments and its results cross to another process: see pickle. What a call
// throws comes back as what it was, nested with a RemoteTraceback; exceptions of one's own do so if
// they are named by TANDEM_REGISTER_EXCEPTION, else as a pickle::RemoteError. What cannot cross at
// all is what its future throws.
// Calls are begun in the order in which they were submitted. All workers are started by the first
// submit() where they are forked, else one by one as long as none is idle. So many calls as there
// are workers, and one more, are handed over ahead of time: these are running() already, and cannot
// be cancelled (of calls that take no time a few more).
// A worker that dies breaks the executor: all that is not done fails with BrokenProcessPool, and
// so does submit() from then on. With on_worker_death = OnWorkerDeath::REPLACE it is replaced, and
// only the call that it had begun fails. Where one worker after the other ends before it is ready,
// as its initializer fails, what no worker has begun fails with BrokenProcessPool; the next
// submit() tries again.
// At exit, what was submitted is still run, and submit() throws RuntimeError. In a child of fork()
// there are no workers, and submit() throws BrokenProcessPool.
// Threads  submit(), map() and shutdown() by any number of threads at once.
// Spec     futures.process
class TANDEM_API ProcessPoolExecutor {
 public:
  // Throws   ValueError (max_workers less than 1; max_tasks_per_child less than 1, or together with
  //          the start method fork).
  explicit ProcessPoolExecutor(ProcessPoolExecutorOptions options = {});
  explicit ProcessPoolExecutor(v1::detail::Count auto max_workers)
      : ProcessPoolExecutor(ProcessPoolExecutorOptions{
            .max_workers = multiprocessing::detail::clamped_count(max_workers)}) {}
  ProcessPoolExecutor(const ProcessPoolExecutor&) = delete;
  ProcessPoolExecutor& operator=(const ProcessPoolExecutor&) = delete;
  // shutdown(), as the end of `with` is.
  ~ProcessPoolExecutor();

  // Has f(args...) called by a worker.
  // Throws   RuntimeError (after shutdown() or at exit); BrokenProcessPool; what start() of a
  //          Process throws.
  // Order    what was done before submit() is visible to the call, as far as it crosses.
  // Spec     futures.process.submit
  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto submit(F&& f, A&&... args) -> Future<multiprocessing::detail::remote_result_t<F, A...>> {
    using Result = multiprocessing::detail::remote_result_t<F, A...>;
    return submit_work<Result, detail::CallWork<Result, detail::call_t<F, A...>>>(
        std::forward<F>(f), std::forward<A>(args)...);
  }

  // As that of other executors, but a call that throws takes the results of its chunk along.
  // Views are read by map() itself, or as far as buffersize lets it by the iteration.
  // Spec     futures.process.map
  template <class F, std::ranges::input_range R>
  auto map(F f, R&& r, MapOptions options = {})
      -> v1::detail::ResultRange<detail::remote_mapped_t<F, R>> {
    return map_all(std::move(f), options, std::forward<R>(r));
  }
  template <class F, class T>
  auto map(F f, std::initializer_list<T> r, MapOptions options = {})
      -> v1::detail::ResultRange<detail::remote_mapped_t<F, std::initializer_list<T>>> {
    return map_all(std::move(f), options, std::vector<T>(r));
  }
  template <class F, std::ranges::input_range R, std::ranges::input_range S>
  auto map(F f, R&& r, S&& s, MapOptions options = {})
      -> v1::detail::ResultRange<detail::remote_mapped_t<F, R, S>> {
    return map_all(std::move(f), options, std::forward<R>(r), std::forward<S>(s));
  }
  template <class F, std::ranges::input_range R, std::ranges::input_range S,
            std::ranges::input_range T>
  auto map(F f, R&& r, S&& s, T&& t, MapOptions options = {})
      -> v1::detail::ResultRange<detail::remote_mapped_t<F, R, S, T>> {
    return map_all(std::move(f), options, std::forward<R>(r), std::forward<S>(s),
                   std::forward<T>(t));
  }
  template <class F, std::ranges::input_range... R>
  requires(sizeof...(R) > 3) auto map(F f, R&&... rs)
      -> v1::detail::ResultRange<detail::remote_mapped_t<F, R...>> {
    return map_all(std::move(f), {}, std::forward<R>(rs)...);
  }

  // No call is taken any more; when all have been run, the workers end.
  //   wait = false            returns at once
  //   cancel_futures = true   cancels what has not been handed over
  // Spec     futures.process.shutdown
  void shutdown(ShutdownOptions options = {});

  // Python 3.14's: ends the workers at once, with SIGTERM or SIGKILL, and shuts down. What has not
  // been run fails with BrokenProcessPool.
  // Spec     futures.process.terminate-workers
  void terminate_workers();
  // Spec     futures.process.kill-workers
  void kill_workers();

 private:
  template <class Result, class W, class... A>
  Future<Result> submit_work(A&&... args) {
    auto* task = detail::RemoteTask<Result, W>::make(std::forward<A>(args)...);
    auto future = detail::Access::adopt<Future<Result>>(*task);
    if (!may_spin_) task->woke_worker();
    try {
      post(*task);
    } catch (...) {
      task->drop_work();
      throw;
    }
    return future;
  }

  // Hands over a call. If it throws, the job is not touched any more.
  void post(multiprocessing::detail::Job& job);

  template <class F, class... R>
  auto map_all(F f, MapOptions options, R&&... ranges) {
    using Result = detail::remote_mapped_t<F, R...>;
    return detail::map_chunks<Result>(
        std::move(f), options,
        [this](auto function, auto arguments, auto row) {
          using Work = detail::ChunkWork<Result, F, R...>;
          return this->template submit_work<detail::ChunkResult<Result>, Work>(
              std::move(function), std::move(arguments), std::move(row));
        },
        std::forward<R>(ranges)...);
  }

  using Workers = multiprocessing::detail::Workers;
  void end_workers(bool kill);

  v1::detail::Abandonable<std::shared_ptr<Workers>> workers_;
  seam::atomic<bool> shut_down_{false};
  const bool may_spin_;  // who waits for a result: it keeps no worker from its processor
};
static_assert(Executor<ProcessPoolExecutor>);

}  // namespace tandem::inline v1::concurrent::futures
