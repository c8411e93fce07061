// Instead of a sleep: wait until the threads of this case are where the case needs them.
#pragma once

#include <cstddef>

namespace tandem::conformance {

/// Returns when at least `n` threads started by this case are parked in a tandem primitive.
/// Throws std::runtime_error when that has not happened within times::must_not_expire.
void wait_until_blocked(std::size_t n);

/// Lets the others run for a moment: whoever ought to wait here and does not has gone on after it.
void let_others_run();

namespace detail {

/// Threads that are parked now do not count for the case that begins.
void forget_blocked();

}  // namespace detail
}  // namespace tandem::conformance
