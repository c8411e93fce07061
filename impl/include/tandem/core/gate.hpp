// A place to wait for a condition that others make true: an item, a free slot, a permit.
//
// The waker claims a sleeper before it wakes it. So a burst of events costs one system call for
// each thread that really sleeps, however long that thread takes to come back, and none when
// nobody sleeps.
//
//   waiter  enter: sleepers += 1 | look again | sleep until a permit can be taken
//   waker   make the condition true | if sleepers > 0: sleepers -= 1, permits += 1, wake one
//
// Permits and sleepers are anonymous: a thread may take a permit meant for another, which then goes
// on sleeping and is still counted. A woken thread only knows that it is worth looking again.
//
// Nobody is woken while somebody is still searching (spinning) here, who will see what has happened
// by itself. In return, whoever has waited looks for more when it has got what it waited for, and
// wakes the next (hand_on()).
//
// In a child of fork() none of those that waited here exists. Sleepers and permits that are left
// over cost no more than a vain wake-up; those that searched are told apart by the generation of
// their process.
#pragma once
#include <cstdint>

#include "tandem/core/export.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Waits until it is worth trying again: ready() holds, or somebody woke us. Returns false iff
  // the deadline has passed and ready() does not hold. ready() may tell how much there is: see
  // AdaptiveSpin.
  // ready() must read with seq_cst what the waker writes with seq_cst before wake_one(): of the
  // waiter's "sleepers, then condition" and the waker's "condition, then sleepers", one sees the
  // other.
  template <class Ready>
  bool wait(Ready&& ready, Deadline until) noexcept {
    const std::uint32_t others = search();
    const bool found = (others < most_searching() && spin_(ready)) || look_later(ready);
    // Before the look at the condition that follows, here or in the caller: either we see what the
    // waker has done, or the waker does not see us searching.
    searching_.fetch_sub(1, std::memory_order_seq_cst);
    return found || wait_parked(ready, until);
  }
  // The same without a spin first.
  template <class Ready>
  bool wait_parked(Ready&& ready, Deadline until) noexcept {
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    if (ready()) {
      leave();
      return true;
    }
    return sleep(until) || ready();
  }

  // Returns whether somebody was woken.
  bool wake_one() noexcept {
    if (sleepers_.load(std::memory_order_seq_cst) == 0) return false;
    return !is_searched() && wake_a_sleeper();
  }
  // By whoever has waited and got something: passes on what it may have been told for others.
  template <class Ready>
  void hand_on(Ready&& ready) noexcept {
    if (has_sleepers() && ready()) wake_one();
  }
  void wake_all() noexcept {
    if (sleepers_.load(std::memory_order_seq_cst) != 0) wake_all_sleepers();
  }
  // Stale as soon as it is read.
  bool has_sleepers() const noexcept { return sleepers_.load(std::memory_order_seq_cst) != 0; }

 private:
  // One searcher for two processors: more would keep those from running whom they wait for.
  TANDEM_API static std::uint32_t most_searching() noexcept;
  static std::uint32_t generation_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 32);
  }
  // Returns how many others do.
  std::uint32_t search() noexcept {
    const std::uint64_t before = searching_.fetch_add(1, std::memory_order_seq_cst);
    if (generation_of(before) == process_generation) [[likely]]
      return static_cast<std::uint32_t>(before);
    return search_anew();
  }
  TANDEM_API std::uint32_t search_anew() noexcept;
  // Whoever makes a stream of events and finds none of us asleep pays nothing, and makes many of
  // them in the time that it is given. To sleep would mean to be woken by the first of them, often
  // in its place: on processors that are far apart a queue of two producers and two consumers is
  // half as fast.
  template <class Ready>
  bool look_later(Ready&& ready) noexcept {
    if (!spin_.meets_streams()) return false;
    let_others_run();
    return static_cast<bool>(ready());
  }
  TANDEM_API static void let_others_run() noexcept;
  bool is_searched() const noexcept {
    const std::uint64_t word = searching_.load(std::memory_order_seq_cst);
    return static_cast<std::uint32_t>(word) != 0 && generation_of(word) == process_generation;
  }
  TANDEM_API bool sleep(Deadline until) noexcept;  // false: the deadline has passed, and we left
  TANDEM_API void leave() noexcept;
  TANDEM_API bool wake_a_sleeper() noexcept;
  TANDEM_API void wake_all_sleepers() noexcept;
  bool take_permit() noexcept;

  // Wakers look at the sleepers all the time, and find the line in their cache as long as nobody
  // writes to it: so what waiters write while nobody sleeps stands on another line.
  alignas(64) seam::atomic<std::uint32_t> sleepers_{0};  // entered, not yet claimed by a waker
  seam::atomic<std::uint32_t> permits_{0};               // claimed and not yet awake
  // bits 0-31: in wait(), before they sleep | bits 32-63: the generation of their process
  alignas(64) seam::atomic<std::uint64_t> searching_{0};
  AdaptiveSpin spin_;
};

}  // namespace tandem::inline v1::detail
