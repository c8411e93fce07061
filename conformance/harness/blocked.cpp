#include "conformance/harness/blocked.hpp"

#include <stdexcept>
#include <string>
#include <thread>

#include "conformance/harness/times.hpp"
#include "tandem/core/park.hpp"

namespace tandem::conformance {
namespace {

std::size_t parked_before = 0;

std::size_t parked_by_this_case() {
  const std::size_t parked = parked_threads();
  return parked > parked_before ? parked - parked_before : 0;
}

}  // namespace

void wait_until_blocked(std::size_t n) {
  // Who waits for a moment only, for a lock inside the library, is not meant.
  constexpr int looks = 3;
  const auto deadline = now() + times::must_not_expire;
  for (int seen = 0; seen < looks;) {
    seen = parked_by_this_case() < n ? 0 : seen + 1;
    if (seen == 0 && now() > deadline) {
      throw std::runtime_error("fewer than " + std::to_string(n) + " threads ever blocked");
    }
    if (seen < looks) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void let_others_run() {
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
}

void detail::forget_blocked() { parked_before = parked_threads(); }

}  // namespace tandem::conformance
