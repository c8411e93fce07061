#include "tandem/threading/semaphore.hpp"

#include <algorithm>
#include <limits>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::threading {

namespace {

constexpr std::uint64_t one_sleeper = std::uint64_t{1} << 32;
constexpr std::int64_t largest = std::numeric_limits<std::uint32_t>::max();

constexpr std::uint32_t count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
constexpr std::uint32_t sleepers_of(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}

std::uint64_t checked_value(std::int64_t value) {
  if (value < 0) throw ValueError("semaphore initial value must be >= 0");
  if (value > largest) throw OverflowError("semaphore value too large");
  return static_cast<std::uint64_t>(value);
}

}  // namespace

Semaphore::Semaphore(std::int64_t value) : word_(checked_value(value)) {}
Semaphore::~Semaphore() = default;

// relaxed: an answer, stale at once
std::uint32_t Semaphore::value() const noexcept {
  return count_of(word_.load(std::memory_order_relaxed));
}

bool Semaphore::acquire(AcquireOptions options) {
  const Timeout timeout = options.timeout;
  if (!options.blocking && !timeout.is_forever())
    throw ValueError("can't specify timeout for non-blocking acquire");
  if (try_take(0)) return true;
  return options.blocking && take_slowly(timeout);
}

// Takes one and, where asked, the caller off the sleepers, in one step.
bool Semaphore::try_take(std::uint64_t leaving) noexcept {
  std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  while (count_of(word) > 0)
    // acquire pairs with the release in add(): the releaser's doings are visible.
    if (word_.compare_exchange_weak(word, word - 1 - leaving, std::memory_order_acquire,
                                    std::memory_order_relaxed))
      return true;
  return false;
}

bool Semaphore::take_slowly(Timeout timeout) {
  detail::refuse_too_large(timeout);
  const auto until = detail::Deadline::after(timeout);
  if (until.passed()) return false;
  if (detail::search(spin_, [this] { return try_take(0); })) return true;
  // relaxed: add() reads the same word, so that it sees either this sleeper or an earlier count,
  // and then the sleeper sees its count.
  word_.fetch_add(one_sleeper, std::memory_order_relaxed);
  while (!try_take(one_sleeper))
    if (!detail::park(detail::low_half(word_), 0, until)) {
      if (try_take(one_sleeper)) return true;  // a wake that came just as the time ran out is ours
      word_.fetch_sub(one_sleeper, std::memory_order_relaxed);  // relaxed: as above
      return false;
    }
  return true;
}

bool Semaphore::add(std::int64_t n, std::int64_t limit) {
  if (n < 1) throw ValueError("n must be one or more");
  std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  do {
    if (n > limit - static_cast<std::int64_t>(count_of(word))) return false;
    // release pairs with the acquire in try_take().
  } while (!word_.compare_exchange_weak(word, word + static_cast<std::uint64_t>(n),
                                        std::memory_order_release, std::memory_order_relaxed));
  const auto wake = std::min<std::int64_t>(n, sleepers_of(word));
  if (wake > 0) detail::unpark(detail::low_half(word_), static_cast<std::uint32_t>(wake));
  return true;
}

void Semaphore::release(std::int64_t n) {
  if (!add(n, largest)) throw OverflowError("semaphore value too large");
}

std::string Semaphore::repr() const {
  return "<threading.Semaphore at " + detail::address_text(this) +
         ": value=" + std::to_string(value()) + ">";
}

BoundedSemaphore::BoundedSemaphore(std::int64_t value) : Semaphore(value), initial_(value) {}
BoundedSemaphore::~BoundedSemaphore() = default;

void BoundedSemaphore::release(std::int64_t n) {
  if (!add(n, initial_)) throw ValueError("Semaphore released too many times");
}

std::string BoundedSemaphore::repr() const {
  return "<threading.BoundedSemaphore at " + detail::address_text(this) +
         ": value=" + std::to_string(value()) + "/" + std::to_string(initial_) + ">";
}

}  // namespace tandem::inline v1::threading
