// What the waiting functions of threading say alike.
#pragma once

namespace tandem::inline v1::detail {

// What CPython says of a timeout beyond TIMEOUT_MAX where a lock waits.
inline constexpr const char* out_of_range = "timestamp out of range for platform time_t";

}  // namespace tandem::inline v1::detail
