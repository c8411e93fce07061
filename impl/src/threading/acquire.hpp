// What Lock and RLock make of the arguments of acquire().
#pragma once
#include <optional>

#include "tandem/threading/lock.hpp"

namespace tandem::inline v1::detail {

// Until when to wait; none: not at all.
// Throws   ValueError (a timeout without blocking, a negative one); OverflowError.
std::optional<Deadline> acquire_deadline(const threading::AcquireOptions& options);

// Throws   OverflowError (beyond TIMEOUT_MAX).
void refuse_too_large(Timeout timeout);

}  // namespace tandem::inline v1::detail
