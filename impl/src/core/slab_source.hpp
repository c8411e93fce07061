// Where slabs come from, and go back to: areas of 2 MiB, each mapped at once and cut into 32 slabs.
//
// An area goes back to the system when none of its slabs is used. Until then unused slabs keep
// their memory, as most areas are used up and emptied one slab after another; but where too many of
// them lie between used ones, their memory goes back and the addresses stay.
#pragma once
#include <cstddef>
#include <cstdint>

#include "tandem/core/fork.hpp"

namespace tandem::inline v1::detail {

class SlabSource {
 public:
  static constexpr std::size_t slab_length = 64 * 1024;  // and a slab begins at a multiple of it
  struct Area;
  struct Piece {
    void* slab;
    Area* area;
  };
  // What goes back to the system when this goes, which takes long: it is made before the locks.
  class Released {
   public:
    Released() = default;
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;
    ~Released();

   private:
    friend class SlabSource;
    Area* first_ = nullptr;
  };

  // Throws   std::bad_alloc.
  Piece take();
  void give(Piece piece, Released& released) noexcept;

  // The memory of all slabs, used or not, that the system has not got back. For tests.
  std::size_t bytes() const noexcept;

 private:
  void add(Area& area) noexcept;
  void remove(Area& area) noexcept;
  void drop_idle() noexcept;

  mutable ForkSafeMutex mutex_{ForkStage::core};  // guards all that follows
  Area* first_ = nullptr;                         // of those that have an unused slab
  std::size_t areas_ = 0;
  std::size_t used_ = 0;  // slabs
  std::size_t idle_ = 0;  // slabs that are not used, but have memory
};

}  // namespace tandem::inline v1::detail
