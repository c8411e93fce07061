// Memory for small objects that one thread makes and another destroys, task after task.
//
// A general allocator is at its slowest there. Each thread keeps a few free blocks of every size;
// what a thread has too many of goes by magazines to a depot, where threads that have none take
// them. What the depot has too much of goes back to the system.
#pragma once
#include <cstddef>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::detail {

// Aligned as operator new aligns. Throws std::bad_alloc. Any thread may free what another took.
TANDEM_API void* allocate_block(std::size_t bytes);
TANDEM_API void free_block(void* block, std::size_t bytes) noexcept;

}  // namespace tandem::inline v1::detail
