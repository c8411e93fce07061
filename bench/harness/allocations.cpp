// Counts allocations: loaded before everything else (LD_PRELOAD) where a run is to tell of them, in
// no run whose time counts. glibc only, whose functions have a second name.
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): they are glibc's
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier)
}

namespace {

using Counter = std::atomic<std::uint64_t>;

// Shared with the children of fork(): what they allocate is part of the price.
Counter* shared_counter() {
  void* page =
      mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : new (page) Counter(0);
}

Counter* counter() {
  static Counter* const only = shared_counter();
  return only;
}

void count() {
  if (Counter* const total = counter()) total->fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

extern "C" {

std::uint64_t bench_allocations() {
  const Counter* const total = counter();
  return total == nullptr ? 0 : total->load(std::memory_order_relaxed);
}

void* malloc(std::size_t size) { return count(), __libc_malloc(size); }
void* calloc(std::size_t number, std::size_t size) { return count(), __libc_calloc(number, size); }
void* realloc(void* old, std::size_t size) { return count(), __libc_realloc(old, size); }
void* memalign(std::size_t alignment, std::size_t size) {
  return count(), __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  void* const made = memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *result = made;
  return 0;
}
}
