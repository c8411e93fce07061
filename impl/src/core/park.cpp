#include "tandem/core/park.hpp"

#include <algorithm>
#include <chrono>
#include <climits>

#include "platform/park.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1 {

namespace {
seam::hint<std::size_t> parked{0};

const detail::ForkReset forget_in_child{detail::ForkStage::core, [] {
                                          // relaxed: see parked_threads()
                                          parked.store(0, std::memory_order_relaxed);
                                        }};
}  // namespace

// relaxed: a number for tests, which poll it; it orders nothing.
std::size_t parked_threads() noexcept { return parked.load(std::memory_order_relaxed); }

namespace detail {

bool park(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
          Deadline until) noexcept {
  stay_if_abandoned();
  const bool in_time = park_for_lock(word, expected, until);
  stay_if_abandoned();
  return in_time;
}

bool park_for_lock(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                   Deadline until) noexcept {
  parked.fetch_add(1, std::memory_order_relaxed);  // relaxed: see parked_threads()
  bool in_time;
  if (until.is_never()) {
    in_time = platform::park(word, expected, nullptr);
  } else {
    const auto when = until.when();
    in_time = platform::park(word, expected, &when);
  }
  parked.fetch_sub(1, std::memory_order_relaxed);  // relaxed: see parked_threads()
  return in_time;
}

bool park_shared(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                 Deadline until) noexcept {
  // Long enough to cost nothing, short enough to be no hang.
  constexpr std::chrono::milliseconds without_a_look(100);
  ParkedInSystem parked;
  const auto look = seam::clock::now() + without_a_look;
  const auto when = std::min(until.when(), look);
  return platform::park_shared(word, expected, &when) || when == look;
}

ParkedInSystem::ParkedInSystem() noexcept {
  stay_if_abandoned();
  parked.fetch_add(1, std::memory_order_relaxed);  // relaxed: see parked_threads()
}
ParkedInSystem::~ParkedInSystem() {
  parked.fetch_sub(1, std::memory_order_relaxed);  // relaxed: see parked_threads()
  stay_if_abandoned();
}

void unpark(const seam::atomic<std::uint32_t>& word, std::uint32_t count) noexcept {
  platform::unpark(&word, count > INT_MAX ? INT_MAX : static_cast<int>(count));
}
std::uint32_t unpark_shared(const seam::atomic<std::uint32_t>& word,
                            std::uint32_t count) noexcept {
  const int most = count > INT_MAX ? INT_MAX : static_cast<int>(count);
  return static_cast<std::uint32_t>(std::max(platform::unpark_shared(word, most), 0));
}
void unpark_one(const seam::atomic<std::uint32_t>& word) noexcept { platform::unpark(&word, 1); }
void unpark_all(const seam::atomic<std::uint32_t>& word) noexcept {
  platform::unpark(&word, INT_MAX);
}

}  // namespace detail
}  // namespace tandem::inline v1
