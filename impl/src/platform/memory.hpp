// Neutral contract: memory from the system, in large pieces. One file per system implements it.
#pragma once
#include <cstddef>

namespace tandem::inline v1::platform {

// A piece that begins at a multiple of its length, which is a power of two. Null: there is none.
//   is_growth  the process has had such pieces before, so this one will be used whole and soon:
//              in few large pages, where the system has them
void* map_memory(std::size_t length, bool is_growth) noexcept;
void unmap_memory(void* memory, std::size_t length) noexcept;

// Gives back what a part of such a piece consists of, but not its addresses: it may be used again,
// and is zero then.
void drop_memory(void* part, std::size_t length) noexcept;

}  // namespace tandem::inline v1::platform
