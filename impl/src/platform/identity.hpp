// Neutral contract: who a process is, beyond its number, which is used again.
#pragma once
#include <cstdint>

namespace tandem::inline v1::platform {

// bits 0-31: the process' number | bits 32-63: when it began
std::uint64_t process_identity() noexcept;
// Whether it runs. False as soon as it has ended, waited for or not. True where that cannot be
// found out.
bool is_running(std::uint64_t identity) noexcept;

}  // namespace tandem::inline v1::platform
