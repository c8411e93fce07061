#include "tandem/multiprocessing/detail/byte_queue.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <optional>

#include "multiprocessing/common.hpp"
#include "multiprocessing/robust_lock.hpp"
#include "platform/shared_memory.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"
#include "tandem/platform/seam.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

constexpr std::size_t head_room = 4096;  // what stands before the ring
constexpr std::size_t first_capacity = std::size_t{64} << 10;
// More than that is given back when the ring is empty; less would only be taken again.
constexpr std::size_t kept_capacity = std::size_t{8} << 20;
// Addresses only: so much can be inside at most.
constexpr std::size_t most_reserved = std::size_t{1} << 36, least_reserved = std::size_t{1} << 20;

// Before the bytes of each item.
struct Head {
  std::uint64_t size;
  std::uint64_t number;  // counted from the first that was ever put
};
constexpr std::size_t room_for(std::size_t size) {
  return sizeof(Head) + ((size + 7) & ~std::size_t{7});
}

// Where some sleep until a position moves.
struct Sleepers {
  // Whether there may be any. Who takes it away wakes one; who was woken puts it back, and hands on
  // what is left: others may sleep, and who was woken may be killed.
  seam::atomic<std::uint32_t> there{0};

  void wake(const seam::atomic<std::uint64_t>& position, std::uint32_t count = 1) noexcept {
    // seq_cst: of this look and the last look of who goes to sleep, one sees the other.
    if (there.load(std::memory_order_seq_cst) != 0 &&
        there.exchange(0, std::memory_order_seq_cst) != 0)
      unpark_shared(low_half(position), count);
  }
};

// What is shared: before the ring itself.
struct SharedRing {
  const std::size_t reserved;
  const std::uint64_t maxsize;  // 0: none
  const QueueKind kind;
  const bool for_fork;
  seam::atomic<std::uint32_t> is_shut{0};

  // Changed by who holds both locks.
  seam::atomic<std::size_t> capacity{first_capacity};

  // Positions in the row of all bytes that were ever put; modulo the capacity they are places in
  // the ring. The tail, moved, is what makes an item be there, and the head what takes it.
  alignas(64) BriefLock putters;        // before getters, where both are taken
  seam::atomic<std::uint64_t> tail{0};  // changed by who holds putters
  seam::atomic<std::uint64_t> puts{0};  // the same: how many were put
  Sleepers no_room;                     // on the head

  alignas(64) BriefLock getters;
  seam::atomic<std::uint64_t> head{0};  // changed by who holds getters
  seam::atomic<std::uint64_t> gets{0};  // the same: how many were got
  Sleepers no_item;                     // on the tail

  alignas(64) seam::atomic<std::uint64_t> done{0};  // how many are done with
  Sleepers joining;                                 // on done

  SharedRing(std::size_t bytes, QueueKind what, std::uint64_t limit, bool fork) noexcept
      : reserved(bytes), maxsize(limit), kind(what), for_fork(fork) {}

  // How many were ever put, even if who did it was killed before it could count that.
  std::uint64_t items() const noexcept {
    return std::max(puts.load(std::memory_order_seq_cst), gets.load(std::memory_order_seq_cst));
  }

  std::byte* place(std::uint64_t position, std::size_t of_capacity) noexcept {
    return reinterpret_cast<std::byte*>(this) + head_room + (position & (of_capacity - 1));
  }
};
static_assert(sizeof(SharedRing) <= head_room);

}  // namespace

class ByteQueue::State {
 public:
  State(platform::Handle handle, void* memory, std::size_t mapped) noexcept
      : handle_(std::move(handle)), ring_(static_cast<SharedRing*>(memory)), mapped_(mapped) {
    platform::keep_out_of_dumps(memory, mapped);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!has_abandoned_threads()) platform::unmap_shared_memory(ring_, mapped_);
  }

  static std::shared_ptr<State> create(QueueKind kind, std::uint64_t maxsize, bool for_fork);

  enum class Outcome { done, not_now, shut_down };
  using Until = std::optional<Deadline>;  // none: do not wait
  template <class AskUntil>
  Outcome put(std::span<const std::byte> bytes, AskUntil&& ask_until);
  template <class AskUntil>
  Outcome get(ItemBytes& item, AskUntil&& ask_until);

  void task_done();
  void join();
  void shut_down(bool immediate);

  std::size_t size() const noexcept {
    // acquire, twice: no item is counted as got that is not counted as put; pairs with the
    // releases in put_now() and get_now().
    const std::uint64_t gets = ring_->gets.load(std::memory_order_acquire);
    const std::uint64_t puts = ring_->puts.load(std::memory_order_acquire);
    return puts > gets ? puts - gets : 0;
  }
  bool is_empty() const noexcept {
    // seq_cst: as in Sleepers
    return ring_->head.load(std::memory_order_seq_cst) ==
           ring_->tail.load(std::memory_order_seq_cst);
  }
  // How many can be got, for those who wait: see AdaptiveSpin. The positions decide whether any
  // can; the counts follow them.
  std::uint64_t available() const noexcept {
    return is_empty() ? 0 : std::max<std::uint64_t>(size(), 1);
  }
  bool has_room() const noexcept { return room() > 0; }
  // How many more can be put.
  std::uint64_t room() const noexcept {
    if (ring_->maxsize == 0) return std::numeric_limits<std::uint64_t>::max() - 1;
    const std::uint64_t items = size();
    return items < ring_->maxsize ? ring_->maxsize - items : 0;
  }
  bool is_shut() const noexcept { return ring_->is_shut.load(std::memory_order_seq_cst) != 0; }
  const SharedRing& ring() const noexcept { return *ring_; }
  int handle() const noexcept { return handle_.get(); }

  // All relaxed: of a process whose threads agree by other means.
  void close() noexcept { closed_in_.store(process_generation + 1, std::memory_order_relaxed); }
  // A child of fork() may use what its parent has closed.
  bool is_closed() const noexcept {
    return closed_in_.load(std::memory_order_relaxed) == process_generation + 1;
  }
  bool was_put_to() const noexcept {
    return put_in_.load(std::memory_order_relaxed) == process_generation + 1;
  }

 private:
  std::optional<Outcome> put_now(std::span<const std::byte> bytes);
  std::optional<Outcome> get_now(ItemBytes& item, bool& left);
  void grow(std::size_t least);
  void shrink() noexcept;
  void recover() noexcept;
  void count_again() noexcept;
  template <class Ready>
  bool sleep(AdaptiveSpin& spin, Sleepers& sleepers, const seam::atomic<std::uint64_t>& position,
             Deadline until, Ready&& ready) noexcept;

  void copy_in(std::uint64_t position, const void* bytes, std::size_t size) noexcept;
  void copy_out(std::uint64_t position, void* bytes, std::size_t size) noexcept;

  const platform::Handle handle_;
  SharedRing* const ring_;
  const std::size_t mapped_;
  // The generation of the process that has done so, plus one.
  seam::atomic<std::uint32_t> closed_in_{0}, put_in_{0};
  AdaptiveSpin for_item_, for_room_;
};

namespace {

// Holds a lock of the ring.
class Guard {
 public:
  explicit Guard(BriefLock& lock) noexcept : lock_(&lock), taken_(lock.lock()) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { lock_->unlock(); }

  bool is_from_the_dead() const noexcept { return taken_ == BriefLock::Taken::from_the_dead; }

 private:
  BriefLock* lock_;
  BriefLock::Taken taken_;
};

}  // namespace

std::shared_ptr<ByteQueue::State> ByteQueue::State::create(QueueKind kind, std::uint64_t maxsize,
                                                           bool for_fork) {
  platform::Handle handle;
  if (const int error = platform::create_shared_memory(head_room + first_capacity, handle))
    throw_os_error(error);
  void* memory = nullptr;
  std::size_t reserved = most_reserved;
  // Where addresses are limited, the queue is.
  while (const int error =
             platform::map_shared_memory(handle.get(), head_room + reserved, memory)) {
    if (reserved == least_reserved) throw_os_error(error);
    reserved /= 2;
  }
  new (memory) SharedRing(reserved, kind, maxsize, for_fork);
  return std::make_shared<State>(std::move(handle), memory, head_room + reserved);
}

template <class AskUntil>
ByteQueue::State::Outcome ByteQueue::State::put(std::span<const std::byte> bytes,
                                                AskUntil&& ask_until) {
  std::optional<Outcome> outcome;
  Until until;
  bool has_slept = false;
  while (!(outcome = put_now(bytes))) {
    if (!has_slept) until = ask_until();
    if (!until || until->passed()) return Outcome::not_now;
    has_slept = true;
    sleep(for_room_, ring_->no_room, ring_->head, *until, [this] { return room() + is_shut(); });
  }
  ring_->no_item.wake(ring_->tail);
  if (has_slept) {  // others may sleep, and whoever was woken tells them
    ring_->no_room.there.store(1, std::memory_order_seq_cst);
    if (has_room()) ring_->no_room.wake(ring_->head);
  }
  return *outcome;
}

// None: there is no room.
std::optional<ByteQueue::State::Outcome> ByteQueue::State::put_now(
    std::span<const std::byte> bytes) {
  SharedRing& ring = *ring_;
  for (;;) {
    {
      const Guard guard(ring.putters);
      if (!guard.is_from_the_dead()) {
        if (is_shut()) return Outcome::shut_down;
        if (!has_room()) return std::nullopt;
        const std::uint64_t tail = ring.tail.load(std::memory_order_relaxed);  // relaxed: ours
        const std::size_t room = room_for(bytes.size());
        // acquire pairs with the release in get_now(): what was there is no longer read.
        const std::uint64_t used = tail - ring.head.load(std::memory_order_acquire);
        // relaxed: ours
        if (used + room > ring.capacity.load(std::memory_order_relaxed)) grow(used + room);
        const Head head{bytes.size(), ring.puts.load(std::memory_order_relaxed)};  // relaxed: ours
        copy_in(tail, &head, sizeof head);
        copy_in(tail + sizeof head, bytes.data(), bytes.size());
        ring.tail.store(tail + room, std::memory_order_seq_cst);
        // release pairs with the acquire in size().
        ring.puts.store(head.number + 1, std::memory_order_release);
        put_in_.store(process_generation + 1, std::memory_order_relaxed);  // relaxed: see there
        return Outcome::done;
      }
    }
    recover();
  }
}

template <class AskUntil>
ByteQueue::State::Outcome ByteQueue::State::get(ItemBytes& item, AskUntil&& ask_until) {
  std::optional<Outcome> outcome;
  Until until;
  bool has_slept = false, left = false;
  while (!(outcome = get_now(item, left))) {
    if (!has_slept) until = ask_until();
    if (!until || until->passed()) return Outcome::not_now;
    has_slept = true;
    sleep(for_item_, ring_->no_item, ring_->tail, *until,
          [this] { return available() + is_shut(); });
  }
  ring_->no_room.wake(ring_->head);
  if (has_slept) {  // others may sleep, and whoever was woken tells them
    ring_->no_item.there.store(1, std::memory_order_seq_cst);
    if (left) ring_->no_item.wake(ring_->tail);
  }
  return *outcome;
}

// None: there is no item.
std::optional<ByteQueue::State::Outcome> ByteQueue::State::get_now(ItemBytes& item, bool& left) {
  SharedRing& ring = *ring_;
  for (;;) {
    {
      const Guard guard(ring.getters);
      if (!guard.is_from_the_dead()) {
        const std::uint64_t position = ring.head.load(std::memory_order_relaxed);  // relaxed: ours
        // A look before that of the tail: what was put before the end is there.
        const bool shut = is_shut();
        // seq_cst, as in Sleepers; it acquires what put_now() has written, too.
        const std::uint64_t tail = ring.tail.load(std::memory_order_seq_cst);
        if (position == tail) {
          if (shut) return Outcome::shut_down;
          return std::nullopt;
        }
        Head head;
        copy_out(position, &head, sizeof head);
        copy_out(position + sizeof head, item.resize(head.size), head.size);
        const std::uint64_t next = position + room_for(head.size);
        // It releases as well; pairs with the acquire in put_now(): the place may be written to.
        ring.head.store(next, std::memory_order_seq_cst);
        // release pairs with the acquire in size().
        ring.gets.store(head.number + 1, std::memory_order_release);
        left = next != tail;
        // relaxed: ours
        if (!left && ring.capacity.load(std::memory_order_relaxed) > kept_capacity) shrink();
        return Outcome::done;
      }
    }
    recover();
  }
}

// Sleeps until it is ready, or may be, or the time is over.
template <class Ready>
bool ByteQueue::State::sleep(AdaptiveSpin& spin, Sleepers& sleepers,
                             const seam::atomic<std::uint64_t>& position, Deadline until,
                             Ready&& ready) noexcept {
  if (search(spin, ready)) return true;
  const auto& word = low_half(position);
  // relaxed: ready() looks again after the mark has been set
  const std::uint32_t seen = word.load(std::memory_order_relaxed);
  sleepers.there.store(1, std::memory_order_seq_cst);
  if (ready()) return true;
  return park_shared(word, seen, until);
}

// By who holds the putters' lock.
void ByteQueue::State::grow(std::size_t least) {
  SharedRing& ring = *ring_;
  const std::size_t before = ring.capacity.load(std::memory_order_relaxed);  // relaxed: ours
  if (least > ring.reserved) throw std::bad_alloc();
  const std::size_t after = std::max(std::bit_ceil(least), 2 * before);
  if (after > ring.reserved) throw std::bad_alloc();
  if (platform::resize_shared_memory(handle_.get(), head_room + after) != 0) throw std::bad_alloc();
  const Guard guard(ring.getters);
  // What had been wrapped around has its own place now. Nothing is written over, so until the new
  // capacity is known the ring is as it was.
  const std::uint64_t tail = ring.tail.load(std::memory_order_relaxed);  // relaxed: ours
  for (std::uint64_t at = ring.head.load(std::memory_order_relaxed);
       at != tail;) {  // relaxed: ours
    const std::uint64_t end = std::min(tail, (at / before + 1) * before);
    std::byte* const from = ring.place(at, before);
    std::byte* const to = ring.place(at, after);
    if (from != to) std::memcpy(to, from, end - at);
    at = end;
  }
  ring.capacity.store(after, std::memory_order_relaxed);  // relaxed: read under the locks
  if (guard.is_from_the_dead()) count_again();
}

// By who holds the getters' lock, and has emptied the ring.
void ByteQueue::State::shrink() noexcept {
  SharedRing& ring = *ring_;
  const auto taken = ring.putters.try_lock();
  if (taken == BriefLock::Taken::no) return;
  if (taken == BriefLock::Taken::from_the_dead) count_again();
  // relaxed, all: under both locks
  if (ring.head.load(std::memory_order_relaxed) == ring.tail.load(std::memory_order_relaxed)) {
    const std::size_t before = ring.capacity.load(std::memory_order_relaxed);
    ring.capacity.store(kept_capacity, std::memory_order_relaxed);
    platform::drop_shared_memory(ring.place(kept_capacity, before), before - kept_capacity);
  }
  ring.putters.unlock();
}

// After a process has been killed that held a lock.
void ByteQueue::State::recover() noexcept {
  const Guard putters(ring_->putters), getters(ring_->getters);
  count_again();
  // It may have been about to wake somebody.
  unpark_shared(low_half(ring_->tail), std::numeric_limits<std::uint32_t>::max());
  unpark_shared(low_half(ring_->head), std::numeric_limits<std::uint32_t>::max());
}

// Under both locks. The positions are right; a count may not have followed its position.
void ByteQueue::State::count_again() noexcept {
  SharedRing& ring = *ring_;
  // relaxed, all: under both locks
  std::uint64_t position = ring.head.load(std::memory_order_relaxed);
  const std::uint64_t tail = ring.tail.load(std::memory_order_relaxed);
  std::uint64_t gets = std::max(ring.puts.load(std::memory_order_relaxed),
                                ring.gets.load(std::memory_order_relaxed));
  std::uint64_t puts = gets;
  for (bool is_first = true; position != tail; is_first = false) {
    Head head;
    copy_out(position, &head, sizeof head);
    if (is_first) gets = head.number;
    puts = head.number + 1;
    position += room_for(head.size);
  }
  ring.gets.store(gets, std::memory_order_relaxed);  // relaxed: as above
  ring.puts.store(puts, std::memory_order_relaxed);  // relaxed: as above
}

void ByteQueue::State::copy_in(std::uint64_t position, const void* bytes,
                               std::size_t size) noexcept {
  const std::size_t capacity = ring_->capacity.load(std::memory_order_relaxed);  // relaxed: ours
  const std::size_t first = std::min<std::size_t>(size, capacity - (position & (capacity - 1)));
  if (first > 0) std::memcpy(ring_->place(position, capacity), bytes, first);
  if (first < size)
    std::memcpy(ring_->place(0, capacity), static_cast<const std::byte*>(bytes) + first,
                size - first);
}

void ByteQueue::State::copy_out(std::uint64_t position, void* bytes, std::size_t size) noexcept {
  const std::size_t capacity = ring_->capacity.load(std::memory_order_relaxed);  // relaxed: ours
  const std::size_t first = std::min<std::size_t>(size, capacity - (position & (capacity - 1)));
  if (first > 0) std::memcpy(bytes, ring_->place(position, capacity), first);
  if (first < size)
    std::memcpy(static_cast<std::byte*>(bytes) + first, ring_->place(0, capacity), size - first);
}

void ByteQueue::State::task_done() {
  SharedRing& ring = *ring_;
  std::uint64_t done = ring.done.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  std::uint64_t items = 0;
  do {
    items = ring.items();
    if (done >= items) throw ValueError("task_done() called too many times");
    // It releases as well; pairs with the look in join().
  } while (!ring.done.compare_exchange_weak(done, done + 1, std::memory_order_seq_cst));
  if (done + 1 == items) ring.joining.wake(ring.done, std::numeric_limits<std::uint32_t>::max());
}

void ByteQueue::State::join() {
  SharedRing& ring = *ring_;
  const auto is_over = [&ring] {
    return ring.done.load(std::memory_order_seq_cst) >= ring.items();
  };
  AdaptiveSpin spin;
  while (!is_over()) sleep(spin, ring.joining, ring.done, Deadline::never(), is_over);
}

void ByteQueue::State::shut_down(bool immediate) {
  SharedRing& ring = *ring_;
  constexpr auto all = std::numeric_limits<std::uint32_t>::max();
  {
    const Guard putters(ring.putters), getters(ring.getters);
    if (putters.is_from_the_dead() || getters.is_from_the_dead()) count_again();
    ring.is_shut.store(1, std::memory_order_seq_cst);
    if (immediate) {
      // relaxed, twice: under both locks
      const std::uint64_t puts = ring.puts.load(std::memory_order_relaxed);
      const std::uint64_t left = puts - ring.gets.load(std::memory_order_relaxed);
      ring.head.store(ring.tail.load(std::memory_order_relaxed), std::memory_order_seq_cst);
      ring.gets.store(puts, std::memory_order_release);  // pairs with the acquire in size()
      // No more than were put: an early task_done() has spoken for some of them.
      const std::uint64_t done = ring.done.load(std::memory_order_seq_cst);
      ring.done.fetch_add(std::min(left, puts - done), std::memory_order_seq_cst);
    }
  }
  ring.no_item.wake(ring.tail, all);
  ring.no_room.wake(ring.head, all);
  if (immediate) ring.joining.wake(ring.done, all);
}

// ---- ByteQueue ----

namespace {

const char* name_of(QueueKind kind) noexcept {
  constexpr const char* names[] = {"Queue", "JoinableQueue", "SimpleQueue"};
  return names[static_cast<std::size_t>(kind)];
}

std::optional<Deadline> until_of(const queue::BlockOptions& options) {
  return waiting_deadline({.block = options.block, .timeout = options.timeout});
}

}  // namespace

ByteQueue::ByteQueue(const Context& context, QueueKind kind, std::ptrdiff_t maxsize)
    : state_(State::create(kind, maxsize > 0 ? static_cast<std::uint64_t>(maxsize) : 0,
                           is_for_fork(context))) {}

void ByteQueue::check_open() const {
  if (!state_->is_closed()) return;
  if (state_->ring().kind == QueueKind::simple) throw_handle_closed();
  throw ValueError("Queue " + repr() + " is closed");
}

void ByteQueue::put(std::span<const std::byte> bytes, const queue::BlockOptions& options) const {
  check_open();
  switch (state_->put(bytes, [&] { return until_of(options); })) {
    case State::Outcome::done:
      return;
    case State::Outcome::not_now:
      throw queue::Full();
    case State::Outcome::shut_down:
      throw queue::ShutDown();
  }
}

bool ByteQueue::try_put(std::span<const std::byte> bytes) const {
  check_open();
  return state_->put(bytes, [] { return State::Until(); }) == State::Outcome::done;
}

void ByteQueue::get(ItemBytes& item, const queue::BlockOptions& options) const {
  check_open();
  switch (state_->get(item, [&] { return until_of(options); })) {
    case State::Outcome::done:
      return;
    case State::Outcome::not_now:
      throw queue::Empty();
    case State::Outcome::shut_down:
      throw queue::ShutDown();
  }
}

bool ByteQueue::try_get(ItemBytes& item) const {
  check_open();
  return state_->get(item, [] { return State::Until(); }) == State::Outcome::done;
}

void ByteQueue::task_done() const { state_->task_done(); }
void ByteQueue::join() const { state_->join(); }

std::size_t ByteQueue::size() const noexcept { return state_->size(); }
bool ByteQueue::full() const noexcept { return !state_->has_room(); }
bool ByteQueue::empty() const {
  // Python's has closed the pipe then, if it had a thread that sends.
  if (state_->is_closed() && (state_->ring().kind == QueueKind::simple || state_->was_put_to()))
    throw_handle_closed();
  return state_->is_empty();
}

void ByteQueue::close() const noexcept { state_->close(); }
void ByteQueue::join_thread() const {
  if (!state_->is_closed()) throw AssertionError("Queue " + repr() + " not closed");
}

void ByteQueue::shutdown(bool immediate) const { state_->shut_down(immediate); }
bool ByteQueue::is_shutdown() const noexcept { return state_->is_shut(); }

std::string ByteQueue::repr() const {
  return "<multiprocessing.queues." + std::string(name_of(state_->ring().kind)) + " object at " +
         address_text(id()) + ">";
}

void ByteQueue::pickle(v1::pickle::Output& output) const {
  assert_spawning(output, name_of(state_->ring().kind), state_->ring().for_fork);
  output.write_value(output.attach(state_->handle()));
  output.write_value<std::uint64_t>(head_room + state_->ring().reserved);
}

ByteQueue ByteQueue::unpickle(v1::pickle::Input& input) {
  auto handle = input.take(input.read_value<std::uint32_t>());
  const auto mapped = input.read_value<std::uint64_t>();
  void* memory = nullptr;
  if (const int error = platform::map_shared_memory(handle.get(), mapped, memory))
    throw_os_error(error);
  return ByteQueue(std::make_shared<State>(std::move(handle), memory, mapped));
}

}  // namespace tandem::inline v1::multiprocessing::detail
