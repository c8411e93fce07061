#include "platform/ring_memory.hpp"

#include <sys/mman.h>

#include <cerrno>

#include "platform/shared_memory.hpp"

namespace tandem::inline v1::platform {

namespace {

bool map_at(std::byte* place, std::size_t length, int handle, std::size_t offset) noexcept {
  return ::mmap(place, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, handle,
                static_cast<off_t>(offset)) != MAP_FAILED;
}

}  // namespace

int map_rings(int handle, const RingLayout& layout, void*& memory) noexcept {
  // The addresses first, so that nothing else comes between.
  void* const all = ::mmap(nullptr, layout.mapped_length(), PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) return errno;
  auto* place = static_cast<std::byte*>(all);
  std::size_t offset = 0;
  bool mapped = map_at(place, layout.head, handle, offset);
  place += layout.head;
  offset += layout.head;
  for (std::size_t i = 0; mapped && i < layout.rings; ++i) {
    mapped = map_at(place, layout.ring, handle, offset) &&
             map_at(place + layout.ring, layout.ring, handle, offset);
    place += 2 * layout.ring;
    offset += layout.ring;
  }
  if (!mapped) {
    const int error = errno;
    unmap_shared_memory(all, layout.mapped_length());
    return error;
  }
  memory = all;
  return 0;
}

}  // namespace tandem::inline v1::platform
