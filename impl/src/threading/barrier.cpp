#include "tandem/threading/barrier.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "platform/cpu.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::threading {

namespace {

constexpr std::uint64_t broken_bit = 1, resetting_bit = 2, sleepers_bit = 4;
constexpr std::uint64_t off = broken_bit | resetting_bit;
constexpr std::uint64_t one_round = 8;
constexpr std::uint64_t one_thread = std::uint64_t{1} << 32;

constexpr std::uint32_t lower(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
constexpr std::uint32_t round_of(std::uint64_t word) { return lower(word) & ~lower(one_round - 1); }
constexpr std::uint32_t inside(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}

constexpr std::uint64_t as_broken(std::uint64_t word) {
  return (word & ~(resetting_bit | sleepers_bit)) | broken_bit;
}
// The rounds wrap around without touching the upper half.
constexpr std::uint64_t with_next_round(std::uint64_t word) {
  return (word & ~std::uint64_t{0xffff'ffff}) | lower((word & ~sleepers_bit) + one_round);
}

// Each barrier that came along to a child of fork() takes it once.
using ForgettingMutex = detail::ForkSafeMutexOf<detail::ForkStage::threading, Barrier>;

std::uint32_t checked_parties(std::int64_t parties) {
  if (parties < 1) throw ValueError("parties must be > 0");
  if (parties > std::int64_t{1} << 31) throw OverflowError("too many parties");
  return static_cast<std::uint32_t>(parties);
}

}  // namespace

Barrier::Barrier(std::int64_t parties, BarrierOptions options)
    : parties_(checked_parties(parties)),
      crowded_(parties > platform::usable_cpus()),
      timeout_(options.timeout),
      action_(std::move(options.action)) {}

std::size_t Barrier::wait(Timeout timeout) {
  forget_the_lost();
  if (timeout.is_forever()) timeout = timeout_;
  if (timeout.is_too_large() && would_wait()) detail::refuse_too_large(timeout);
  const auto until = detail::Deadline::after(timeout);
  const Place place = arrive();
  if (place.index + 1 == parties_)
    complete(place);
  else
    wait_for_others(place, until);
  return place.index;
}

// In a child of fork() the barrier is as the parent's was, but nobody is inside.
void Barrier::forget_the_lost() noexcept {
  // acquire pairs with the release below: whoever is counted comes after the others went.
  if (generation_.load(std::memory_order_acquire) == detail::process_generation) [[likely]]
    return;
  std::scoped_lock guard(ForgettingMutex::get());
  // relaxed, all: under the mutex, and nobody has come yet
  if (generation_.load(std::memory_order_relaxed) == detail::process_generation) return;
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  const std::uint64_t empty = round_of(word) | (word & broken_bit);
  word_.store(empty, std::memory_order_relaxed);
  generation_.store(detail::process_generation, std::memory_order_release);  // pairs: above
}

// Counts the caller in, if need be once a reset is over.
Barrier::Place Barrier::arrive() {
  for (;;) {
    // acq_rel pairs with itself: the last one to come sees what all the others did before.
    const std::uint64_t before = word_.fetch_add(one_thread, std::memory_order_acq_rel);
    const std::uint32_t ahead = inside(before);
    if (!(before & off) && ahead < parties_) return {round_of(before), ahead};
    if (!(before & off)) {
      const std::uint64_t rounds = ahead / parties_ * one_round;
      return {round_of(before) + lower(rounds), ahead % parties_};
    }
    leave();
    if (before & broken_bit) throw BrokenBarrierError();
    std::uint64_t word = 0;
    // acquire pairs with the changes in leave().
    while ((word = word_.load(std::memory_order_acquire)) & resetting_bit)
      sleep(word, detail::Deadline::never());
  }
}

// By the last one of a round: lets all go. The round before it may have its action still running.
void Barrier::complete(const Place& place) {
  std::uint64_t word = 0;
  // acquire pairs with the change at the end of the round before.
  while (round_of(word = word_.load(std::memory_order_acquire)) != place.round || (word & off)) {
    if (word & off) {
      leave();
      throw BrokenBarrierError();
    }
    sleep(word, detail::Deadline::never());
  }
  // The action may fork(): then its round is over in the child, where nobody is inside any more.
  const std::uint32_t generation = detail::process_generation;
  const auto is_parent = [&] { return generation == detail::process_generation; };
  try {
    const auto& action = *action_.operator->();
    if (action) action();
  } catch (...) {
    forget_the_lost();
    const std::uint64_t self = is_parent() ? one_thread : 0;
    change([self](std::uint64_t now) { return as_broken(now - self); });
    throw;
  }
  if (is_parent())
    change([this](std::uint64_t now) { return with_next_round(now - one_thread * parties_); });
}

void Barrier::wait_for_others(const Place& place, detail::Deadline until) {
  for (;;) {
    const Outcome outcome = await(place.round, until);
    if (outcome == Outcome::complete) return;
    if (outcome == Outcome::broken) {
      leave();
      throw BrokenBarrierError();
    }
    // The time is over. Once a round is full its action decides, as if it held a lock.
    const auto may_break = [&](std::uint64_t now) {
      return outcome_of(place.round, now) == Outcome::open && !is_full(now);
    };
    const std::uint64_t before = change(
        [&](std::uint64_t now) { return may_break(now) ? as_broken(now - one_thread) : now; });
    if (may_break(before)) throw BrokenBarrierError();
    if (outcome_of(place.round, before) == Outcome::open) sleep(before, detail::Deadline::never());
  }
}

// The last one to leave ends a reset.
void Barrier::leave() noexcept {
  change([](std::uint64_t now) {
    now -= one_thread;
    return inside(now) == 0 && (now & resetting_bit) ? now & ~(resetting_bit | sleepers_bit) : now;
  });
}

void Barrier::reset() noexcept {
  forget_the_lost();
  change_between_rounds([](std::uint64_t now) {
    now &= ~(off | sleepers_bit);
    return inside(now) == 0 ? now : now | resetting_bit;
  });
}

void Barrier::abort() noexcept {
  forget_the_lost();
  change_between_rounds(as_broken);
}

// relaxed, all: an answer, stale at once
std::size_t Barrier::n_waiting() const noexcept {
  if (generation_.load(std::memory_order_relaxed) != detail::process_generation) return 0;
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  return word & off ? 0 : std::min(inside(word), parties_);
}
bool Barrier::broken() const noexcept {
  return (word_.load(std::memory_order_relaxed) & broken_bit) != 0;  // relaxed: as above
}

// relaxed: a hint, for a timeout that nobody can mean
bool Barrier::would_wait() const noexcept {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  return !(word & broken_bit) && inside(word) + 1 != parties_;
}

// Its last one has come, and is about to complete it.
bool Barrier::is_full(std::uint64_t word) const noexcept {
  return !(word & off) && inside(word) >= parties_;
}

// What has become of that round by then.
Barrier::Outcome Barrier::outcome_of(std::uint32_t round, std::uint64_t word) noexcept {
  if (static_cast<std::int32_t>(round_of(word) - round) > 0) return Outcome::complete;
  return word & off ? Outcome::broken : Outcome::open;
}

// Waits until that round has been completed or broken; open: the time is over.
Barrier::Outcome Barrier::await(std::uint32_t round, detail::Deadline until) noexcept {
  std::uint64_t word = 0;
  const auto decided = [&] {
    // acquire pairs with change(): what all did before, and the action, is visible.
    word = word_.load(std::memory_order_acquire);
    return outcome_of(round, word) != Outcome::open;
  };
  // Where not all parties can run at once, a spin only keeps those away that are waited for.
  const auto found = [&] {
    return crowded_ ? detail::give_way_until(decided) : detail::search(spin_, decided);
  };
  if (until.passed() || !found())
    while (!decided() && sleep(word, until)) {
    }
  return outcome_of(round, word);
}

// Sleeps while the lower half is as it was seen. False: the time is over.
bool Barrier::sleep(std::uint64_t seen, detail::Deadline until) noexcept {
  // relaxed: only tells change() that there is somebody to wake
  if (!(seen & sleepers_bit) &&
      !word_.compare_exchange_strong(seen, seen | sleepers_bit, std::memory_order_relaxed))
    return true;
  return detail::park(detail::low_half(word_), lower(seen | sleepers_bit), until);
}

// Makes the word next(word), and wakes all if that takes the mark of the sleepers off. Returns what
// it was before.
template <class Next>
std::uint64_t Barrier::change(Next&& next) noexcept {
  // acquire pairs with the arrivals in arrive(): whoever changes it has seen all that was done.
  std::uint64_t before = word_.load(std::memory_order_acquire);
  std::uint64_t after = next(before);
  // acq_rel pairs with the acquires in arrive(), complete() and await().
  while (after != before && !word_.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                                         std::memory_order_acquire))
    after = next(before);
  if (before & ~after & sleepers_bit) detail::unpark_all(detail::low_half(word_));
  return before;
}

// The same, but not while an action runs.
template <class Next>
void Barrier::change_between_rounds(Next&& next) noexcept {
  for (;;) {
    const std::uint64_t before =
        change([&](std::uint64_t now) { return is_full(now) ? now : next(now); });
    if (!is_full(before)) return;
    sleep(before, detail::Deadline::never());
  }
}

std::string to_string(const Barrier& barrier) {
  const std::string state = barrier.broken() ? "broken"
                                             : "waiters=" + std::to_string(barrier.n_waiting()) +
                                                   "/" + std::to_string(barrier.parties());
  return "<threading.Barrier at " + detail::address_text(&barrier) + ": " + state + ">";
}

}  // namespace tandem::inline v1::threading
