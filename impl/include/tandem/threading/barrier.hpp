// Python's threading.Barrier.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::threading {

// The barrier was aborted or reset, a wait() there took too long, or its action failed.
class TANDEM_API BrokenBarrierError : public RuntimeError {
 public:
  BrokenBarrierError() : RuntimeError("") {}
};

// Python's keyword arguments of Barrier().
struct BarrierOptions {
  std::function<void()> action{};  // called each time by the last to come, before all go on
  Timeout timeout{};               // for each wait() that is given none; default for ever
};

// A place where a number of threads wait for each other, again and again.
// Neither copied nor moved. The action must not call wait(), reset() or abort() of its barrier:
// they wait until it has returned. In a child of fork() those that waited are not counted.
// Threads  any number at once; those beyond the parties come to the next round.
// Order    what each thread did before wait(), and the action, is visible to all after it.
// Spec     threading.barrier
class TANDEM_API Barrier {
 public:
  //   parties  how many threads a round needs, at most 2^31
  // Throws   ValueError (fewer than one); OverflowError.
  explicit Barrier(std::int64_t parties, BarrierOptions options = {});
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  // Waits until as many threads as there are parties have called it.
  //   timeout  longest wait; default that of the barrier; zero or less does not wait. One whose
  //            time runs out breaks the barrier for all
  // Returns how many had come before in this round: each gets another number, 0 to parties - 1.
  // Throws   BrokenBarrierError; what the action throws, which breaks the barrier, too;
  //          OverflowError (only if it would have to wait).
  // Spec     threading.barrier.wait
  std::size_t wait(Timeout timeout = {});

  // As new: whoever waits gets BrokenBarrierError, whoever comes then begins a round.
  // Spec     threading.barrier.reset
  void reset() noexcept;
  // Broken until reset(): whoever waits, or comes, gets BrokenBarrierError.
  // Spec     threading.barrier.abort
  void abort() noexcept;

  std::size_t parties() const noexcept { return parties_; }
  // How many wait in this round; zero when broken. Stale as soon as it is read, as is broken().
  std::size_t n_waiting() const noexcept;
  bool broken() const noexcept;

  // Python's repr: "<threading.Barrier at 0x7f12ab: waiters=0/3>", "<...: broken>".
  TANDEM_API friend std::string to_string(const Barrier& barrier);
  friend std::ostream& operator<<(std::ostream& out, const Barrier& barrier) {
    return out << to_string(barrier);
  }

 private:
  enum class Outcome { open, complete, broken };
  struct Place {
    std::uint32_t round;  // as in the word
    std::uint32_t index;
  };

  void forget_the_lost() noexcept;
  Place arrive();
  void complete(const Place& place);
  void wait_for_others(const Place& place, detail::Deadline until);
  void leave() noexcept;

  static Outcome outcome_of(std::uint32_t round, std::uint64_t word) noexcept;
  Outcome await(std::uint32_t round, detail::Deadline until) noexcept;
  bool sleep(std::uint64_t seen, detail::Deadline until) noexcept;
  template <class Next>
  std::uint64_t change(Next&& next) noexcept;
  template <class Next>
  void change_between_rounds(Next&& next) noexcept;
  bool is_full(std::uint64_t word) const noexcept;
  bool would_wait() const noexcept;

  const std::uint32_t parties_;
  const bool crowded_;  // not all parties can run at once
  const Timeout timeout_;
  const detail::Abandonable<std::function<void()>> action_;
  detail::AdaptiveSpin spin_;
  // Of those who are inside: in a child of fork() they do not exist.
  seam::atomic<std::uint32_t> generation_{detail::process_generation};

  // All that changes, in one word on a line of its own:
  // bit 0: broken | bit 1: resetting, until all have left | bit 2: somebody may sleep
  // bits 3-31: how many rounds were completed | bits 32-63: how many threads are inside
  //
  // The round changes only when one is completed; while broken or resetting, whoever is inside must
  // leave before the next begins. So a thread that was long away sees what became of its round.
  // A thread that comes while the last one of a full round still runs the action counts for the
  // next round already. Sleepers park on the lower half.
  alignas(64) seam::atomic<std::uint64_t> word_{0};
};

}  // namespace tandem::inline v1::threading
