// The memory of these tests, which runs short for a thread that asks for that.
#pragma once
#include <atomic>
#include <cstddef>

namespace tandem {

// Of this thread: what asks for more at once gets none, and nobody gets any when it has been asked
// for so many times. SIZE_MAX: no end.
extern constinit thread_local std::size_t most_memory, allocations_left;

// Of all threads.
extern std::atomic<std::size_t> memory_in_use;

}  // namespace tandem
