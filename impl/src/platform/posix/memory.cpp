#include "platform/memory.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace tandem::inline v1::platform {

void* map_memory(std::size_t length, bool is_growth) noexcept {
  // Twice as much, of which a piece at the right place is kept.
  void* const all =
      ::mmap(nullptr, 2 * length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  auto* const first = static_cast<std::byte*>(all);
  const std::size_t ahead = -reinterpret_cast<std::uintptr_t>(first) & (length - 1);
  if (ahead > 0) ::munmap(first, ahead);
  ::munmap(first + ahead + length, length - ahead);
#ifdef MADV_HUGEPAGE
  // A page fault costs as much as 50 tasks, whatever the size of the page.
  if (is_growth) ::madvise(first + ahead, length, MADV_HUGEPAGE);
#else
  static_cast<void>(is_growth);
#endif
  return first + ahead;
}

void unmap_memory(void* memory, std::size_t length) noexcept {
  // A system that has no room for the gap still takes what fills it.
  if (::munmap(memory, length) != 0) drop_memory(memory, length);
}

void drop_memory(void* part, std::size_t length) noexcept {
  ::madvise(part, length, MADV_DONTNEED);
}

}  // namespace tandem::inline v1::platform
