#include "multiprocessing/task_board.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "platform/shared_memory.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

namespace {

// ---- a word of the order: turn << 16 | place. Zero: there was none yet ----

constexpr unsigned place_bits = 16;

constexpr std::uint64_t turn_of(std::uint64_t word) { return word >> place_bits; }
constexpr auto place_of(std::uint64_t word) { return static_cast<TaskBoard::Place>(word); }

// ---- a claim: turn << 24 | holder, a worker or one of these. A turn comes again after 2^40 ----

constexpr unsigned holder_bits = 24;
constexpr std::uint32_t nobody = 0, withdrawn = TaskBoard::worker_end;

constexpr std::uint64_t claim(std::uint64_t turn, std::uint32_t holder) {
  return turn << holder_bits | holder;
}
constexpr std::uint32_t holder_of(std::uint64_t claim) {
  return static_cast<std::uint32_t>(claim) & ((1U << holder_bits) - 1);
}
// The same turn, and a holder.
constexpr std::uint64_t held_by(std::uint64_t claim, std::uint32_t holder) {
  return (claim >> holder_bits) << holder_bits | holder;
}

constexpr std::uint32_t asks = UINT32_MAX;  // instead of a size

}  // namespace

struct TaskBoard::Head {
  alignas(64) std::uint64_t places;
  // Nothing is left before that turn; it may be too low.
  alignas(64) seam::atomic<std::uint64_t> first;
};

struct alignas(64) TaskBoard::Slot {
  seam::atomic<std::uint64_t> claim;
  std::uint32_t size;
  alignas(16) std::byte bytes[most_bytes];
};

namespace {

// As many as there may be turns that nobody has begun.
std::size_t orders_of(std::size_t places) { return std::bit_ceil(places); }

}  // namespace

std::shared_ptr<TaskBoard> TaskBoard::create(std::size_t places) {
  const std::size_t length = sizeof(Head) +
                             std::max<std::size_t>(orders_of(places) * sizeof(std::uint64_t), 64) +
                             places * sizeof(Slot);
  platform::Handle handle;
  if (const int error = platform::create_shared_memory(length, handle)) throw_os_error(error);
  std::shared_ptr<TaskBoard> board(new TaskBoard(std::move(handle), length));
  board->head().places = places;  // all else is zero
  return board;
}

std::shared_ptr<TaskBoard> TaskBoard::attach(platform::Handle handle) {
  std::size_t length = 0;
  if (const int error = platform::length_of_shared_memory(handle.get(), length))
    throw_os_error(error);
  return std::shared_ptr<TaskBoard>(new TaskBoard(std::move(handle), length));
}

TaskBoard::TaskBoard(platform::Handle handle, std::size_t length)
    : handle_(std::move(handle)), length_(length) {
  if (const int error = platform::map_shared_memory(handle_.get(), length_, memory_))
    throw_os_error(error);
}

TaskBoard::~TaskBoard() { platform::unmap_shared_memory(memory_, length_); }

TaskBoard::Head& TaskBoard::head() const noexcept {
  return *std::launder(static_cast<Head*>(memory_));
}
std::size_t TaskBoard::places() const noexcept { return static_cast<std::size_t>(head().places); }

seam::atomic<std::uint64_t>& TaskBoard::order(std::uint64_t turn) const noexcept {
  auto* const orders = reinterpret_cast<seam::atomic<std::uint64_t>*>(
      static_cast<std::byte*>(memory_) + sizeof(Head));
  return *std::launder(orders + (turn & (orders_of(places()) - 1)));
}

TaskBoard::Slot& TaskBoard::slot(Place place) const noexcept {
  auto* const end = static_cast<std::byte*>(memory_) + length_;
  return *std::launder(reinterpret_cast<Slot*>(end) - places() + place);
}

void TaskBoard::offer(Place place, std::optional<std::span<const std::byte>> bytes) noexcept {
  Slot& slot = this->slot(place);
  slot.size = bytes ? static_cast<std::uint32_t>(bytes->size()) : asks;
  if (bytes && !bytes->empty()) std::memcpy(slot.bytes, bytes->data(), bytes->size());
  // relaxed: the order publishes it.
  slot.claim.store(claim(next_, nobody), std::memory_order_relaxed);
  // seq_cst with a worker that is about to sleep: either it sees this, or it is seen to sleep.
  order(next_).store(next_ << place_bits | place, std::memory_order_seq_cst);
  ++next_;
}

bool TaskBoard::withdraw(Place place) noexcept {
  auto& word = slot(place).claim;
  std::uint64_t seen = word.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  if (holder_of(seen) != nobody) return holder_of(seen) == withdrawn;
  // relaxed: of this and the worker's one comes first, and only who has it goes on.
  return word.compare_exchange_strong(seen, held_by(seen, withdrawn), std::memory_order_relaxed);
}

bool TaskBoard::is_begun_by(Place place, std::uint32_t worker) const noexcept {
  // relaxed: the worker has answered, which orders, or it is dead.
  return holder_of(slot(place).claim.load(std::memory_order_relaxed)) == worker;
}

bool TaskBoard::has_offers() noexcept {
  for (; first_ < next_; ++first_) {
    // relaxed: written by this thread.
    const Place place = place_of(order(first_).load(std::memory_order_relaxed));
    // relaxed: what it says is out of date anyway.
    if (slot(place).claim.load(std::memory_order_relaxed) == claim(first_, nobody)) return true;
  }
  return false;
}

std::optional<TaskBoard::Task> TaskBoard::take(std::uint32_t worker, std::uint64_t& turn) noexcept {
  auto& first = head().first;
  turn = std::max(turn, first.load(std::memory_order_relaxed));  // relaxed: where to begin
  for (;; ++turn) {
    // acquire pairs with the seq_cst in offer(): what stands in the place.
    const std::uint64_t word = order(turn).load(std::memory_order_acquire);
    if (turn_of(word) < turn) return {};
    if (turn_of(word) > turn) continue;  // so this one is over
    Slot& slot = this->slot(place_of(word));
    std::uint64_t expected = claim(turn, nobody);
    if (slot.claim.load(std::memory_order_relaxed) != expected) continue;  // relaxed: as the CAS
    // relaxed: the order has been acquired; who has the claim has the place.
    if (!slot.claim.compare_exchange_strong(expected, claim(turn, worker),
                                            std::memory_order_relaxed))
      continue;
    first.store(++turn, std::memory_order_relaxed);  // relaxed: a hint
    if (slot.size == asks) return Task{place_of(word), {}};
    return Task{place_of(word), std::span<const std::byte>(slot.bytes, slot.size)};
  }
}

bool TaskBoard::has_news(std::uint64_t turn) const noexcept {
  // seq_cst with offer(): see there.
  return turn_of(order(turn).load(std::memory_order_seq_cst)) >= turn;
}

}  // namespace tandem::inline v1::multiprocessing::detail
