#include "tandem/core/block_pool.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "core/slab_source.hpp"
#include "platform/sanitizers.hpp"
#include "tandem/core/fork.hpp"

namespace tandem::inline v1::detail {

// Under the address sanitizer every block is its own, so that a use after free is seen; and under
// the controlled scheduler, whose threads share one thread's caches.
#if defined(TANDEM_ASAN) || defined(TANDEM_SCHEDULED)

void* allocate_block(std::size_t bytes) { return ::operator new(bytes); }
void free_block(void* block, std::size_t) noexcept { ::operator delete(block); }
void* allocate_packed(std::size_t bytes) { return ::operator new(bytes); }
void free_packed(void* block, std::size_t) noexcept { ::operator delete(block); }
std::size_t pooled_bytes() noexcept { return 0; }

#else

namespace {

// Blocks begin at cache lines, so that a small task is one line to hand over.
constexpr std::size_t granule = 64, whole_classes = 8;
// What is packed does not; those classes come after the others.
constexpr std::size_t step = 16, most_packed = 256, classes = whole_classes + most_packed / step;
// Of the magazines in the depot, for each size: 8 MiB of 64-byte blocks.
constexpr std::size_t most_magazines = 2048, most_bytes = 16 * 1024 * 1024;

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
// that a block knows its slab; and goes back to where it came from when all its blocks have come
// back.
class Slab {
 public:
  static constexpr std::size_t length = SlabSource::slab_length;

  static Slab* of(void* block) noexcept {
    return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(block) & ~(length - 1));
  }
  static Slab* make(SlabSource& source, std::size_t block_size) {
    const SlabSource::Piece piece = source.take();
    return ::new (piece.slab) Slab(block_size, piece.area);
  }
  static void free(Slab* slab, SlabSource& source, SlabSource::Released& released) noexcept {
    source.give({slab, slab->area_}, released);
  }

  bool is_exhausted() const noexcept { return !free_ && fresh_ + size_ > length; }
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
  Slab(std::size_t block_size, SlabSource::Area* area) : size_(block_size), area_(area) {}

  const std::size_t size_;
  SlabSource::Area* const area_;
  std::size_t fresh_ = granule;  // where the blocks begin that were never used
  std::size_t used_ = 0;         // blocks that are not here
  void* free_ = nullptr;         // a chain of blocks that came back
};
static_assert(sizeof(Slab) <= granule);

// All blocks of one size that no thread holds: full magazines first, since they cost nothing to
// hand out; what there is no room for goes back to its slab.
class Shelf {
 public:
  Shelf(std::size_t block_size, SlabSource& source)
      : block_size_(block_size),
        blocks_a_slab_((Slab::length - granule) / block_size),
        most_full_(std::min(most_magazines, most_bytes / (Magazine::capacity * block_size))),
        source_(source) {}

  // Puts blocks into the magazine, which may be null, or exchanges it for a full one.
  // Throws   std::bad_alloc.
  void fill(Magazine*& empty) {
    std::scoped_lock guard(mutex_);
    if (full_count_ > 0) {
      delete std::exchange(empty, full_[--full_count_]);
      return;
    }
    if (!empty) empty = new Magazine;
    while (!empty->is_full()) empty->blocks[empty->count++] = take_from_slab();
  }
  // Takes all blocks of the magazine; and, if there is room, the full magazine as it is.
  void take_back(Magazine*& magazine) noexcept {
    SlabSource::Released released;
    std::scoped_lock guard(mutex_);
    const bool is_burst_over = is_scattered();
    if (is_burst_over) empty_magazines(released);
    if (magazine->is_full() && full_count_ < most_full_ && !is_burst_over)
      full_[full_count_++] = std::exchange(magazine, nullptr);
    else
      empty_magazine(*magazine, released);
  }

  void* take() {
    std::scoped_lock guard(mutex_);
    return take_from_slab();
  }
  void give(void* block) noexcept {
    SlabSource::Released released;
    std::scoped_lock guard(mutex_);
    give_to_slab(block, released);
  }

 private:
  void* take_from_slab() {
    if (!slabs_) {
      add(Slab::make(source_, block_size_));
      ++slab_count_;
      scattered_below_ = std::max(slab_count_ * blocks_a_slab_ / 2, few_blocks);
    }
    void* const block = slabs_->take();
    ++out_;
    if (slabs_->is_exhausted()) remove(slabs_);
    return block;
  }
  void give_to_slab(void* block, SlabSource::Released& released) noexcept {
    Slab* const slab = Slab::of(block);
    if (slab->is_exhausted()) add(slab);
    slab->give(block);
    --out_;
    const bool is_the_last = slab == slabs_ && !slab->next;  // kept: the next task needs it
    if (!slab->is_unused() || is_the_last) return;
    remove(slab);
    --slab_count_;
    Slab::free(slab, source_, released);
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

  std::size_t in_use() const noexcept { return out_ - full_count_ * Magazine::capacity; }
  // When blocks come back in another order than that in which they were taken, the magazines soon
  // hold some of every slab, and so none of them goes back. That is seen by how empty the slabs
  // are; and looked for only when half as many blocks are in use as at the last time, since it may
  // be the program that keeps some of every slab.
  bool is_scattered() const noexcept {
    return in_use() < scattered_below_ && slab_count_ > 2 * out_ / blocks_a_slab_ + few_slabs;
  }
  void empty_magazines(SlabSource::Released& released) noexcept {
    while (full_count_ > 0) {
      Magazine* const magazine = full_[--full_count_];
      empty_magazine(*magazine, released);
      delete magazine;
    }
    scattered_below_ = in_use() / 2;
  }
  void empty_magazine(Magazine& magazine, SlabSource::Released& released) noexcept {
    while (!magazine.is_empty()) give_to_slab(magazine.blocks[--magazine.count], released);
  }

  static constexpr std::size_t few_slabs = 16, few_blocks = 4 * Magazine::capacity;

  const std::size_t block_size_, blocks_a_slab_, most_full_;
  SlabSource& source_;

  ForkSafeMutex mutex_{ForkStage::core};  // guards all that follows
  std::size_t full_count_ = 0;
  std::array<Magazine*, most_magazines> full_;
  Slab* slabs_ = nullptr;            // those that have a block to give
  std::size_t slab_count_ = 0;       // of all slabs
  std::size_t out_ = 0;              // blocks that are not on a slab: the magazines', too
  std::size_t scattered_below_ = 0;  // in blocks that are in use
};

class Depot {
 public:
  Depot() : Depot(std::make_index_sequence<classes>()) {}
  Shelf& operator[](std::size_t size_class) noexcept { return shelves_[size_class]; }
  std::size_t bytes() const noexcept { return source_.bytes(); }

 private:
  template <std::size_t... size_class>
  explicit Depot(std::index_sequence<size_class...>)
      : shelves_{Shelf(block_size(size_class), source_)...} {}
  static constexpr std::size_t block_size(std::size_t size_class) noexcept {
    return size_class < whole_classes ? (size_class + 1) * granule
                                      : (size_class - whole_classes + 1) * step;
  }

  SlabSource source_;  // first: a fork() takes the locks of what was made last first
  std::array<Shelf, classes> shelves_;
};

Depot& depot() {
  static Depot& forever = *new Depot;  // never destroyed: threads end after statics do
  return forever;
}
[[maybe_unused]] const Depot& depot_at_start = depot();

class Cache;
// This thread's; null before its first use, and when it is gone: futures may be dropped later, by
// statics and by thread_locals that are older.
constinit thread_local Cache* cache = nullptr;
constinit thread_local bool cache_is_over = false;

// What this thread keeps: for each size one magazine in use and one that is full or empty.
class Cache {
 public:
  Cache() noexcept { cache = this; }
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache() {
    for (std::size_t size_class = 0; size_class < classes; ++size_class)
      for (Magazine* magazine : {bins_[size_class].used, bins_[size_class].other}) {
        if (magazine) depot()[size_class].take_back(magazine);
        delete magazine;
      }
    cache = nullptr;
    cache_is_over = true;
  }

  // Throws std::bad_alloc.
  void* take(std::size_t size_class) {
    Magazine* const magazine = bins_[size_class].used;
    if (!magazine || magazine->is_empty()) [[unlikely]]
      return take_after_refill(size_class);
    return take_from(*magazine);
  }

  void give(std::size_t size_class, void* block) noexcept {
    Magazine* const magazine = bins_[size_class].used;
    if (!magazine || magazine->is_full()) [[unlikely]]
      return give_after_making_room(size_class, block);
    magazine->blocks[magazine->count++] = block;
  }

 private:
  struct Bin {
    Magazine* used = nullptr;
    Magazine* other = nullptr;
  };

  static void* take_from(Magazine& magazine) noexcept {
    void* const block = magazine.blocks[--magazine.count];
    // The block after the next: its line comes over while this one is being filled.
    if (magazine.count > 1) __builtin_prefetch(magazine.blocks[magazine.count - 2], 1);
    return block;
  }
  [[gnu::noinline]] void* take_after_refill(std::size_t size_class) {
    Bin& bin = bins_[size_class];
    if (bin.other && !bin.other->is_empty())
      std::swap(bin.used, bin.other);
    else
      depot()[size_class].fill(bin.used);
    return take_from(*bin.used);
  }
  // Without memory for a magazine the block goes to the depot.
  [[gnu::noinline]] void give_after_making_room(std::size_t size_class, void* block) noexcept {
    Bin& bin = bins_[size_class];
    if (bin.other && bin.other->is_full()) depot()[size_class].take_back(bin.other);
    std::swap(bin.used, bin.other);
    if (!bin.used) bin.used = new (std::nothrow) Magazine;
    if (!bin.used) return depot()[size_class].give(block);
    bin.used->blocks[bin.used->count++] = block;
  }

  std::array<Bin, classes> bins_;
};

// Null when it is gone.
Cache* make_cache() noexcept {
  if (cache_is_over) return nullptr;
  static thread_local Cache own;
  return &own;
}
[[gnu::noinline]] void* take_first(std::size_t size_class) {
  Cache* const own = make_cache();
  return own ? own->take(size_class) : depot()[size_class].take();
}
[[gnu::noinline]] void give_first(std::size_t size_class, void* block) noexcept {
  Cache* const own = make_cache();
  own ? own->give(size_class, block) : depot()[size_class].give(block);
}

// What is rare is elsewhere, and called last: so these need no stack.
inline void* take(std::size_t size_class) {
  Cache* const own = cache;
  return own ? own->take(size_class) : take_first(size_class);
}
inline void give(std::size_t size_class, void* block) noexcept {
  Cache* const own = cache;
  own ? own->give(size_class, block) : give_first(size_class, block);
}

}  // namespace

void* allocate_block(std::size_t bytes) {
  const std::size_t size_class = (bytes - 1) / granule;
  return size_class < whole_classes ? take(size_class) : ::operator new(bytes);
}
void free_block(void* block, std::size_t bytes) noexcept {
  const std::size_t size_class = (bytes - 1) / granule;
  size_class < whole_classes ? give(size_class, block) : ::operator delete(block);
}

void* allocate_packed(std::size_t bytes) {
  if (bytes > most_packed) return allocate_block(bytes);
  return take(whole_classes + (bytes - 1) / step);
}
void free_packed(void* block, std::size_t bytes) noexcept {
  if (bytes > most_packed) return free_block(block, bytes);
  give(whole_classes + (bytes - 1) / step, block);
}

std::size_t pooled_bytes() noexcept { return depot().bytes(); }

#endif

}  // namespace tandem::inline v1::detail
