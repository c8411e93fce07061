// A FIFO queue's memory: a chain of segments, each a row of slots.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace tandem::inline v1::detail {

// A row of raw slots and the link to the next row. The queue knows which slots hold an item.
template <class T>
class Segment {
 public:
  static constexpr std::uint32_t first_capacity = 8;
  // Rows grow up to about 8 KiB: long enough to make an allocation rare, short enough to be
  // given back soon.
  static constexpr std::uint32_t last_capacity =
      static_cast<std::uint32_t>(std::max<std::size_t>(first_capacity, 8192 / sizeof(T)));

  // Throws   std::bad_alloc.
  static Segment* make(std::uint32_t capacity) {
    void* memory = ::operator new(bytes(capacity), std::align_val_t(alignment));
    return ::new (memory) Segment(capacity);
  }
  static void free(Segment* segment) noexcept {
    if (segment) ::operator delete(static_cast<void*>(segment), std::align_val_t(alignment));
  }

  T* slot(std::uint32_t index) noexcept {
    auto* first = reinterpret_cast<std::byte*>(this) + offset;
    return reinterpret_cast<T*>(first + sizeof(T) * index);
  }
  std::uint32_t capacity() const noexcept { return capacity_; }
  std::uint32_t next_capacity() const noexcept { return std::min(capacity_ * 2, last_capacity); }

  Segment* next = nullptr;  // written by the putter that fills this row, before it publishes

 private:
  explicit Segment(std::uint32_t capacity) : capacity_(capacity) {}

  static constexpr std::size_t alignment = std::max(alignof(T), alignof(std::max_align_t));
  static constexpr std::size_t offset =
      (sizeof(Segment*) + sizeof(std::uint32_t) + alignof(T) - 1) / alignof(T) * alignof(T);
  static constexpr std::size_t bytes(std::size_t capacity) { return offset + sizeof(T) * capacity; }

  std::uint32_t capacity_;
};

}  // namespace tandem::inline v1::detail
