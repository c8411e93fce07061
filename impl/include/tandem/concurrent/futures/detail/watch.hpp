// Watching many futures at once: the common part of wait() and as_completed().
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "tandem/concurrent/futures/detail/state.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/park.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

enum class ReturnWhen { FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED };

class Watcher;

// One future, watched.
struct Watch final : Node {
  Watch();
  static void told(Node& node, FutureState* future) noexcept;

  Watcher* watcher = nullptr;
  FutureState* future = nullptr;
  Watch* next_done = nullptr;
  bool added = false;
  std::uint32_t generation = process_generation;  // in a child of fork() nobody watches any more
  seam::atomic<bool> over{false};                 // told, and the watcher is not touched any more
};

// Not virtual: a destructor that waits in stop() would write the pointer to the table of functions
// while others still call one.
class TANDEM_API Watcher {
 public:
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 protected:
  // Called in the thread in which the future was done. Returns the word to wake a sleeper on, if
  // any.
  using Note = const seam::atomic<std::uint32_t>* (*)(Watcher&, Watch&) noexcept;

  explicit Watcher(Note note) : note_(note) {}
  ~Watcher() = default;  // the derived class calls stop() before its members die

  // Has the note called once for each future, at once for those that are done.
  void start(std::span<FutureState* const> futures);
  void stop() noexcept;

  std::span<Watch> watches() const noexcept { return {watches_.get(), count_}; }

 private:
  friend struct Watch;
  const Note note_;
  std::unique_ptr<Watch[]> watches_;
  std::size_t count_ = 0;
};

// wait()'s: until enough of them are done. The futures are different ones.
TANDEM_API void wait_for(std::span<FutureState* const> futures, Timeout timeout,
                         ReturnWhen return_when);

// as_completed()'s: one by one, in the order in which they get done.
class TANDEM_API Completions final : public Watcher {
 public:
  explicit Completions(std::span<FutureState* const> futures);
  ~Completions();

  // Whether next() would not have to wait.
  bool has_one() const noexcept {
    return oldest_ || newest_.load(std::memory_order_relaxed);  // relaxed: next() acquires
  }
  // The number of the next one that is done, waiting for it.
  // Throws   TimeoutError.
  std::size_t next(Deadline until);

 private:
  const seam::atomic<std::uint32_t>* note(Watch& watch) noexcept;
  void take_in() noexcept;
  bool help_with_one() noexcept;

  seam::atomic<Watch*> newest_{nullptr};
  seam::atomic<std::uint32_t> events_{0};
  Watch* oldest_ = nullptr;  // taken from newest_ and turned round
  bool begun_ = false;
  std::size_t left_;
  std::size_t helped_ = 0;  // of the watches: those before it are not to be tried again
};

}  // namespace tandem::inline v1::concurrent::futures::detail
