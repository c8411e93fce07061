// What reads a range for a pool, while its results are taken already.
//
//   its own thread   read() ──► hand over ──► the workers ──► results ──► whoever takes them
//                       ▲                                                        │
//                       └──────────────── room for one more task ◄───────────────┘
#pragma once
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>

#include "tandem/core/export.hpp"
#include "tandem/multiprocessing/detail/job.hpp"
#include "tandem/threading/condition.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// The part of it that knows neither the range nor the results. It keeps itself while it reads, and
// until the last task is done.
class TANDEM_API Feed {
 public:
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Begins to read. Tasks of the job, by their numbers from 0, are handed over in that order.
  //   buffersize  tasks ahead of whoever takes the results. None: some for each worker; and all
  //               there are, when somebody waits for the end of the pool
  // Throws   ValueError (the pool takes no calls); what start() of a thread throws.
  void start(std::shared_ptr<Feed> self, Job& job, std::shared_ptr<Workers> workers,
             std::optional<std::size_t> buffersize);

  // Somebody waits for the end of the pool, and maybe nobody takes results any more.
  void go_to_the_end() noexcept;
  // No further task; instead of the next one comes the error, if there is one.
  void end(std::exception_ptr error) noexcept;

 protected:
  Feed() = default;
  ~Feed() = default;

  // Nobody wants results any more. When it returns, nothing is read any more.
  void abandon() noexcept;
  // Nothing that is read from now on is handed over.
  bool is_ended() noexcept;
  // A result was taken.
  void took_one() noexcept;
  // A task is done. Then the feed may be gone.
  void did_one() noexcept;

 private:
  enum class Room { some, none, no_more };

  // ---- of the range; in the thread ----
  // Reads one task; false: there is none left. May throw.
  virtual bool read(std::size_t task) = 0;
  virtual bool has_more() = 0;
  virtual void close() noexcept = 0;
  // ---- of the results ----
  virtual void length_is(std::size_t length) noexcept = 0;
  virtual void add_error(std::size_t task, std::exception_ptr error) noexcept = 0;

  void run() noexcept;
  bool read_one();
  Room wait_for_room();
  bool hand_over(std::size_t task);
  void finish() noexcept;

  Job* job_ = nullptr;
  std::shared_ptr<Workers> workers_;
  std::size_t window_ = 0;
  bool bounded_ = false;  // a buffersize was given
  std::optional<threading::Thread> thread_;

  threading::Condition changed_;  // guards what follows
  std::shared_ptr<Feed> self_;
  std::size_t handed_over_ = 0, done_ = 0, taken_ = 0;  // tasks
  bool to_the_end_ = false, ended_ = false;
  std::exception_ptr error_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
