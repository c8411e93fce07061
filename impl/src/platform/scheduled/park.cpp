// Parking under the scheduler.
#include "platform/park.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "platform/scheduled/scheduler.hpp"

namespace tandem::inline v1::platform {

bool park(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
          const seam::clock::time_point* until) noexcept {
  auto* const scheduler = scheduled::Scheduler::current();
  if (!scheduler) {
    if (word.peek() != expected) return true;
    std::fputs("a thread outside of a scheduled run would sleep for ever\n", stderr);
    std::abort();
  }
  if (!until) return scheduler->park(word, expected, nullptr);
  const std::int64_t when =
      std::chrono::duration_cast<std::chrono::nanoseconds>(until->time_since_epoch()).count();
  return scheduler->park(word, expected, &when);
}

void unpark(const seam::atomic<std::uint32_t>* word, int count) noexcept {
  if (auto* const scheduler = scheduled::Scheduler::current()) scheduler->unpark(word, count);
}

// One process is all there is.
bool park_shared(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                 const seam::clock::time_point* until) noexcept {
  return park(word, expected, until);
}
int unpark_shared(const seam::atomic<std::uint32_t>& word, int count) noexcept {
  unpark(&word, count);
  return count;
}

}  // namespace tandem::inline v1::platform
