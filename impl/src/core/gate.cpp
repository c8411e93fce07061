#include "tandem/core/gate.hpp"

#include <algorithm>

#include "platform/cpu.hpp"

namespace tandem::inline v1::detail {

namespace {
const auto most_at_once = static_cast<std::uint32_t>(std::max(1, platform::usable_cpus() / 2));
}  // namespace

std::uint32_t Gate::most_searching() noexcept { return most_at_once; }
void Gate::let_others_run() noexcept { platform::yield(); }

// The count is of an older process. Begins a new one; who has been counted before it did comes here
// too, and is counted again.
std::uint32_t Gate::search_anew() noexcept {
  const std::uint64_t first = (std::uint64_t{process_generation} << 32) + 1;
  std::uint64_t word = searching_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  while (generation_of(word) != process_generation)
    if (searching_.compare_exchange_weak(word, first, std::memory_order_seq_cst)) return 0;
  return static_cast<std::uint32_t>(searching_.fetch_add(1, std::memory_order_seq_cst));
}

bool Gate::take_permit() noexcept {
  std::uint32_t permits = permits_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  while (permits > 0)
    // acquire pairs with the release in wake_a_sleeper(): the waker's doings are visible.
    if (permits_.compare_exchange_weak(permits, permits - 1, std::memory_order_acquire,
                                       std::memory_order_relaxed))
      return true;
  return false;
}

bool Gate::sleep(Deadline until) noexcept {
  while (!take_permit())
    if (!park(permits_, 0, until)) {
      leave();
      return false;
    }
  return true;
}

// Takes this thread off the books: one sleeper less or, if a waker has claimed that one already,
// one permit less.
void Gate::leave() noexcept {
  // Both at once are nought only while a waker stands between its claim and its permit. Not to be
  // slept through: another may take that permit and leave us its place among the sleepers.
  for (;; platform::yield()) {
    std::uint32_t sleepers = sleepers_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    while (sleepers > 0)
      if (sleepers_.compare_exchange_weak(sleepers, sleepers - 1, std::memory_order_seq_cst))
        return;
    if (take_permit()) return;
  }
}

bool Gate::wake_a_sleeper() noexcept {
  std::uint32_t sleepers = sleepers_.load(std::memory_order_seq_cst);
  while (sleepers > 0)
    if (sleepers_.compare_exchange_weak(sleepers, sleepers - 1, std::memory_order_seq_cst)) {
      permits_.fetch_add(1, std::memory_order_release);  // pairs with acquire in take_permit()
      unpark_one(permits_);
      return true;
    }
  return false;
}

void Gate::wake_all_sleepers() noexcept {
  const std::uint32_t claimed = sleepers_.exchange(0, std::memory_order_seq_cst);
  if (claimed == 0) return;
  permits_.fetch_add(claimed, std::memory_order_release);  // pairs with acquire in take_permit()
  unpark(permits_, claimed);
}

}  // namespace tandem::inline v1::detail
