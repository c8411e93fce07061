// Memory for small objects that one thread makes and another destroys, task after task.
//
// A general allocator is at its slowest there. Each thread keeps a few free blocks of every size;
// what a thread has too many of goes by magazines to a depot, where threads that have none take
// them. What the depot has too much of goes back to the system, also after a burst whose blocks
// came back in any order.
#pragma once
#include <cstddef>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::detail {

// Aligned as operator new aligns. Throws std::bad_alloc. Any thread may free what another took.
TANDEM_API void* allocate_block(std::size_t bytes);
TANDEM_API void free_block(void* block, std::size_t bytes) noexcept;

// The same, but in steps of 16 bytes and not of a cache line: for what one thread has very many of.
TANDEM_API void* allocate_packed(std::size_t bytes);
TANDEM_API void free_packed(void* block, std::size_t bytes) noexcept;

// What the pool has from the system, blocks in use included. For tests; 0 under the address
// sanitizer, where there is no pool.
TANDEM_API std::size_t pooled_bytes() noexcept;

}  // namespace tandem::inline v1::detail
