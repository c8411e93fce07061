// The machinery of Pool and ProcessPoolExecutor: worker processes, and the thread that manages
// them.
//
//   any thread     post(job) ──► inbox ──┐
//                                        ▼                            rings
//   the manager's thread            queue of tasks    ┌─► worker 1 ─┐   answers ──► job.decode()
//                                        └──► board ──┼─► worker 2 ─┤            └► job.fail()
//                                                     └─► worker 3 ─┘
//
// Some tasks stand on the board ahead of time, so that no worker waits for the next one. Each takes
// the oldest: tasks begin in the order in which they were posted, and none that has not begun
// stands behind one that lasts, or that waits for it, while a worker is idle. A task that is too
// long for the board, or has open files, is sent to whom has begun it.
//
// The manager spins for a while, then it sleeps until a worker answers or ends, or somebody posts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "multiprocessing/worker.hpp"
#include "platform/pipe.hpp"
#include "platform/poll.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/wakes.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/feed.hpp"
#include "tandem/multiprocessing/detail/job.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::multiprocessing::detail {

struct WorkersOptions {
  std::size_t workers = 1;
  Context context;
  WorkerRules rules{};
  // So many tasks count as started at a time, which can be cancelled no more; short ones may be
  // more. 0: as many as there is room for.
  std::size_t started_ahead = 0;
  // The first death breaks all. Else a worker that dies is replaced, and only what it had begun
  // fails: with WorkerLostError.
  bool breaks = false;
  // What tasks that are not done fail with: where the first death breaks all; those that no worker
  // has, where the workers do not even start; what terminate() leaves.
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
  // Before one more task is posted. Those that are forked are all started at once, before the
  // thread; others one by one, as long as there are less than tasks.
  // Throws   what start() of a Process throws, if there is no worker at all.
  void start_for_one_more() {
    if (is_complete()) return;
    options_.context.method() == StartMethod::fork ? start_all() : start_one_if_needed();
  }

  // Queues tasks, from the first to before the end, if the state is run, or if it is close and the
  // job was begun before. Returns the state.
  enum class Begun : bool { now, before };
  State post(Job& job, std::size_t first, std::size_t end, Begun begun = Begun::now);

  // A range is read for the pool, which does not end before remove(). Only if the state is run.
  // Returns the state.
  State add(const std::shared_ptr<Feed>& feed);
  void remove(const Feed& feed) noexcept;
  // How many tasks a range is read ahead when nothing is said: no worker has to wait for it.
  std::size_t window() const noexcept;

  // No more tasks; the workers end when all is done.
  //   cancel  what has not been started is cancelled
  void close(bool cancel = false);
  // Fails what is not done, and ends the workers by SIGTERM or SIGKILL.
  void terminate(bool kill = false);
  // Sends SIGTERM or SIGKILL to the workers that there are.
  void signal_all(bool kill);
  // Until the thread and the workers have ended. From the manager's thread: at once.
  void join();

  State state() const noexcept;
  std::size_t size() const noexcept { return options_.workers; }
  // Whether there are processors enough for the workers, for the thread that serves them, and for
  // somebody who spins for a result.
  bool spares_a_processor() const noexcept { return spares_a_processor_; }
  // How many workers there are at the moment; at the end, how many there were.
  std::size_t alive() const noexcept {
    return alive_.load(std::memory_order_relaxed);  // relaxed: stale as soon as it is read
  }
  // Not the process that made it: there is neither a thread nor a worker.
  bool is_elsewhere() const noexcept { return generation_ != process_generation; }

 private:
  struct Task {
    Job* job;
    std::size_t number;
  };
  struct Posted {
    Job* job;
    std::size_t first, end;
  };
  struct Hand;    // the manager's side of a worker
  struct Parcel;  // a message for one
  struct Offer;   // what stands on a place of the board

  bool is_complete() const noexcept {
    return complete_.load(std::memory_order_acquire);  // pairs with the release in start_all()
  }
  std::unique_ptr<Hand> start_worker();
  std::uint32_t take_number();
  void dismiss_all();
  void start_one_if_needed();
  void start_thread();
  void wake() noexcept;

  // ---- the manager's thread ----
  void manage() noexcept;
  bool take_orders();
  void cancel_queue();
  void settle() noexcept;
  void fail(const Task& task, std::exception_ptr error) noexcept;
  using Error = std::function<std::exception_ptr()>;
  void fail_offers(bool begun, const Error& error);
  void fail_queue(const Error& error);
  void fail_waiting(const Error& error);
  void fail_all(std::optional<int> exitcode);
  bool is_idle() const noexcept { return queue_.empty() && started_ == 0; }

  bool read_answers(Hand& hand);
  void take_handles(Hand& hand, std::size_t count);
  void take_answer(Hand& hand, Tag tag, std::span<const std::byte> bytes);
  void read_answer(const Task& task, WorkerAnswer answer, pickle::Input& input);
  bool has_begun(const Hand& hand, TaskBoard::Place place) const noexcept;
  void note_answer();

  bool deal();
  bool may_start() const noexcept;
  void offer(const Task& task);
  Task take_off(TaskBoard::Place place) noexcept;
  bool is_anybody_asleep() const noexcept;
  void wake_one();
  void send(Hand& hand, std::unique_ptr<Parcel> parcel);

  void look_for_dead();
  bool bury_the_dead();
  void bury(std::size_t index);
  void become_broken(int exitcode);
  void refill();
  void end();

  bool has_news() const noexcept;
  void sleep();
  bool arm_all();
  void poll_all();

  // Tasks of an executor that a worker may have ahead, where tasks are short.
  static constexpr std::size_t most_depth = 64;

  const WorkersOptions options_;
  const bool spares_a_processor_;
  const std::uint32_t generation_ = process_generation;
  Mutex starting_;                            // one at a time starts workers for others
  seam::atomic<bool> complete_{false};        // all workers were started
  seam::atomic<std::size_t> alive_{0};        // workers
  seam::atomic<std::size_t> outstanding_{0};  // tasks not done; until complete_

  mutable Mutex mutex_;
  State state_ = State::run;  // guarded by mutex_, as are the following
  bool ending_ = false;       // the manager waits for the workers' ends
  bool cancel_ = false;       // what has not been started is to be cancelled
  bool kill_ = false;         // the workers are to be ended by SIGKILL
  std::vector<Posted> inbox_;
  std::vector<std::shared_ptr<Feed>> feeds_;     // which still read
  std::vector<std::unique_ptr<Hand>> recruits_;  // started, and not managed yet
  std::uint32_t next_number_ = 1;                // of a worker
  std::list<Process> processes_;                 // of all workers
  std::optional<threading::Thread> thread_;

  seam::atomic<bool> news_{false};      // for the manager: something of the above has changed
  seam::atomic<bool> sleeping_{false};  // the manager is to be woken by the pipe
  platform::Pipe bell_;

  // ---- the manager's thread ----
  State orders_ = State::run;  // the state, as far as the manager has seen
  std::vector<std::unique_ptr<Hand>> hands_;
  bool is_fed_ = false;       // more is to be posted, although the pool is closed
  std::deque<Posted> queue_;  // never empty ones
  std::shared_ptr<TaskBoard> board_;
  std::vector<Offer> offers_;           // by their places
  std::vector<TaskBoard::Place> free_;  // places
  std::uint64_t turns_ = 0;
  std::size_t started_ = 0;  // tasks that were started and are not done
  std::size_t parcels_ = 0;  // of them, those that nobody has asked for yet
  std::size_t depth_ = 1;    // tasks for each worker, where started_ahead is less
  bool short_ = false;       // the last tasks were short ones
  std::size_t answers_ = 0;
  seam::clock::time_point counted_since_{};
  std::size_t failed_starts_ =
      0;  // workers that died before they were ready; since the last answer
  std::unique_ptr<Parcel> parcel_;
  std::vector<platform::Polled> polled_;
  AdaptiveSpin spin_;
  Wakes wakes_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
