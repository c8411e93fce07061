// Who has a lock: a number for each thread of each process, never the same twice for long.
#pragma once
#include <cstdint>

namespace tandem::inline v1::multiprocessing::detail {

// Of this process: its number, and when it began (platform/identity.hpp). Found out once.
std::uint64_t this_process() noexcept;

// Of the calling thread: bits 0-21 the process' number, bits 22-37 when it began, bits 38-63 the
// number of the thread. Never 0.
std::uint64_t this_holder() noexcept;

// Whether that is a thread of this process.
bool is_of_this_process(std::uint64_t holder) noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
