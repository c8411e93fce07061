// Those who wait in a condition or a barrier: a place in shared memory for each, where it sleeps.
//
// Whoever was killed keeps its place until somebody needs it, or wants to notify it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "multiprocessing/holder.hpp"
#include "platform/identity.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

struct Waiter {
  static constexpr std::uint32_t nobody = 0, waiting = 1, notified = 2, refused = 3;
  // Becomes waiting by who has the lock of the whole, nobody by who has waited.
  seam::atomic<std::uint32_t> word;
  std::uint64_t turn;     // the order in which they came
  std::uint64_t process;  // its identity

  bool is_waiting() const noexcept {
    return word.load(std::memory_order_acquire) == waiting;  // pairs with the release in tell()
  }
  bool was_notified() const noexcept {
    return word.load(std::memory_order_acquire) == notified;  // pairs with: as above
  }
  bool may_be_alive() const noexcept {
    return process == this_process() || platform::is_running(process);
  }

  // Returns whether it was surely there to hear it.
  bool tell(std::uint32_t what) noexcept {
    // release pairs with the acquire in is_waiting().
    word.store(what, std::memory_order_release);
    return unpark_shared(word, 1) > 0;
  }
  // Until it has been told, or the time is over. Returns what it was told, or waiting.
  std::uint32_t wait(AdaptiveSpin& spin, Deadline until) noexcept {
    const auto told = [this] { return !is_waiting(); };
    if (until.passed() || !search(spin, told))
      while (!told() && park_shared(word, waiting, until)) {
      }
    return word.load(std::memory_order_acquire);  // pairs with the release in tell()
  }
  void leave() noexcept { word.store(nobody, std::memory_order_release); }  // pairs with is_free()
  // Nobody is here, or will be.
  bool is_free() const noexcept {
    return word.load(std::memory_order_acquire) == nobody;  // pairs with the release in leave()
  }
};

// A row of them behind its own head. All members by who has the lock of the whole; but
// count_waiting() by anybody, as a number that is stale as soon as it is there.
struct Waiters {
  std::uint32_t places;
  // Beyond this place there was never anybody. relaxed wherever it is used: changed under the lock,
  // but read without it, too, by count_waiting().
  seam::atomic<std::uint32_t> used{0};
  std::uint64_t turns = 0;
  AdaptiveSpin spin;

  explicit Waiters(std::uint32_t most) noexcept : places(most) {}
  static std::size_t bytes(std::uint32_t places) noexcept {
    return sizeof(Waiters) + places * sizeof(Waiter);
  }

  Waiter* begin() noexcept { return reinterpret_cast<Waiter*>(this + 1); }
  Waiter* end() noexcept {
    return begin() + used.load(std::memory_order_relaxed);  // relaxed: see used
  }

  // Null: there is no place.
  Waiter* come() noexcept {
    Waiter* const place = find_free();
    if (!place) return nullptr;
    place->turn = ++turns;
    place->process = this_process();
    // relaxed: read under the lock, but by itself
    place->word.store(Waiter::waiting, std::memory_order_relaxed);
    return place;
  }
  Waiter* first_waiting() noexcept {
    Waiter* first = nullptr;
    for (Waiter& waiter : *this)
      if (waiter.is_waiting() && (!first || waiter.turn < first->turn)) first = &waiter;
    return first;
  }
  void tell_all(std::uint32_t what) noexcept {
    for (Waiter& waiter : *this)
      if (waiter.is_waiting()) waiter.tell(what);
  }
  std::uint32_t count_waiting() noexcept {
    std::uint32_t count = 0;
    for (const Waiter& waiter : *this) count += waiter.is_waiting();
    return count;
  }

 private:
  Waiter* find_free() noexcept {
    for (Waiter& waiter : *this)
      if (waiter.is_free()) return &waiter;
    if (Waiter* const next = end(); next < begin() + places) {
      used.store(static_cast<std::uint32_t>(next - begin()) + 1,
                 std::memory_order_relaxed);  // relaxed: see used
      return next;
    }
    for (Waiter& waiter : *this)
      if (!waiter.may_be_alive()) return &waiter;
    return nullptr;
  }
};
static_assert(sizeof(Waiters) % alignof(Waiter) == 0);

}  // namespace tandem::inline v1::multiprocessing::detail
