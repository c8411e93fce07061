// The machinery of Pool and ProcessPoolExecutor: worker processes, and the thread that manages them.
//
//   any thread     post(job) ──► inbox ──┐
//                                        ▼                ring                  ring
//   the manager's thread            queue of tasks ──► worker 1 ─┐   answers ──► job.decode()
//                                        ▲      └────► worker 2 ─┤            └► job.fail()
//                                        └── not begun ── dead ──┘
//
// A worker is given some tasks ahead, so that it does not wait for the next one: two at first, more
// as long as tasks are short. What a worker has not begun can be taken back (Claims). That is
// done when it dies, and when the task that it has begun turns out to be a long one: so no task
// stands behind a long one while another worker is idle.
//
// The manager alone reads and writes the rings. It spins for a while, then it sleeps until a worker
// answers or ends, or somebody posts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "multiprocessing/worker.hpp"
#include "platform/pipe.hpp"
#include "platform/poll.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/job.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::multiprocessing::detail {

struct WorkersOptions {
  std::size_t workers = 1;
  Context context;
  WorkerRules rules{};
  // Of tasks, so many count as started that no worker has begun; they can be cancelled no more.
  std::size_t started_ahead = 0;
  // What a task that a dead worker had begun fails with.
  std::exception_ptr (*lost)(int exitcode);
  // All that is not done, from then on: of a pool whose workers do not even start; of an executor
  // at the first death. Also what terminate() leaves.
  std::exception_ptr (*broken)(std::optional<int> exitcode);
};

class Workers final : public std::enable_shared_from_this<Workers> {
 public:
  enum class State : std::uint8_t { run, close, terminate, broken };

  explicit Workers(WorkersOptions options);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  // Starts all the workers and the thread, if that has not been done.
  // Throws   what start() of a Process throws; then there are none.
  void start_all();
  // Starts one worker, as long as there are less than tasks, and the thread.
  void start_one_if_needed();

  // Queues tasks. Nothing happens unless the state is run.
  // Returns  the state.
  State post(Job& job, std::size_t tasks);

  // No more tasks; the workers end when all is done.
  //   cancel  what has not been started is cancelled
  void close(bool cancel = false);
  // Signals all workers, and does not replace them.
  void signal_all(int signal);
  // Fails what is not done, and ends the workers by SIGTERM.
  void terminate();
  // Until the thread and the workers have ended. From the manager's thread: at once.
  void join();

  State state() const noexcept;
  std::size_t size() const noexcept { return options_.workers; }
  // How many workers there are at the moment.
  std::size_t alive() const noexcept {
    return alive_.load(std::memory_order_relaxed);  // relaxed: stale as soon as it is read
  }
  // Not the process that made it: there is neither a thread nor a worker.
  bool is_elsewhere() const noexcept { return generation_ != process_generation; }

 private:
  struct Task {
    Job* job;
    std::size_t number;
    bool started;
  };
  struct Posted {
    Job* job;
    std::size_t first, end;
  };
  struct Hand;  // the manager's side of a worker

  std::unique_ptr<Hand> start_worker();
  void start_thread();
  void wake() noexcept;

  // ---- the manager's thread ----
  void manage() noexcept;
  bool take_orders();
  void adopt(std::unique_ptr<Hand> hand);
  bool read_answers(Hand& hand);
  void answered(Hand& hand, Tag tag, std::span<const std::byte> bytes);
  void write_pending(Hand& hand);
  bool bury_the_dead();
  void bury(std::size_t index);
  void replace(bool was_ready, std::optional<int> exitcode);
  bool deal();
  Hand* find_hand();
  bool next_task(Task& task);
  bool give(Hand& hand, const Task& task);
  void start_ahead();
  void watch_for_long_tasks();
  void take_back(Hand& hand);
  bool all_done() const noexcept;
  void sleep();
  bool has_news() const noexcept;
  void drop_queue(void (*drop)(Workers&, Task));
  void give_up(std::exception_ptr error);
  void end_workers();
  void end();

  const WorkersOptions options_;
  const std::uint32_t generation_ = process_generation;
  seam::atomic<std::size_t> alive_{0};

  // ---- shared ----
  mutable Mutex mutex_;
  State state_ = State::run;             // guarded by mutex_, as are the following
  bool cancel_ = false;                  // what has not been started is to be cancelled
  std::deque<Posted> inbox_;
  std::vector<std::unique_ptr<Hand>> recruits_;  // started, and not managed yet
  std::vector<Process> processes_;               // of all workers
  std::optional<threading::Thread> thread_;
  std::size_t unfinished_ = 0;           // tasks posted and not done
  bool over_ = false;                    // the thread has ended, or is about to
  seam::atomic<bool> news_{false};       // for the manager: something of the above has changed
  seam::atomic<bool> sleeping_{false};   // the manager is to be woken by the pipe
  platform::Pipe bell_;

  // ---- the manager's thread ----
  State orders_ = State::run;            // as far as the manager has seen
  std::vector<std::unique_ptr<Hand>> hands_;
  std::deque<Posted> queue_;             // by whole jobs
  std::deque<Task> returned_;            // before those of queue_: taken back, or started ahead
  std::size_t queued_ = 0;               // tasks in queue_
  std::size_t started_ = 0;              // tasks that count as started, done or not begun
  std::size_t depth_ = first_depth;      // tasks that a worker is given at a time
  std::size_t quick_ = 0;                // answers since the last long task
  std::size_t failed_starts_ = 0;        // workers that died before they were ready, in a row
  std::size_t done_ = 0;                 // since the last look at unfinished_
  pickle::Output output_{pickle::Sharing::CONNECTION};
  AdaptiveSpin spin_;

  static constexpr std::size_t first_depth = 2, most_depth = 64;
  static_assert(most_depth <= slot_count / 2);
};

}  // namespace tandem::inline v1::multiprocessing::detail
