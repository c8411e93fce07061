#include "memory.hpp"

#include <malloc.h>
#include <pthread.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace tandem {

constinit thread_local std::size_t most_memory = SIZE_MAX, allocations_left = SIZE_MAX;
std::atomic<std::size_t> memory_in_use{0};

namespace {

bool runs_short(std::size_t size) noexcept {
  if (size > most_memory || allocations_left == 0) return true;
  if (allocations_left != SIZE_MAX) --allocations_left;
  return false;
}

// A child of fork() has enough.
[[maybe_unused]] const int unlimited_in_children =
    ::pthread_atfork(nullptr, nullptr, [] { most_memory = allocations_left = SIZE_MAX; });

void* allocated(std::size_t size) noexcept {
  void* const block = runs_short(size) ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (block) memory_in_use += ::malloc_usable_size(block);
  return block;
}
void freed(void* block) noexcept {
  if (block) memory_in_use -= ::malloc_usable_size(block);
  std::free(block);
}

}  // namespace
}  // namespace tandem

void* operator new(std::size_t size) {
  if (void* const block = tandem::allocated(size)) return block;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return tandem::allocated(size);
}
void operator delete(void* block) noexcept { tandem::freed(block); }
void operator delete(void* block, std::size_t) noexcept { tandem::freed(block); }
