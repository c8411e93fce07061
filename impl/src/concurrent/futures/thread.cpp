// The thread pool.
//
//   submit() --> Channel of work items --> worker threads --> item.run() --> the future
//      |                                        ^
//      +-- starts a worker when there are more calls under way than workers
//
// The executor and each worker share the ThreadPool, so workers may outlive the executor (shutdown
// without waiting). At exit the pools that are left are shut down and waited for. In a child of
// fork() there are no workers: the pools that came along are broken.
//
// A worker of a pool that helps runs the call that it is to wait for, if that is still in the
// queue, and no other: so it waits for what is running only, and what is below a call on a thread's
// stack waits for that call. So there is no circle that would not be there with a thread for each
// call, and the stack is no deeper than the calls wait for each other. The work item stays in the
// queue; who gets it finds it taken.
#include "tandem/concurrent/futures/thread.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "concurrent/futures/helper.hpp"
#include "concurrent/futures/texts.hpp"
#include "platform/cpu.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/exit.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/queue/detail/channel.hpp"
#include "tandem/queue/detail/fifo.hpp"
#include "tandem/threading/thread.hpp"

template <>
struct tandem::detail::Prefetched<tandem::concurrent::futures::WorkItem> {
  static const void* of(const tandem::concurrent::futures::WorkItem& item) noexcept {
    return item.task_;
  }
};

namespace tandem::inline v1::concurrent::futures {

namespace {

constexpr const char* broken_text =
    "A thread initializer failed, the thread pool is not usable anymore";
constexpr const char* lost_text =
    "The threads of the pool are not in this process, which was forked";

std::size_t workers_of(const std::optional<int>& max_workers) {
  if (!max_workers) return static_cast<std::size_t>(std::min(32, platform::usable_cpus() + 4));
  if (*max_workers < 1) throw ValueError("max_workers must be greater than 0");
  return static_cast<std::size_t>(*max_workers);
}

std::string prefix_of(std::string given) {
  static seam::atomic<unsigned> pools{0};
  if (!given.empty()) return given;
  return "ThreadPoolExecutor-" + std::to_string(pools.fetch_add(1));
}

}  // namespace

class ThreadPool final : public std::enable_shared_from_this<ThreadPool>, detail::Helper {
 public:
  explicit ThreadPool(ThreadPoolExecutorOptions options)
      : max_workers_(workers_of(options.max_workers)),
        prefix_(prefix_of(std::move(options.thread_name_prefix))),
        initializer_(std::move(options.initializer)),
        daemon_(options.daemon),
        helps_(options.help) {}

  void post(WorkItem item) {
    detail::FutureState* const task = item.task_;  // alive: submit() holds a handle
    if (v1::detail::is_exiting()) refuse();
    // acquire pairs with the release in start_worker().
    const Posted posted = complete_.load(std::memory_order_acquire) ? items_.post(std::move(item))
                                                                    : post_counted(std::move(item));
    if (!posted.taken) refuse();
    if (posted.woken) task->woke_worker();
  }

  void shutdown(ShutdownOptions options) {
    shut_down_.store(true, std::memory_order_seq_cst);
    if (!close()) return;
    if (options.cancel_futures)
      while (auto item = try_get()) {
      }  // a work item that dies unrun cancels its future
    if (options.wait) join();
  }

  // The executor is no more: what is queued is still run.
  void leave() {
    if (!daemon_) return shutdown({});
    if (!v1::detail::has_abandoned_threads()) close();  // one of them may have the mutex
  }

  // At exit: what is queued is still run, unless daemons do it.
  void end() {
    if (close() && !daemon_) join();
  }

  // While the process forks, nobody starts a worker.
  void before_fork() noexcept { mutex_.lock(); }
  void after_fork_in_parent() noexcept { mutex_.unlock(); }
  // Who has got hold of the queue's ends may not be here: nobody touches them any more.
  void after_fork_in_child() noexcept {
    lost_ = true;
    complete_.store(false, std::memory_order_release);  // pairs with post(), which then asks
    mutex_.unlock();
  }

 private:
  using Items = v1::detail::Channel<WorkItem, v1::detail::Fifo<WorkItem>>;
  using Posted = Items::Posted;

  // One call more under way; one worker more if all of them are busy.
  Posted post_counted(WorkItem item) {
    std::optional<WorkItem> unwanted;  // goes after the guard: user code is told of it
    std::scoped_lock guard(mutex_);
    if (lost_) throw BrokenThreadPool(lost_text);
    // relaxed: exact only in what matters: a worker takes its call off before the future is done.
    const std::size_t calls = calls_.fetch_add(1, std::memory_order_relaxed) + 1;
    detail::FutureState* const task = item.task_;
    try {
      if (helps_) untaken_.insert(task);
      Posted posted = items_.post(std::move(item));
      if (!posted.taken) take_back(task);
      const bool is_short = calls > workers_.size() && workers_.size() < max_workers_;
      if (posted.taken && is_short) add_worker(unwanted);
      posted.woken |= helps_;  // who waits for it had better run it than spin
      return posted;
    } catch (...) {
      take_back(task);
      throw;
    }
  }
  void take_back(detail::FutureState* task) noexcept {
    take_off();
    untaken_.erase(task);
  }
  void take_off() noexcept {
    calls_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: see post_counted()
  }

  void add_worker(std::optional<WorkItem>& unwanted) {
    try {
      start_worker();
    } catch (...) {
      if (!workers_.empty()) return;  // those that there are have to do
      // Nobody would run the item; it is the only one, as there was no worker.
      unwanted = items_.try_get();
      throw;
    }
  }

  void start_worker() {
    threading::Thread thread({
        .target = [pool = shared_from_this()] { pool->work(); },
        .name = prefix_ + "_" + std::to_string(workers_.size()),
        .daemon = daemon_,
    });
    workers_.reserve(workers_.size() + 1);  // once it runs, nothing may fail
    thread.start();
    workers_.push_back(std::move(thread));
    // release pairs with the acquire in post(): from now on calls are not counted any more.
    if (workers_.size() == max_workers_ && !helps_)
      complete_.store(true, std::memory_order_release);
  }

  void work() noexcept {
    if (initializer_ && !initialize()) return;
    if (helps_) detail::this_thread_helper = this;
    while (std::optional<WorkItem> item = items_.get_or_end())
      // relaxed: who does not see it yet takes off a call too many, of which nobody asks any more.
      if (complete_.load(std::memory_order_relaxed)) [[likely]]
        item->run([] {});
      else if (!helps_ || take(*item))
        item->run([this] { take_off(); });
    detail::this_thread_helper = nullptr;  // what is local to the thread goes later than the pool
  }

  bool help(detail::FutureState& awaited) noexcept override {
    if (!take(&awaited)) return false;
    awaited.add_work();
    WorkItem item(&awaited);
    item.run([this] { take_off(); });
    return true;
  }
  // Of a pool that helps: false if another one has it, or it was never here.
  bool take(detail::FutureState* task) noexcept {
    const std::scoped_lock guard(mutex_);
    return !lost_ && untaken_.erase(task) != 0;
  }
  bool take(WorkItem& item) noexcept {
    if (take(item.task_)) return true;
    std::exchange(item.task_, nullptr)->drop_work();
    return false;
  }
  std::optional<WorkItem> try_get() noexcept {
    std::optional<WorkItem> item = items_.try_get();
    while (helps_ && item && !take(*item)) item = items_.try_get();
    return item;
  }

  bool initialize() noexcept {
    try {
      initializer_();
      return true;
    } catch (...) {
      v1::detail::log("Exception in initializer:\n" +
                      v1::detail::exception_text(std::current_exception()));
      fail_all();
      return false;
    }
  }
  void fail_all() noexcept {
    broken_.store(true, std::memory_order_seq_cst);
    close();
    while (auto item = try_get())
      item->fail(std::make_exception_ptr(BrokenThreadPool(broken_text)));
  }

  [[noreturn]] void refuse() const {
    if (broken_.load(std::memory_order_seq_cst)) throw BrokenThreadPool(broken_text);
    throw RuntimeError(shut_down_.load(std::memory_order_seq_cst) ? after_shutdown : after_exit);
  }

  // No worker is started after this. False: there is nobody to wait for.
  bool close() noexcept {
    std::scoped_lock guard(mutex_);
    if (!lost_) items_.shutdown(false);
    return !lost_;
  }
  void join() {
    std::unique_lock guard(mutex_);
    const std::vector<threading::Thread> workers = workers_;
    guard.unlock();
    const threading::Thread self = threading::current_thread();
    for (const threading::Thread& worker : workers)
      if (!(worker == self)) worker.join();
  }

  const std::size_t max_workers_;
  const std::string prefix_;
  const std::function<void()> initializer_;
  const bool daemon_, helps_;
  Items items_{0};
  seam::atomic<bool> complete_{false};  // all workers are started; never, where calls are taken
  seam::atomic<std::size_t> calls_{0};  // submitted and not done; counted until complete_
  seam::atomic<bool> broken_{false}, shut_down_{false};
  v1::detail::Mutex mutex_;
  std::vector<threading::Thread> workers_;  // guarded by mutex_
  bool lost_ = false;                       // guarded by mutex_
  // Of a pool that helps: calls in the queue that nobody has taken. Guarded by mutex_.
  std::unordered_set<detail::FutureState*> untaken_;
};

namespace {

// The pools that are alive, for the end of the program and for fork().
class Pools final : v1::detail::ForkAware {
 public:
  static Pools& get() {
    static Pools& forever = *new Pools;  // never destroyed: pools may end after statics do
    return forever;
  }

  void add(const std::shared_ptr<ThreadPool>& pool) {
    std::scoped_lock guard(mutex_);
    if (!exit_hook_) {
      v1::detail::at_exit(v1::detail::ExitStage::executors, [] { get().end_all(); });
      exit_hook_ = true;
    }
    std::erase_if(pools_, [](const auto& other) { return other.expired(); });
    pools_.push_back(pool);
  }

  // Those that a fork() alone still had may end. User code goes with them.
  void end_left() noexcept {
    std::unique_lock guard(mutex_);
    const auto left = std::exchange(left_, {});
    guard.unlock();
  }

 private:
  Pools() : ForkAware(v1::detail::ForkStage::executors) {}

  void end_all() {
    for (;;) {
      std::unique_lock guard(mutex_);
      if (pools_.empty()) return;
      const std::shared_ptr<ThreadPool> pool = pools_.back().lock();
      pools_.pop_back();
      guard.unlock();
      if (pool) pool->end();
    }
  }

  void before_fork() noexcept override {
    mutex_.lock();
    for (const auto& weak : pools_)
      if (auto pool = weak.lock()) {
        pool->before_fork();
        forking_.push_back(std::move(pool));
      }
  }
  void after_fork_in_parent() noexcept override {
    for (const auto& pool : forking_) pool->after_fork_in_parent();
    move_forking_to(left_);
    mutex_.unlock();
  }
  void after_fork_in_child() noexcept override {
    for (const auto& pool : forking_) pool->after_fork_in_child();
    move_forking_to(lost_);
    lost_.insert(lost_.end(), left_.begin(), left_.end());
    left_.clear();
    pools_.clear();
    mutex_.unlock();
  }

  void move_forking_to(std::vector<std::shared_ptr<ThreadPool>>& others) {
    others.insert(others.end(), forking_.begin(), forking_.end());
    forking_.clear();
  }

  v1::detail::Mutex mutex_;
  std::vector<std::weak_ptr<ThreadPool>> pools_;  // guarded by mutex_, as are all
  bool exit_hook_ = false;
  std::vector<std::shared_ptr<ThreadPool>> forking_;  // those whose mutex the fork() holds
  std::vector<std::shared_ptr<ThreadPool>> left_;     // the same, until the fork() has no lock
  std::vector<std::shared_ptr<ThreadPool>> lost_;     // never destroyed: see after_fork_in_child()
};
[[maybe_unused]] const Pools& pools_at_start = Pools::get();

// Outside of all locks of a fork().
class EndOfLeftPools final : v1::detail::ForkAware {
 public:
  EndOfLeftPools() : ForkAware(v1::detail::ForkStage::users) {}

 private:
  void before_fork() noexcept override {}
  void after_fork_in_parent() noexcept override { Pools::get().end_left(); }
  void after_fork_in_child() noexcept override {}
};
const EndOfLeftPools end_of_left_pools;

std::shared_ptr<ThreadPool> make_pool(ThreadPoolExecutorOptions options) {
  auto pool = std::make_shared<ThreadPool>(std::move(options));
  Pools::get().add(pool);
  return pool;
}

}  // namespace

ThreadPoolExecutor::ThreadPoolExecutor(ThreadPoolExecutorOptions options)
    : pool_(make_pool(std::move(options))) {}
ThreadPoolExecutor::~ThreadPoolExecutor() { pool_->leave(); }
void ThreadPoolExecutor::shutdown(ShutdownOptions options) { pool_->shutdown(options); }
void ThreadPoolExecutor::post(WorkItem item) { pool_->post(std::move(item)); }

}  // namespace tandem::inline v1::concurrent::futures
