#include "tandem/core/block_pool.hpp"

#include <array>
#include <mutex>
#include <new>
#include <utility>

#include "tandem/core/mutex.hpp"

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

constexpr std::size_t granule = 64, classes = 8;
constexpr std::size_t chain_length = 64;
constexpr std::size_t depot_chains = 1024;  // for each size: 4 MiB of 64-byte blocks at most

struct Block {
  Block* next;
};

// Blocks that no thread holds, by size.
class Depot {
 public:
  // A chain, or nullptr.
  Block* take(std::size_t size_class) noexcept {
    Shelf& shelf = shelves_[size_class];
    std::scoped_lock guard(shelf.mutex);
    if (shelf.count == 0) return nullptr;
    return shelf.chains[--shelf.count];
  }
  bool give(std::size_t size_class, Block* chain) noexcept {
    Shelf& shelf = shelves_[size_class];
    std::scoped_lock guard(shelf.mutex);
    if (shelf.count == depot_chains) return false;
    shelf.chains[shelf.count++] = chain;
    return true;
  }

 private:
  struct Shelf {
    Mutex mutex;
    std::size_t count = 0;                    // guarded by mutex
    std::array<Block*, depot_chains> chains;  // guarded by mutex; the first `count` are set
  };
  std::array<Shelf, classes> shelves_;
};

Depot& depot() {
  static Depot& forever = *new Depot;  // never destroyed: threads end after statics do
  return forever;
}

void free_all(Block* block) noexcept {
  while (block) ::operator delete(std::exchange(block, block->next));
}

// What this thread keeps. Two chains of each size at most: one full, one being filled or emptied.
class Cache {
 public:
  ~Cache() {
    for (Bin& bin : bins_) {
      free_all(std::exchange(bin.blocks, nullptr));
      free_all(std::exchange(bin.full, nullptr));
      bin.count = 0;
    }
  }

  void* take(std::size_t size_class) {
    Bin& bin = bins_[size_class];
    if (!bin.blocks) {
      bin.blocks = bin.full ? std::exchange(bin.full, nullptr) : depot().take(size_class);
      if (!bin.blocks) return ::operator new((size_class + 1) * granule);
      bin.count = chain_length;
    }
    --bin.count;
    return std::exchange(bin.blocks, bin.blocks->next);
  }

  void give(std::size_t size_class, void* memory) noexcept {
    Bin& bin = bins_[size_class];
    if (bin.count == chain_length) {
      if (bin.full && !depot().give(size_class, bin.full)) free_all(bin.full);
      bin.full = std::exchange(bin.blocks, nullptr);
      bin.count = 0;
    }
    bin.blocks = ::new (memory) Block{bin.blocks};
    ++bin.count;
  }

 private:
  struct Bin {
    Block* blocks = nullptr;
    std::size_t count = 0;
    Block* full = nullptr;  // a whole chain
  };
  std::array<Bin, classes> bins_;
};

thread_local Cache cache;

}  // namespace

void* allocate_block(std::size_t bytes) {
  const std::size_t size_class = (bytes - 1) / granule;
  return size_class < classes ? cache.take(size_class) : ::operator new(bytes);
}

void free_block(void* block, std::size_t bytes) noexcept {
  const std::size_t size_class = (bytes - 1) / granule;
  size_class < classes ? cache.give(size_class, block) : ::operator delete(block);
}

#endif

}  // namespace tandem::inline v1::detail
