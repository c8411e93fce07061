// Neutral contract: rings in memory that processes share. Each is mapped twice, one copy behind the
// other, so whatever begins in a ring goes on without a break.
//
//   file      | head | ring 0 | ring 1 |
//   mapping   | head | ring 0 | ring 0 again | ring 1 | ring 1 again |
#pragma once
#include <cstddef>

namespace tandem::inline v1::platform {

// In bytes, and multiples of 64 KiB: no system has larger pages that are not asked for.
struct RingLayout {
  std::size_t head, ring;
  std::size_t rings;  // how many

  std::size_t file_length() const noexcept { return head + rings * ring; }
  std::size_t mapped_length() const noexcept { return head + 2 * rings * ring; }
};

// Of memory that has the file's length. Returns 0 or the error number of the system. Given back by
// unmap_shared_memory(): mapped_length() of it.
int map_rings(int handle, const RingLayout& layout, void*& memory) noexcept;

}  // namespace tandem::inline v1::platform
