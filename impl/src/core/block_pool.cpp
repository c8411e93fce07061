#include "tandem/core/block_pool.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <new>
#include <utility>

#include "platform/sanitizers.hpp"
#include "tandem/core/fork.hpp"

namespace tandem::inline v1::detail {

// Under the address sanitizer every block is its own, so that a use after free is seen; and under
// the controlled scheduler, whose threads share one thread's caches.
#if defined(TANDEM_ASAN) || defined(TANDEM_SCHEDULED)

void* allocate_block(std::size_t bytes) { return ::operator new(bytes); }
void free_block(void* block, std::size_t) noexcept { ::operator delete(block); }

#else

namespace {

// Blocks begin at cache lines, so that a small task is one line to hand over.
constexpr std::size_t granule = 64, classes = 8;
constexpr std::size_t depot_magazines = 1024;  // for each size: 4 MiB of 64-byte blocks at most

// Up to 64 free blocks, held by pointers beside them: neither taking nor giving a block touches
// it, which would fetch its cache line from the thread that used it last.
struct Magazine {
  static constexpr std::size_t capacity = 64;
  std::size_t count = 0;
  std::array<void*, capacity> blocks;

  bool is_empty() const noexcept { return count == 0; }
  bool is_full() const noexcept { return count == capacity; }
};

// A piece of memory that is cut into blocks of one size. It begins at a multiple of its length, so
// that a block knows its slab; and goes back to the system when all its blocks have come back.
class Slab {
 public:
  static Slab* of(void* block) noexcept {
    return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(block) & ~(length - 1));
  }
  static Slab* make(std::size_t block_size) {
    return ::new (::operator new(extent, std::align_val_t(length))) Slab(block_size);
  }
  static void free(Slab* slab) noexcept {
    ::operator delete(static_cast<void*>(slab), std::align_val_t(length));
  }

  bool is_exhausted() const noexcept { return !free_ && fresh_ + size_ > extent; }
  bool is_unused() const noexcept { return used_ == 0; }
  void* take() noexcept {  // unless exhausted
    ++used_;
    if (free_) return std::exchange(free_, *static_cast<void**>(free_));
    return reinterpret_cast<std::byte*>(this) + std::exchange(fresh_, fresh_ + size_);
  }
  void give(void* block) noexcept {
    --used_;
    *static_cast<void**>(block) = std::exchange(free_, block);
  }

  Slab *next = nullptr, *previous = nullptr;  // the shelf's

 private:
  static constexpr std::size_t length = 64 * 1024;
  // A little less, so that with malloc's own words slabs stand side by side.
  static constexpr std::size_t extent = length - granule;

  explicit Slab(std::size_t block_size) : size_(block_size) {}

  const std::size_t size_;
  std::size_t fresh_ = granule;  // where the blocks begin that were never used
  std::size_t used_ = 0;         // blocks that are not here
  void* free_ = nullptr;         // a chain of blocks that came back
};

// All blocks of one size that no thread holds: full magazines first, since they cost nothing to
// hand out; what there is no room for goes back to its slab.
class Shelf {
 public:
  // Puts blocks into the magazine, which may be null, or exchanges it for a full one.
  // Throws   std::bad_alloc.
  void fill(Magazine*& empty, std::size_t size_class) {
    std::scoped_lock guard(mutex_);
    if (full_count_ > 0) {
      delete std::exchange(empty, full_[--full_count_]);
      return;
    }
    if (!empty) empty = new Magazine;
    while (!empty->is_full()) empty->blocks[empty->count++] = take_from_slab(size_class);
  }
  // Takes all blocks of the magazine; and, if there is room, the full magazine as it is.
  void take_back(Magazine*& magazine) noexcept {
    std::scoped_lock guard(mutex_);
    if (magazine->is_full() && full_count_ < depot_magazines)
      full_[full_count_++] = std::exchange(magazine, nullptr);
    else
      while (!magazine->is_empty()) give_to_slab(magazine->blocks[--magazine->count]);
  }

  void* take(std::size_t size_class) {
    std::scoped_lock guard(mutex_);
    return take_from_slab(size_class);
  }
  void give(void* block) noexcept {
    std::scoped_lock guard(mutex_);
    give_to_slab(block);
  }

 private:
  void* take_from_slab(std::size_t size_class) {
    if (!slabs_) add(Slab::make((size_class + 1) * granule));
    void* const block = slabs_->take();
    if (slabs_->is_exhausted()) remove(slabs_);
    return block;
  }
  void give_to_slab(void* block) noexcept {
    Slab* const slab = Slab::of(block);
    if (slab->is_exhausted()) add(slab);
    slab->give(block);
    const bool is_the_last = slab == slabs_ && !slab->next;  // kept: the next task needs it
    if (!slab->is_unused() || is_the_last) return;
    remove(slab);
    Slab::free(slab);
  }
  void add(Slab* slab) noexcept {
    slab->next = std::exchange(slabs_, slab);
    slab->previous = nullptr;
    if (slab->next) slab->next->previous = slab;
  }
  void remove(Slab* slab) noexcept {
    (slab->previous ? slab->previous->next : slabs_) = slab->next;
    if (slab->next) slab->next->previous = slab->previous;
  }

  ForkSafeMutex mutex_{ForkStage::core};  // guards all that follows
  std::size_t full_count_ = 0;
  std::array<Magazine*, depot_magazines> full_;
  Slab* slabs_ = nullptr;  // those that have a block to give
};

using Depot = std::array<Shelf, classes>;

Depot& depot() {
  static Depot& forever = *new Depot;  // never destroyed: threads end after statics do
  return forever;
}
[[maybe_unused]] const Depot& ready_at_start = depot();

// Set when this thread's cache is gone: futures may be dropped later, by statics and by
// thread_locals that are older.
constinit thread_local bool cache_is_over = false;

// What this thread keeps: for each size one magazine in use and one that is full or empty.
class Cache {
 public:
  ~Cache() {
    for (std::size_t size_class = 0; size_class < classes; ++size_class)
      for (Magazine* magazine : {bins_[size_class].used, bins_[size_class].other}) {
        if (magazine) depot()[size_class].take_back(magazine);
        delete magazine;
      }
    cache_is_over = true;
  }

  // Throws std::bad_alloc.
  void* take(std::size_t size_class) {
    Bin& bin = bins_[size_class];
    if (!bin.used || bin.used->is_empty()) refill(size_class, bin);
    Magazine& magazine = *bin.used;
    void* block = magazine.blocks[--magazine.count];
    // The block after the next: its line comes over while this one is being filled.
    if (magazine.count > 1) __builtin_prefetch(magazine.blocks[magazine.count - 2], 1);
    return block;
  }

  void give(std::size_t size_class, void* block) noexcept {
    Bin& bin = bins_[size_class];
    const bool has_room = bin.used && !bin.used->is_full();
    if (!has_room && !make_room(size_class, bin)) return depot()[size_class].give(block);
    bin.used->blocks[bin.used->count++] = block;
  }

 private:
  struct Bin {
    Magazine* used = nullptr;
    Magazine* other = nullptr;
  };

  static void refill(std::size_t size_class, Bin& bin) {
    if (bin.other && !bin.other->is_empty())
      std::swap(bin.used, bin.other);
    else
      depot()[size_class].fill(bin.used, size_class);
  }
  // False if there is no memory for a magazine.
  static bool make_room(std::size_t size_class, Bin& bin) noexcept {
    if (bin.other && bin.other->is_full()) depot()[size_class].take_back(bin.other);
    std::swap(bin.used, bin.other);
    if (!bin.used) bin.used = new (std::nothrow) Magazine;
    return bin.used != nullptr;
  }

  std::array<Bin, classes> bins_;
};

thread_local Cache cache;

}  // namespace

void* allocate_block(std::size_t bytes) {
  const std::size_t size_class = (bytes - 1) / granule;
  if (size_class >= classes) return ::operator new(bytes);
  return cache_is_over ? depot()[size_class].take(size_class) : cache.take(size_class);
}

void free_block(void* block, std::size_t bytes) noexcept {
  const std::size_t size_class = (bytes - 1) / granule;
  if (size_class >= classes) return ::operator delete(block);
  cache_is_over ? depot()[size_class].give(block) : cache.give(size_class, block);
}

#endif

}  // namespace tandem::inline v1::detail
