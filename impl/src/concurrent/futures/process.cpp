#include "tandem/concurrent/futures/process.hpp"

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "concurrent/futures/texts.hpp"
#include "multiprocessing/workers.hpp"
#include "platform/cpu.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/exit.hpp"
#include "tandem/core/fork.hpp"

namespace tandem::inline v1::concurrent::futures {

namespace {

using multiprocessing::detail::Workers;
using multiprocessing::detail::WorkersOptions;

constexpr const char* broken_processes =
    "A child process terminated abruptly, the process pool is not usable anymore";
constexpr const char* lost_processes =
    "The processes of the pool are not in this process, which was forked";
// Python's EXTRA_QUEUED_CALLS.
constexpr std::size_t extra_queued_calls = 1;

std::exception_ptr broken_pool() {
  return std::make_exception_ptr(BrokenProcessPool(
      "A process in the process pool was terminated abruptly while the future was running or "
      "pending."));
}

WorkersOptions options_of(ProcessPoolExecutorOptions&& given) {
  const int workers = given.max_workers.value_or(v1::platform::usable_cpus());
  if (workers < 1) throw ValueError("max_workers must be greater than 0");
  const auto context = given.mp_context            ? *given.mp_context
                       : given.max_tasks_per_child ? multiprocessing::get_context("spawn")
                                                   : multiprocessing::get_context();
  if (given.max_tasks_per_child) {
    if (*given.max_tasks_per_child < 1) throw ValueError("max_tasks_per_child must be >= 1");
    if (context.get_start_method() == "fork")
      throw ValueError(
          "max_tasks_per_child is incompatible with the 'fork' multiprocessing start method; "
          "supply a different mp_context.");
  }
  const auto count = static_cast<std::size_t>(workers);
  return {
      .workers = count,
      .context = context,
      .rules = {.is_pool = false,
                .max_tasks = given.max_tasks_per_child,
                .initializer = std::move(given.initializer)},
      // Those that run, and a queue of calls that has room for as many and some.
      .started_ahead = 2 * count + extra_queued_calls,
      .breaks = given.on_worker_death == OnWorkerDeath::BREAK,
      .broken = [](std::optional<int>) { return broken_pool(); },
  };
}

// The executors that are alive, for the end of the program: what was submitted is still run.
class Executors {
 public:
  static Executors& get() {
    static Executors& forever = *new Executors;  // never destroyed: executors may end after statics
    return forever;
  }

  void add(const std::shared_ptr<Workers>& workers) {
    const std::scoped_lock guard(mutex_);
    if (!exit_hook_) {
      v1::detail::at_exit(v1::detail::ExitStage::executors, [] { get().end_all(); });
      exit_hook_ = true;
    }
    std::erase_if(workers_, [](const auto& other) { return other.expired(); });
    workers_.push_back(workers);
  }

 private:
  void end_all() {
    for (;;) {
      std::unique_lock guard(mutex_);
      if (workers_.empty()) return;
      const std::shared_ptr<Workers> workers = workers_.back().lock();
      workers_.pop_back();
      guard.unlock();
      if (!workers || workers->is_elsewhere()) continue;
      workers->close();
      workers->join();
    }
  }

  v1::detail::ForkSafeMutex mutex_{v1::detail::ForkStage::executors};
  std::vector<std::weak_ptr<Workers>> workers_;  // guarded by mutex_
  bool exit_hook_ = false;                       // guarded by mutex_
};
[[maybe_unused]] const Executors& executors_at_start = Executors::get();

std::shared_ptr<Workers> make_workers(ProcessPoolExecutorOptions&& options) {
  auto workers = std::make_shared<Workers>(options_of(std::move(options)));
  Executors::get().add(workers);
  return workers;
}

}  // namespace

ProcessPoolExecutor::ProcessPoolExecutor(ProcessPoolExecutorOptions options)
    : workers_(make_workers(std::move(options))), may_spin_(workers_->spares_a_processor()) {}

ProcessPoolExecutor::~ProcessPoolExecutor() { shutdown(); }

namespace {

// Throws what a submit() throws when the workers are in this state.
void check(Workers::State state, bool shut_down) {
  if (state == Workers::State::run) return;
  if (state == Workers::State::broken) throw BrokenProcessPool(broken_processes);
  throw RuntimeError(shut_down ? after_shutdown : after_exit);
}

}  // namespace

void ProcessPoolExecutor::post(multiprocessing::detail::Job& job) {
  if (workers_->is_elsewhere()) throw BrokenProcessPool(lost_processes);
  const bool shut_down = shut_down_.load(std::memory_order_seq_cst);
  check(workers_->state(), shut_down);
  if (v1::detail::is_exiting()) throw RuntimeError(after_exit);
  workers_->start_for_one_more();
  check(workers_->post(job, 0, 1), shut_down_.load(std::memory_order_seq_cst));
}

void ProcessPoolExecutor::shutdown(ShutdownOptions options) {
  if (workers_->is_elsewhere()) return;
  shut_down_.store(true, std::memory_order_seq_cst);
  workers_->close(options.cancel_futures);
  if (options.wait) workers_->join();
}

void ProcessPoolExecutor::terminate_workers() { end_workers(false); }
void ProcessPoolExecutor::kill_workers() { end_workers(true); }
void ProcessPoolExecutor::end_workers(bool kill) {
  if (workers_->is_elsewhere()) return;
  shutdown({.wait = false, .cancel_futures = true});
  workers_->terminate(kill);
  workers_->signal_all(kill);  // also while a callback keeps the manager's thread
}

}  // namespace tandem::inline v1::concurrent::futures
