// Counts what the program holds from operator new. Included by one source file of a program only:
// it replaces the operators.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tandem::conformance {

inline std::atomic<std::ptrdiff_t> allocated_bytes{0};

/// Bytes asked of operator new and not yet given back.
inline std::ptrdiff_t live_bytes() { return allocated_bytes.load(); }

namespace detail {

// In front of each block stands its size.
inline std::size_t head_of(std::size_t alignment) {
  return std::max(alignment, static_cast<std::size_t>(__STDCPP_DEFAULT_NEW_ALIGNMENT__));
}

inline void* counted_new(std::size_t size, std::size_t alignment) {
  const std::size_t head = head_of(alignment);
  const std::size_t whole = (size + head + head - 1) / head * head;
  void* block = std::aligned_alloc(head, whole);
  if (!block) throw std::bad_alloc();
  std::memcpy(block, &size, sizeof size);
  allocated_bytes += static_cast<std::ptrdiff_t>(size);
  return static_cast<std::byte*>(block) + head;
}

inline void counted_delete(void* pointer, std::size_t alignment) noexcept {
  if (!pointer) return;
  void* block = static_cast<std::byte*>(pointer) - head_of(alignment);
  std::size_t size = 0;
  std::memcpy(&size, block, sizeof size);
  allocated_bytes -= static_cast<std::ptrdiff_t>(size);
  std::free(block);
}

}  // namespace detail
}  // namespace tandem::conformance

// The forms for arrays call these, or, under a sanitizer, its own: each new then meets its delete.
// The nothrow forms would not: they have no delete of their own.
void* operator new(std::size_t size) { return tandem::conformance::detail::counted_new(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return tandem::conformance::detail::counted_new(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept try {
  return tandem::conformance::detail::counted_new(size, 1);
} catch (const std::bad_alloc&) {
  return nullptr;
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept
    try {
  return tandem::conformance::detail::counted_new(size, static_cast<std::size_t>(alignment));
} catch (const std::bad_alloc&) {
  return nullptr;
}
void operator delete(void* pointer) noexcept {
  tandem::conformance::detail::counted_delete(pointer, 1);
}
void operator delete(void* pointer, std::size_t) noexcept {
  tandem::conformance::detail::counted_delete(pointer, 1);
}
void operator delete(void* pointer, std::align_val_t alignment) noexcept {
  tandem::conformance::detail::counted_delete(pointer, static_cast<std::size_t>(alignment));
}
void operator delete(void* pointer, std::size_t, std::align_val_t alignment) noexcept {
  tandem::conformance::detail::counted_delete(pointer, static_cast<std::size_t>(alignment));
}
