// Spinning for a short while before parking.
//
// A short spin is worth a hundred times in latency when the other side is running (a thread parked
// on an idle virtual CPU takes 45 us to come back), and only costs when it is not. So each waiting
// place learns how long a spin pays: one that succeeds sets the length of the next ones, vain ones
// shorten it.
//
// Two threads that have both begun to park would never find out that spinning pays again, since
// each wakes too late for the other's short spin: so from time to time one spin is long.
#pragma once
#include <algorithm>
#include <cstdint>

#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

// Pauses between two looks at a word that another thread is about to change. Each look takes the
// cache line away from that thread, which shall get something done in between: so the looks come at
// growing distances.
class SpinPause {
 public:
  static constexpr std::uint32_t first = seam::spins(2), most = seam::spins(32);
  static constexpr std::uint32_t longer(std::uint32_t pauses) { return std::min(2 * pauses, most); }
  static constexpr std::uint32_t shorter(std::uint32_t pauses) {
    return std::max(pauses / 2, first);
  }

  explicit SpinPause(std::uint32_t pauses = first) : pauses_(pauses) {}

  // Returns how many pauses it made.
  std::uint32_t operator()() noexcept {
    for (std::uint32_t i = 0; i < pauses_; ++i) seam::cpu_relax();
    const std::uint32_t made = pauses_;
    if (++looks_ % looks_a_step == 0) pauses_ = longer(pauses_);
    return made;
  }

 private:
  static constexpr std::uint32_t looks_a_step = 4;
  std::uint32_t pauses_;
  std::uint32_t looks_ = 0;
};

// How far apart the looks are is learned, too. A stream of events is best met late: each look
// interrupts whoever makes them, and more of them are there at the next one. A single event, an
// answer, is best met at once.
class AdaptiveSpin {
 public:
  // Spins until ready(), for as long as has paid so far. Returns whether it became ready. What
  // ready() returns, true or a number, is how many events there are.
  template <class Ready>
  bool operator()(Ready&& ready) noexcept {
    const std::uint32_t limit = this->limit();
    SpinPause pause(step_.load(std::memory_order_relaxed));  // relaxed: a hint
    for (std::uint32_t turn = 0, looks = 1; turn < limit; ++looks) {
      turn += pause();
      if (const std::uint64_t events = ready()) {
        paid(turn);
        learn_step(looks, events > 1);
        return true;
      }
    }
    in_vain();
    return false;
  }
  // Whether events have come by the dozen of late.
  bool meets_streams() const noexcept {
    return step_.load(std::memory_order_relaxed) >= no_answer;  // relaxed: a hint
  }

 private:
  static constexpr std::uint32_t shortest = seam::spins(64);  // in pauses
  static constexpr std::uint32_t longest = seam::spins(2048);
  static constexpr std::uint32_t probe_every = 16;
  // No answer comes back within so many pauses: two trips of a cache line take longer.
  static constexpr std::uint32_t no_answer = 8;

  // All relaxed: hints; a lost update is harmless.
  std::uint32_t limit() const noexcept {
    const bool probe = vain_.load(std::memory_order_relaxed) % probe_every == probe_every - 1;
    return probe ? longest : limit_.load(std::memory_order_relaxed);
  }
  void paid(std::uint32_t turns) noexcept {
    const std::uint32_t wanted = std::clamp(4 * turns, shortest, longest);
    if (wanted > limit_.load(std::memory_order_relaxed))
      limit_.store(wanted, std::memory_order_relaxed);
  }
  void in_vain() noexcept {
    const std::uint32_t limit = limit_.load(std::memory_order_relaxed);
    limit_.store(std::max(limit - limit / 4, shortest), std::memory_order_relaxed);
    vain_.store(vain_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void learn_step(std::uint32_t looks, bool several) noexcept {
    const std::uint32_t step = step_.load(std::memory_order_relaxed);
    const bool stream = looks == 1 && (several || step < no_answer);
    const std::uint32_t wanted = stream    ? SpinPause::longer(step)
                                 : several ? step
                                           : SpinPause::shorter(step);
    if (wanted != step) step_.store(wanted, std::memory_order_relaxed);
  }

  seam::hint<std::uint32_t> limit_{seam::spins(256)};
  seam::hint<std::uint32_t> vain_{0};
  seam::hint<std::uint32_t> step_{SpinPause::first};
};

}  // namespace tandem::inline v1::detail
