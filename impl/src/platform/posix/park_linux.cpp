// Parking on Linux: a futex with an absolute deadline on CLOCK_MONOTONIC, the clock of
// std::chrono::steady_clock in both libstdc++ and libc++. A private one is told by its address, a
// shared one by the memory behind it.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "platform/park.hpp"
#include "platform/posix/timespec.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

static_assert(sizeof(seam::atomic<std::uint32_t>) == sizeof(std::uint32_t));

namespace {

// Where a time may have more bits than a word, there is a call for each kind.
#ifdef SYS_futex_time64
constexpr long futex_until = sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex;
#else
constexpr long futex_until = SYS_futex;
#endif

bool wait(int flags, const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
          const seam::clock::time_point* until) noexcept {
  timespec deadline{};
  if (until) deadline = to_timespec(*until);
  const long result = syscall(futex_until, &word, FUTEX_WAIT_BITSET | flags, expected,
                              until ? &deadline : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
  return !(result == -1 && errno == ETIMEDOUT);
}

}  // namespace

bool park(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
          const seam::clock::time_point* until) noexcept {
  return wait(FUTEX_PRIVATE_FLAG, word, expected, until);
}
bool park_shared(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                 const seam::clock::time_point* until) noexcept {
  return wait(0, word, expected, until);
}

void unpark(const seam::atomic<std::uint32_t>* word, int count) noexcept {
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, nullptr, nullptr, 0);
}
int unpark_shared(const seam::atomic<std::uint32_t>& word, int count) noexcept {
  return static_cast<int>(syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0));
}

}  // namespace tandem::inline v1::platform
