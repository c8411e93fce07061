// The shared heap.
//
//   SharedBlock ──► Known ──► Arena: one piece of shared memory, mapped
//                     │
//                     └── block: Header {how many processes know it}, data
//
// Only the process that has made an arena gives blocks of it away, so who has which place is in its
// own memory. A block is free when no process knows it: whoever is the last to let it go writes
// that down, and the maker of the arena finds it when it needs room. An arena of which a process
// knows no block is closed in it, so who uses none of this has nothing open.
#include "tandem/multiprocessing/detail/shared_block.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "platform/shared_memory.hpp"
#include "platform/thread.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/pickle.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

// In a pickle once, however many blocks of the arena are.
struct ArenaFile {
  platform::Handle handle;
  std::size_t length = 0;

  void pickle(v1::pickle::Output& output) const {
    output.write_value(output.attach(handle.get()));
    output.write_value<std::uint64_t>(length);
  }
  static ArenaFile unpickle(v1::pickle::Input& input) {
    ArenaFile file;
    file.handle = input.take(input.read_value<std::uint32_t>());
    file.length = static_cast<std::size_t>(input.read_value<std::uint64_t>());
    return file;
  }
};

namespace {

constexpr std::size_t grain = 64;  // what one processor writes is on no other's cache line
constexpr std::size_t first_arena = std::size_t{64} << 10;
constexpr std::size_t largest_arena = std::size_t{4} << 20;
constexpr std::size_t largest_piece = std::size_t{64} << 10;  // a larger one has its own arena

constexpr std::size_t rounded(std::size_t size, std::size_t to) {
  return (size + to - 1) & ~(to - 1);
}

// Before the data of each block.
struct Header {
  seam::atomic<std::uint32_t> processes;  // that know it, or are about to
};
constexpr std::size_t header_size = 16;
static_assert(sizeof(Header) <= header_size);

struct Arena {
  std::shared_ptr<const ArenaFile> file;
  platform::SharedMemoryId id;
  std::byte* memory = nullptr;

  explicit Arena(std::shared_ptr<const ArenaFile> of) : file(std::move(of)) {
    void* mapped = nullptr;
    if (const int error = platform::identify_shared_memory(file->handle.get(), id))
      throw_os_error(error);
    if (const int error = platform::map_shared_memory(file->handle.get(), file->length, mapped))
      throw_os_error(error);
    memory = static_cast<std::byte*>(mapped);
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    if (!has_abandoned_threads()) platform::unmap_shared_memory(memory, file->length);
  }

  static std::shared_ptr<Arena> create(std::size_t size) {
    ArenaFile file;
    file.length = size;
    if (const int error = platform::create_shared_memory(size, file.handle)) throw_os_error(error);
    return std::make_shared<Arena>(std::make_shared<const ArenaFile>(std::move(file)));
  }

  Header& header(std::size_t place) const noexcept {
    return *std::launder(reinterpret_cast<Header*>(memory + place));
  }
};

// An arena that this process has made, and who has which place.
class Space {
 public:
  explicit Space(std::shared_ptr<Arena> arena)
      : arena_(std::move(arena)), free_{{0, arena_->file->length}} {}

  const std::shared_ptr<Arena>& arena() const noexcept { return arena_; }

  // Returns whether there was room; the place is zero then.
  bool take(std::size_t size, std::size_t& place) {
    const auto found = std::ranges::find_if(free_, [size](auto& at) { return at.second >= size; });
    if (found == free_.end()) return false;
    place = found->first;
    const std::size_t left = found->second - size;
    used_.emplace(place, size);
    free_.erase(found);
    if (left > 0) free_.emplace(place + size, left);
    const std::size_t end = place + size;
    if (place < touched_) std::memset(arena_->memory + place, 0, std::min(end, touched_) - place);
    touched_ = std::max(touched_, end);
    return true;
  }

  void give_back(std::size_t place) {
    auto used = used_.find(place);
    std::size_t size = used->second;
    used_.erase(used);
    auto next = free_.lower_bound(place);
    if (next != free_.end() && next->first == place + size) {
      size += next->second;
      next = free_.erase(next);
    }
    if (next != free_.begin() && std::prev(next)->first + std::prev(next)->second == place)
      std::prev(next)->second += size;
    else
      free_.emplace(place, size);
  }

  // What other processes were the last to let go.
  void collect() {
    std::vector<std::size_t> gone;
    for (const auto& [place, size] : used_)
      // acquire pairs with the release in Heap::let_go(): they do not touch it any more.
      if (arena_->header(place).processes.load(std::memory_order_acquire) == 0)
        gone.push_back(place);
    for (const std::size_t place : gone) give_back(place);
  }

 private:
  std::shared_ptr<Arena> arena_;
  std::map<std::size_t, std::size_t> free_, used_;  // place, size
  std::size_t touched_ = 0;                         // beyond it nothing was ever written
};

}  // namespace

struct SharedBlock::Known : std::enable_shared_from_this<Known> {
  std::shared_ptr<Arena> arena;
  std::size_t place = 0;   // of the header
  std::size_t offset = 0;  // from there to the data
  std::size_t size = 0;
  BeforeGone before_gone = nullptr;

  Known(std::shared_ptr<Arena> in, std::size_t at, std::size_t data, std::size_t bytes) noexcept
      : arena(std::move(in)), place(at), offset(data), size(bytes) {}
  Known(const Known&) = delete;
  Known& operator=(const Known&) = delete;
  ~Known();

  void* data() const noexcept { return arena->memory + place + offset; }
  Header& header() const noexcept { return arena->header(place); }
};

namespace {

class Heap final : ForkAware {
 public:
  using Known = SharedBlock::Known;
  using Blocks = std::map<std::pair<Arena*, std::size_t>, Known*>;  // by arena and place

  static Heap& get() {
    static Heap& forever = *new Heap;  // never destroyed: statics have blocks, too
    return forever;
  }

  std::shared_ptr<Known> allocate(std::size_t size, std::size_t alignment) {
    const std::size_t offset = std::max(header_size, alignment);
    const std::size_t all = rounded(offset + size, grain);
    std::scoped_lock guard(mutex_);
    std::size_t place = 0;
    auto arena = all > largest_piece ? Arena::create(all) : take(all, place);
    ::new (arena->memory + place) Header{1};
    return know(std::move(arena), place, offset, size);
  }

  // A block that another process has written down. The count of processes is for it already.
  std::shared_ptr<Known> meet(std::shared_ptr<const ArenaFile> file, std::size_t place,
                              std::size_t offset, std::size_t size) {
    platform::SharedMemoryId id;
    if (const int error = platform::identify_shared_memory(file->handle.get(), id))
      throw_os_error(error);
    std::scoped_lock guard(mutex_);
    const auto of_arena = find(id);
    if (of_arena == known_.end())
      return know(std::make_shared<Arena>(std::move(file)), place, offset, size);
    Arena* const arena = of_arena->first.first;
    const auto found = known_.find({arena, place});
    if (found != known_.end())
      if (auto known = found->second->weak_from_this().lock()) {
        known->header().processes.fetch_sub(
            1, std::memory_order_relaxed);  // relaxed: it is not the last
        return known;
      }
    return know(of_arena->second->arena, place, offset, size);
  }

  void let_go(Known& known) noexcept {
    std::scoped_lock guard(mutex_);
    forget(known);
    // acq_rel pairs with the acquire in Space::collect(), and with the other processes' here.
    const bool is_free = known.header().processes.fetch_sub(1, std::memory_order_acq_rel) == 1;
    const auto space = std::ranges::find(spaces_, known.arena, &Space::arena);
    if (space == spaces_.end()) return;
    if (!knows_any_in(known.arena.get()))
      spaces_.erase(space);  // what others know in it is theirs
    else if (is_free)
      space->give_back(known.place);
  }

  // Nobody will know it any more, but it is never used again.
  void keep(Known& known) {
    std::scoped_lock guard(mutex_);
    forget(known);
    kept_.push_back(known.arena);
  }

  void leave() noexcept {
    std::scoped_lock guard(mutex_);
    for (const auto& [place, known] : known_)
      known->header().processes.fetch_sub(1, std::memory_order_release);  // pairs with: as above
    known_.clear();
  }

 private:
  Heap() : ForkAware(ForkStage::threading) {}

  // The child will know all that this process does.
  void before_fork() noexcept override {
    mutex_.lock();
    for (const auto& [place, known] : known_)
      known->header().processes.fetch_add(1, std::memory_order_relaxed);  // relaxed: it is no first
  }
  void after_fork_in_parent() noexcept override { mutex_.unlock(); }
  void after_fork_in_child() noexcept override {
    spaces_.clear();  // they are the parent's to give away
    mutex_.unlock();
  }

  std::shared_ptr<Arena> take(std::size_t size, std::size_t& place) {
    for (auto& space : spaces_)
      if (space.take(size, place)) return space.arena();
    for (auto& space : spaces_) {
      space.collect();
      if (space.take(size, place)) return space.arena();
    }
    const std::size_t shift = std::min<std::size_t>(spaces_.size(), 6);
    spaces_.emplace_back(Arena::create(std::min(first_arena << shift, largest_arena)));
    spaces_.back().take(size, place);
    return spaces_.back().arena();
  }

  std::shared_ptr<Known> know(std::shared_ptr<Arena> arena, std::size_t place, std::size_t offset,
                              std::size_t size) {
    // Its entry comes first: who is known and fails is let go, which takes the mutex.
    Blocks entry{{{arena.get(), place}, nullptr}};
    auto known = std::make_shared<Known>(std::move(arena), place, offset, size);
    entry.begin()->second = known.get();
    known_.erase(entry.begin()->first);  // of one that is about to be let go
    known_.merge(entry);
    return known;
  }

  bool knows_any_in(Arena* arena) const noexcept {
    const auto first = known_.lower_bound({arena, 0});
    return first != known_.end() && first->first.first == arena;
  }
  void forget(Known& known) noexcept {
    const auto found = known_.find({known.arena.get(), known.place});
    if (found != known_.end() && found->second == &known) known_.erase(found);
  }

  // The first of those in that arena.
  Blocks::iterator find(const platform::SharedMemoryId& id) {
    auto at = known_.begin();
    while (at != known_.end() && at->first.first->id != id)
      at = known_.lower_bound({at->first.first, SIZE_MAX});
    return at;
  }

  Mutex mutex_;
  std::vector<Space> spaces_;                 // guarded by mutex_
  Blocks known_;                              // guarded by mutex_
  std::vector<std::shared_ptr<Arena>> kept_;  // guarded by mutex_
};

[[maybe_unused]] const Heap& heap_at_start = Heap::get();

}  // namespace

SharedBlock::Known::~Known() {
  if (before_gone && !before_gone(data()))
    Heap::get().keep(*this);
  else
    Heap::get().let_go(*this);
}

SharedBlock::SharedBlock(std::shared_ptr<Known> known) noexcept
    : known_(std::move(known)), data_(known_->data()) {}

SharedBlock SharedBlock::allocate(std::size_t size, std::size_t alignment) {
  return SharedBlock(Heap::get().allocate(size, alignment));
}

std::size_t SharedBlock::size() const noexcept { return known_->size; }

void SharedBlock::before_gone(BeforeGone question) const noexcept {
  known_->before_gone = question;
}

void SharedBlock::pickle(v1::pickle::Output& output) const {
  v1::pickle::dump(output, known_->arena->file);
  for (const std::size_t number : {known_->place, known_->offset, known_->size})
    output.write_value<std::uint64_t>(number);
  // For the process that it goes to. relaxed: it is no first
  known_->header().processes.fetch_add(1, std::memory_order_relaxed);
}

SharedBlock SharedBlock::unpickle(v1::pickle::Input& input) {
  auto file = v1::pickle::load<std::shared_ptr<const ArenaFile>>(input);
  const auto read = [&] { return static_cast<std::size_t>(input.read_value<std::uint64_t>()); };
  const std::size_t place = read(), offset = read(), size = read();
  if (!file || place % grain != 0 || offset < header_size || place > file->length ||
      offset > file->length - place || size > file->length - place - offset)
    throw v1::pickle::UnpicklingError("there is no such piece of shared memory");
  return SharedBlock(Heap::get().meet(std::move(file), place, offset, size));
}

void leave_shared_heap() noexcept {
  if (!platform::has_other_threads()) Heap::get().leave();  // they may still be at work in it
}

}  // namespace tandem::inline v1::multiprocessing::detail
