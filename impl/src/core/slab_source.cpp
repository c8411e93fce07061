#include "core/slab_source.hpp"

#include <bit>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "platform/memory.hpp"

namespace tandem::inline v1::detail {

namespace {

constexpr std::size_t slabs_an_area = 32;
constexpr std::size_t area_length = slabs_an_area * SlabSource::slab_length;
// So much may lie idle between used slabs: 2 MiB, and a quarter of what is used.
constexpr std::size_t idle_slabs = slabs_an_area;

}  // namespace

struct SlabSource::Area {
  static constexpr std::uint32_t all = ~std::uint32_t{0};

  Area* next = nullptr;
  Area* previous = nullptr;
  std::byte* memory = nullptr;
  std::uint32_t unused = all;  // a bit for each slab, here and below
  std::uint32_t idle = 0;      // unused, but it has memory
};
static_assert(sizeof(std::uint32_t) * 8 == slabs_an_area);

SlabSource::Released::~Released() {
  while (Area* const area = first_) {
    first_ = area->next;
    platform::unmap_memory(area->memory, area_length);
    delete area;
  }
}

SlabSource::Piece SlabSource::take() {
  std::scoped_lock guard(mutex_);
  if (!first_) {
    auto area = std::make_unique<Area>();
    area->memory = static_cast<std::byte*>(platform::map_memory(area_length, areas_ > 0));
    if (!area->memory) throw std::bad_alloc();
    ++areas_;
    add(*area.release());
  }
  Area& area = *first_;
  const int slab = std::countr_zero(area.idle != 0 ? area.idle : area.unused);
  const std::uint32_t bit = std::uint32_t{1} << slab;
  area.unused &= ~bit;
  if (area.idle & bit) --idle_;
  area.idle &= ~bit;
  ++used_;
  if (area.unused == 0) remove(area);
  return {area.memory + static_cast<std::size_t>(slab) * slab_length, &area};
}

void SlabSource::give(Piece piece, Released& released) noexcept {
  std::scoped_lock guard(mutex_);
  Area& area = *piece.area;
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(piece.slab) - area.memory);
  const std::uint32_t bit = std::uint32_t{1} << (offset / slab_length);
  if (area.unused == 0) add(area);
  area.unused |= bit;
  area.idle |= bit;
  ++idle_;
  --used_;
  const bool is_the_last = first_ == &area && !area.next;  // kept: somebody needs it soon
  if (area.unused == Area::all && !is_the_last) {
    remove(area);
    --areas_;
    idle_ -= static_cast<std::size_t>(std::popcount(area.idle));
    area.next = std::exchange(released.first_, &area);
  } else if (idle_ > idle_slabs + used_ / 4) {
    drop_idle();
  }
}

void SlabSource::drop_idle() noexcept {
  for (Area* area = first_; area; area = area->next)
    while (area->idle != 0) {
      const int first = std::countr_zero(area->idle);
      const int count = std::countr_one(area->idle >> first);
      platform::drop_memory(area->memory + static_cast<std::size_t>(first) * slab_length,
                            static_cast<std::size_t>(count) * slab_length);
      const std::uint64_t bits = ((std::uint64_t{1} << count) - 1) << first;
      area->idle &= ~static_cast<std::uint32_t>(bits);
    }
  idle_ = 0;
}

std::size_t SlabSource::bytes() const noexcept {
  std::scoped_lock guard(mutex_);
  return (used_ + idle_) * slab_length;
}

void SlabSource::add(Area& area) noexcept {
  area.next = std::exchange(first_, &area);
  area.previous = nullptr;
  if (area.next) area.next->previous = &area;
}

void SlabSource::remove(Area& area) noexcept {
  (area.previous ? area.previous->next : first_) = area.next;
  if (area.next) area.next->previous = area.previous;
}

}  // namespace tandem::inline v1::detail
