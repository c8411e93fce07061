// asyncio.Barrier: tasks that wait for each other.
#pragma once
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"

namespace tandem::inline v1::asyncio {

// The barrier was aborted or reset.
class TANDEM_API BrokenBarrierError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

// A place where a number of tasks wait for each other, again and again. Neither copied nor moved.
// `async with barrier as i` is auto i = co_await barrier.wait(). Tasks may wait when it goes: they
// are never woken, and can be cancelled.
//
//   filling -- all have come --> draining -- all have left --> filling
//   filling, draining -- reset() --> resetting -- all have left --> filling
//   any -- abort() --> broken -- reset() --> resetting or filling
//
// Threads  those of its loop only.
// Spec     asyncio.barrier
class TANDEM_API Barrier {
 public:
  //   parties  how many tasks a round needs
  // Throws   ValueError (fewer than one).
  explicit Barrier(std::ptrdiff_t parties);
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;
  ~Barrier();

  // Waits until as many tasks as there are parties have called it; who comes while those of a full
  // round leave waits for that, too.
  // Returns  how many had come before in this round: each gets another number, 0 to parties - 1
  // Throws   BrokenBarrierError; CancelledError: then the task does not count.
  // Spec     asyncio.barrier.wait
  Coroutine<std::size_t> wait();
  // As new: whoever waits, or has not left yet, gets BrokenBarrierError.
  // Spec     asyncio.barrier.reset
  Coroutine<> reset();
  // Broken until reset(): whoever waits, or comes, gets BrokenBarrierError.
  // Spec     asyncio.barrier.abort
  Coroutine<> abort();

  std::size_t parties() const noexcept;
  // How many wait while it fills; zero otherwise.
  std::size_t n_waiting() const noexcept;
  bool broken() const noexcept;

  // Python's repr: "<asyncio.locks.Barrier object at 0x7f12ab [filling, waiters:0/3]>".
  TANDEM_API friend std::string to_string(const Barrier& barrier);
  TANDEM_API friend std::ostream& operator<<(std::ostream& out, const Barrier& barrier);

 private:
  struct State;  // outlives the barrier in those who wait
  std::shared_ptr<State> state_;
};

}  // namespace tandem::inline v1::asyncio
