// Python's multiprocessing.Barrier.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"
#include "tandem/multiprocessing/detail/target.hpp"
#include "tandem/pickle/callable.hpp"
#include "tandem/threading/barrier.hpp"

namespace tandem::inline v1::multiprocessing {

using threading::BrokenBarrierError;

namespace detail {

// What a barrier calls: any call without arguments, and how it crosses to another process.
class BarrierAction {  // Value
 public:
  BarrierAction() = default;
  template <class F>
  requires(!std::same_as<F, BarrierAction> && std::invocable<F&> && std::copy_constructible<F>)
      BarrierAction(F f) {
    if constexpr (is_portable_target<F>) portable_ = v1::pickle::PortableCall(f);
    call_ = std::move(f);
  }

  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  void operator()() const { call_(); }

  // Throws   PicklingError (it cannot be sent).
  TANDEM_API void pickle(v1::pickle::Output& output) const;
  TANDEM_API static BarrierAction unpickle(v1::pickle::Input& input);

 private:
  std::function<void()> call_;
  v1::pickle::PortableCall portable_;
};

}  // namespace detail

// Python's keyword arguments of Barrier().
struct BarrierOptions {
  // Called each time by the last to come, before all go on. For a process that is not forked it
  // has to be portable, as the target of a Process.
  detail::BarrierAction action{};
  Timeout timeout{};  // for each wait() that is given none; default for ever
};

// A place where a number of threads, of any processes, wait for each other, again and again.
// A handle: a copy is the same barrier. The action must not use its barrier.
// Threads  any number at once, of any process; those beyond the parties come to the next round.
// Order    what each did before wait(), and the action, is visible to all after it.
// Errors   who was killed while it waited has come: the round is complete with the others (Python's
//          hangs). When the one that runs the action is killed, the barrier is broken.
// Spec     multiprocessing.barrier
class TANDEM_API Barrier {
 public:
  //   parties  how many threads a round needs, at most 65536
  // Throws   ValueError (fewer than one); OverflowError.
  explicit Barrier(std::int64_t parties, BarrierOptions options = {});
  Barrier(const Context& context, std::int64_t parties, BarrierOptions options = {});

  // Waits until as many threads as there are parties have called it.
  //   timeout  longest wait; default that of the barrier; zero or less does not wait. One whose
  //            time runs out breaks the barrier for all
  // Returns how many had come before in this round: each gets another number, 0 to parties - 1.
  // Throws   BrokenBarrierError; what the action throws, which breaks the barrier, too;
  //          OverflowError (only if it would have to wait).
  // Spec     multiprocessing.barrier.wait
  std::size_t wait(Timeout timeout = {}) const;

  // As new: whoever waits gets BrokenBarrierError, whoever comes then begins a round.
  void reset() const;
  // Broken until reset(): whoever waits, or comes, gets BrokenBarrierError.
  void abort() const;

  std::size_t parties() const noexcept;
  // How many wait in this round; zero when broken. Stale as soon as it is read, as is broken().
  std::size_t n_waiting() const;
  bool broken() const;

  friend bool operator==(const Barrier& a, const Barrier& b) noexcept {
    return a.block_ == b.block_;
  }
  // Python's repr: "<multiprocessing.synchronize.Barrier at 0x7f12ab: waiters=0/3>".
  TANDEM_API friend std::string to_string(const Barrier& barrier);
  friend std::ostream& operator<<(std::ostream& out, const Barrier& barrier) {
    return out << to_string(barrier);
  }

  // Not for users: as Lock's.
  // Throws   PicklingError (the action cannot be sent).
  void pickle(v1::pickle::Output& output) const;
  static Barrier unpickle(v1::pickle::Input& input);

 private:
  struct State;
  struct Guard;

  Barrier(detail::SharedBlock block, BarrierOptions options);
  State& state() const noexcept;
  void act() const;

  detail::SharedBlock block_;
  std::shared_ptr<const BarrierOptions> options_;
};

template <class... A>
auto Context::Barrier(A&&... args) const {
  return multiprocessing::Barrier(*this, std::forward<A>(args)...);
}

}  // namespace tandem::inline v1::multiprocessing
