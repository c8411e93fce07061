#include "tandem/core/block_pool.hpp"

#include <array>
#include <functional>
#include <mutex>
#include <new>
#include <utility>

#include "tandem/core/fork.hpp"

namespace tandem::inline v1::detail {

// Under the address sanitizer every block is its own, so that a use after free is seen.
#if defined(__SANITIZE_ADDRESS__)
#define TANDEM_PLAIN_BLOCKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TANDEM_PLAIN_BLOCKS 1
#endif
#endif

#ifdef TANDEM_PLAIN_BLOCKS

void* allocate_block(std::size_t bytes) { return ::operator new(bytes); }
void free_block(void* block, std::size_t) noexcept { ::operator delete(block); }

#else

namespace {

// Blocks begin at cache lines, so that a small task is one line to hand over.
constexpr std::size_t granule = 64, classes = 8;
constexpr std::size_t depot_magazines = 1024;  // for each size: 4 MiB of 64-byte blocks at most

void* new_block(std::size_t size_class) {
  return ::operator new((size_class + 1) * granule, std::align_val_t(granule));
}
void delete_block(void* block) noexcept { ::operator delete(block, std::align_val_t(granule)); }

// Up to 64 free blocks, held by pointers beside them: neither taking nor giving a block touches
// it, which would fetch its cache line from the thread that used it last.
struct Magazine {
  static constexpr std::size_t capacity = 64;
  std::size_t count = 0;
  std::array<void*, capacity> blocks;

  bool is_empty() const noexcept { return count == 0; }
  bool is_full() const noexcept { return count == capacity; }
  void free_all() noexcept {
    while (!is_empty()) delete_block(blocks[--count]);
  }
};

// Full magazines that no thread holds, by size.
class Depot {
 public:
  // A full magazine for an empty one; false if there is none.
  bool exchange(std::size_t size_class, Magazine*& empty) noexcept {
    Shelf& shelf = shelves_[size_class];
    std::scoped_lock guard(shelf.mutex);
    if (shelf.count == 0) return false;
    delete std::exchange(empty, shelf.full[--shelf.count]);
    return true;
  }
  // Takes a full magazine; false if there is no room for it.
  bool give(std::size_t size_class, Magazine* full) noexcept {
    Shelf& shelf = shelves_[size_class];
    std::scoped_lock guard(shelf.mutex);
    if (shelf.count == depot_magazines) return false;
    shelf.full[shelf.count++] = full;
    return true;
  }

 private:
  struct Shelf {
    ForkSafeMutex mutex{ForkStage::core};
    std::size_t count = 0;                        // guarded by mutex
    std::array<Magazine*, depot_magazines> full;  // guarded by mutex; the first `count` are set
  };
  std::array<Shelf, classes> shelves_;
};

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
    for (Bin& bin : bins_)
      for (Magazine*& magazine : {std::ref(bin.used), std::ref(bin.other)}) {
        if (!magazine) continue;
        magazine->free_all();
        delete std::exchange(magazine, nullptr);
      }
    cache_is_over = true;
  }

  void* take(std::size_t size_class) {
    Bin& bin = bins_[size_class];
    if (!bin.used || bin.used->is_empty()) {
      if (!refill(size_class, bin)) return new_block(size_class);
    }
    Magazine& magazine = *bin.used;
    void* block = magazine.blocks[--magazine.count];
    // The block after the next: its line comes over while this one is being filled.
    if (magazine.count > 1) __builtin_prefetch(magazine.blocks[magazine.count - 2], 1);
    return block;
  }

  void give(std::size_t size_class, void* block) noexcept {
    Bin& bin = bins_[size_class];
    if (!bin.used || bin.used->is_full()) {
      if (!make_room(size_class, bin)) {
        delete_block(block);
        return;
      }
    }
    bin.used->blocks[bin.used->count++] = block;
  }

 private:
  struct Bin {
    Magazine* used = nullptr;
    Magazine* other = nullptr;
  };

  static bool refill(std::size_t size_class, Bin& bin) noexcept {
    if (bin.other && !bin.other->is_empty()) {
      std::swap(bin.used, bin.other);
      return true;
    }
    return depot().exchange(size_class, bin.used);
  }
  static bool make_room(std::size_t size_class, Bin& bin) noexcept {
    if (bin.other && bin.other->is_full()) {
      if (!depot().give(size_class, bin.other))
        bin.other->free_all();
      else
        bin.other = nullptr;
    }
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
  return cache_is_over ? new_block(size_class) : cache.take(size_class);
}

void free_block(void* block, std::size_t bytes) noexcept {
  const std::size_t size_class = (bytes - 1) / granule;
  if (size_class >= classes) return ::operator delete(block);
  cache_is_over ? delete_block(block) : cache.give(size_class, block);
}

#endif

}  // namespace tandem::inline v1::detail
