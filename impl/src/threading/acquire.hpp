// What Lock and RLock make of the arguments of acquire().
#pragma once
#include <optional>

#include "tandem/threading/lock.hpp"

namespace tandem::inline v1::detail {

// Until when to wait; none: not at all.
// Throws   ValueError (a timeout without blocking, a negative one); OverflowError.
std::optional<Deadline> acquire_deadline(const threading::AcquireOptions& options);

// What CPython says of a timeout beyond TIMEOUT_MAX where a lock waits.
inline constexpr const char* out_of_range = "timestamp out of range for platform time_t";

}  // namespace tandem::inline v1::detail
