#include "multiprocessing/ring.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "platform/cpu.hpp"
#include "platform/poll.hpp"
#include "platform/shared_memory.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

// The word before the bytes of a piece: length | flags | tag.
constexpr std::size_t word_size = 8;
constexpr std::uint64_t length_mask = 0xffff'ffff;
constexpr std::uint64_t first_piece = std::uint64_t{1} << 32;
constexpr std::uint64_t last_piece = std::uint64_t{1} << 33;
constexpr int tag_shift = 40;

constexpr std::size_t size_of_piece(std::size_t bytes) noexcept {
  return word_size + (bytes + word_size - 1) / word_size * word_size;
}

// A writer that sleeps is woken when there is so much room: no piece is longer, and there is
// something to do until it sleeps again.
constexpr std::size_t enough_room = ring_capacity / 4;
static_assert(size_of_piece(word_size + longest_piece) <= enough_room);

constexpr std::size_t head_length = std::size_t{64} << 10;

seam::atomic<std::uint32_t> deaths{0};

std::uint64_t load_word(const std::byte* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
void store_word(std::byte* to, std::uint64_t word) noexcept { std::memcpy(to, &word, sizeof word); }

// Others may be running while this one spins.
bool may_spin() noexcept {
  static const bool several = platform::usable_cpus() > 1;
  return several;
}

// Locks what a bell has. After a death the packets are not what `rung` says: one more does no harm.
class BellGuard {
 public:
  explicit BellGuard(Bell& bell) noexcept : bell_(bell) {
    if (bell.mutex.lock(nullptr) == platform::RobustMutex::Taken::from_the_dead) bell.rung = false;
  }
  BellGuard(const BellGuard&) = delete;
  BellGuard& operator=(const BellGuard&) = delete;
  ~BellGuard() { bell_.mutex.unlock(); }

 private:
  Bell& bell_;
};

// Takes packets away; returns whether the end was met.
bool take_packets(Bell& bell, int socket, bool all) noexcept {
  if (!bell.rung && !all) return false;
  bell.rung = false;
  for (;;) {
    char packet;
    const platform::Transfer done = platform::receive_at_once(socket, &packet, sizeof packet);
    if (done.error == EAGAIN) return false;
    if (done.error != 0 || done.count == 0) return true;
    if (!all) return false;
  }
}

// Called by the other side after its move.
template <class Condition>
void ring(Bell& bell, int socket, Condition condition) noexcept {
  const BellGuard guard(bell);
  if (!bell.rung) {
    if (!condition()) return;  // it was, and somebody else has used it up: the others stay armed
    const char packet = 0;
    // Nobody there: nobody sleeps. Full of packets: the sleepers see one.
    bell.rung = platform::send_at_once(socket, &packet, sizeof packet).error == 0;
  }
  // relaxed: arm() sets it under the same mutex.
  bell.watch.fetch_and(~Bell::armed, std::memory_order_relaxed);
}

}  // namespace

void note_death() noexcept {
  deaths.fetch_add(1, std::memory_order_relaxed);  // relaxed: whoever has to see it was told before
}

RingMemory::RingMemory(platform::Handle handle, std::size_t rings)
    : layout_{head_length, ring_capacity, rings}, handle_(std::move(handle)) {
  if (const int error = platform::map_rings(handle_.get(), layout_, memory_)) throw_os_error(error);
}

std::shared_ptr<RingMemory> RingMemory::create(std::size_t rings) {
  const platform::RingLayout layout{head_length, ring_capacity, rings};
  platform::Handle handle;
  if (const int error = platform::create_shared_memory(layout.file_length(), handle))
    throw_os_error(error);
  std::shared_ptr<RingMemory> memory(new RingMemory(std::move(handle), rings));
  for (std::size_t ring = 0; ring < rings; ++ring) new (&memory->state(ring)) RingState;
  return memory;
}

std::shared_ptr<RingMemory> RingMemory::attach(platform::Handle handle) {
  std::size_t length = 0;
  if (const int error = platform::length_of_shared_memory(handle.get(), length))
    throw_os_error(error);
  if (length <= head_length || (length - head_length) % ring_capacity != 0)
    throw ValueError("not the memory of a connection");
  const std::size_t rings = (length - head_length) / ring_capacity;
  return std::shared_ptr<RingMemory>(new RingMemory(std::move(handle), rings));
}

RingMemory::~RingMemory() {
  if (memory_) platform::unmap_shared_memory(memory_, layout_.mapped_length());
}

RingState& RingMemory::state(std::size_t ring) const noexcept {
  return *std::launder(static_cast<RingState*>(memory_) + ring);
}
std::byte* RingMemory::bytes(std::size_t ring) const noexcept {
  return static_cast<std::byte*>(memory_) + layout_.head + 2 * ring * layout_.ring;
}

void Outgoing::copy(std::byte* to, std::size_t size) noexcept {
  for (auto& part : parts_) {
    const std::size_t count = std::min(size, part.size());
    if (count > 0) std::memcpy(to, part.data(), count);
    part = part.subspan(count);
    to += count;
    size -= count;
  }
}

Watch::Watch(const RingReader& reader) noexcept
    : reader_(&reader), bell_(reader.state().data), socket_(reader.socket()) {}
Watch::Watch(const RingWriter& writer) noexcept
    : writer_(&writer), bell_(writer.state().room), socket_(writer.socket()) {}

Watch::~Watch() {
  if (!counted_) return;
  const BellGuard guard(bell_);
  // relaxed: nobody sleeps that could miss anything.
  if (--bell_.sleepers == 0) bell_.watch.fetch_and(~Bell::armed, std::memory_order_relaxed);
}

bool Watch::holds() const noexcept { return reader_ ? reader_->ready() : writer_->has_room(); }

std::optional<Outcome> Watch::arm(bool woken) noexcept {
  if (holds()) return Outcome::done;
  const BellGuard guard(bell_);
  if (!counted_) ++bell_.sleepers;
  counted_ = true;
  // seq_cst with the move of the other side and its look at the bell: either that look sees us
  // armed, or we see the move.
  bell_.watch.fetch_or(Bell::armed, std::memory_order_seq_cst);
  if (holds()) return Outcome::done;
  if (!take_packets(bell_, socket_, woken)) return {};
  return holds() ? Outcome::done : Outcome::hung_up;
}

namespace {

template <class End>
Outcome sleep(const End& end, Deadline until) noexcept {
  Watch watch(end);
  for (bool woken = false;;) {
    if (const auto outcome = watch.arm(woken)) return *outcome;
    platform::Polled polled{end.socket()};
    const auto when = until.when();
    {
      const ParkedInSystem parked;
      platform::poll({&polled, 1}, until.is_never() ? nullptr : &when);
    }
    woken = polled.ready;
    if (!woken && until.passed()) return Outcome::timed_out;
  }
}

}  // namespace

std::byte* RingWriter::reserve(std::uint64_t tail, std::size_t size) noexcept {
  if (tail + size - head_ > ring_capacity) {
    // acquire pairs with the store in pop(): what was there has been read.
    head_ = state_->head.load(std::memory_order_acquire);
    if (tail + size - head_ > ring_capacity) return nullptr;
  }
  return bytes_ + tail % ring_capacity;
}

bool RingWriter::push(Outgoing& message) noexcept {
  do {
    const bool first = !message.begun_;
    const std::size_t piece = std::min(message.left_, longest_piece);
    const bool last = piece == message.left_;
    const std::size_t before = first && !last ? word_size : 0;
    const std::size_t size = size_of_piece(before + piece);
    // relaxed: only writers move it, one at a time.
    const std::uint64_t tail = state_->tail.load(std::memory_order_relaxed);
    std::byte* const place = reserve(tail, size);
    if (!place) return false;
    store_word(place, (before + piece) | (first ? first_piece : 0) | (last ? last_piece : 0) |
                          std::uint64_t{message.tag_} << tag_shift);
    if (before > 0) store_word(place + word_size, message.left_);
    message.copy(place + word_size + before, piece);
    message.left_ -= piece;
    message.begun_ = true;
    // seq_cst with Watch::arm(); it also pairs with the load in ready(): the piece is visible.
    state_->tail.store(tail + size, std::memory_order_seq_cst);
    if (state_->data.watch.load(std::memory_order_seq_cst) != 0)
      detail::ring(state_->data, socket(), [&] {
        return state_->head.load(std::memory_order_relaxed) !=  // relaxed: under the bell's mutex
               state_->tail.load(std::memory_order_relaxed);    // relaxed: our own
      });
  } while (message.left_ > 0);
  return true;
}

Outcome RingWriter::send(Outgoing& message, Deadline until) noexcept {
  if (has_hung_up()) return Outcome::hung_up;
  while (!push(message))
    if (const Outcome outcome = wait(until); outcome != Outcome::done) return outcome;
  return Outcome::done;
}

bool RingWriter::has_room() const noexcept {
  // seq_cst with pop(): either it sees us armed, or we see its move. Others may write meanwhile.
  const std::uint64_t head = state_->head.load(std::memory_order_seq_cst);
  const std::uint64_t tail = state_->tail.load(std::memory_order_relaxed);
  return tail + enough_room - head <= ring_capacity;
}

Outcome RingWriter::wait(Deadline until) noexcept {
  const auto condition = [this] { return has_room(); };
  if (condition() || (may_spin() && spin_(condition))) return Outcome::done;
  const Outcome outcome = sleep(*this, until);
  return outcome == Outcome::hung_up ? hang_up() : outcome;
}

bool RingWriter::has_hung_up() noexcept {
  if (knows_hang_up()) return true;
  // relaxed: what has to be seen happened before this call, in the order of what told us of it.
  const auto departures = state_->data.departures.load(std::memory_order_relaxed);
  const auto died = deaths.load(std::memory_order_relaxed);
  if (departures == departures_ && died == deaths_) return false;
  departures_ = departures;
  deaths_ = died;
  if (!platform::is_hung_up(socket())) return false;
  hang_up();
  return true;
}

void RingWriter::close() noexcept { socket_.reset(); }

bool RingReader::ready() const noexcept {
  // seq_cst with push(): either it sees us armed, or we see its move.
  return state_->head.load(std::memory_order_relaxed) !=  // relaxed: readers move it, one at a time
         state_->tail.load(std::memory_order_seq_cst);
}

std::optional<RingReader::Piece> RingReader::front() noexcept {
  // relaxed: only readers move it, one at a time.
  const std::uint64_t head = state_->head.load(std::memory_order_relaxed);
  if (head >= tail_) {
    // acquire pairs with the store in push(): the piece is visible.
    tail_ = state_->tail.load(std::memory_order_acquire);
    if (head >= tail_) return {};
  }
  const std::byte* place = bytes_ + head % ring_capacity;
  const std::uint64_t word = load_word(place);
  place += word_size;
  Piece piece;
  piece.tag = static_cast<std::uint32_t>(word >> tag_shift);
  piece.first = (word & first_piece) != 0;
  piece.last = (word & last_piece) != 0;
  std::size_t size = word & length_mask;
  front_size_ = size_of_piece(size);
  piece.length = size;
  if (piece.first && !piece.last) {
    piece.length = load_word(place);
    place += word_size;
    size -= word_size;
  }
  piece.bytes = {place, size};
  return piece;
}

void RingReader::pop() noexcept {
  // relaxed: only readers move it, one at a time.
  const std::uint64_t head = state_->head.load(std::memory_order_relaxed) + front_size_;
  // seq_cst with Watch::arm(); it also pairs with the load in reserve(): we have read.
  state_->head.store(head, std::memory_order_seq_cst);
  if (state_->room.watch.load(std::memory_order_seq_cst) != 0)
    detail::ring(state_->room, socket(), [&] {
      const auto tail = state_->tail.load(std::memory_order_relaxed);  // relaxed: as good as any
      return tail + enough_room - head <= ring_capacity;
    });
}

bool RingReader::pull(Incoming& message) {
  while (const auto piece = front()) {
    if (piece->first) {  // of one that came before not all is there, nor ever will be
      message.bytes.clear();
      message.bytes.reserve(piece->length);
      message.tag = piece->tag;
    } else if (!message.begun) {  // whoever read the beginning was killed
      pop();
      continue;
    }
    message.bytes.append(reinterpret_cast<const char*>(piece->bytes.data()), piece->bytes.size());
    message.begun = !piece->last;
    pop();
    if (!message.begun) return true;
  }
  return false;
}

Outcome RingReader::receive(Incoming& message, Deadline until) {
  while (!pull(message))
    if (const Outcome outcome = wait(until); outcome != Outcome::done) return outcome;
  return Outcome::done;
}

Outcome RingReader::wait(Deadline until) noexcept {
  const auto condition = [this] { return ready(); };
  if (condition()) return Outcome::done;
  if (knows_hang_up()) return Outcome::hung_up;
  // How much there is says whether it is a stream.
  const auto waiting = [this] {
    return (state_->tail.load(std::memory_order_acquire) -   // acquire: as in front()
            state_->head.load(std::memory_order_relaxed)) /  // relaxed: our own
           (2 * word_size);
  };
  if (may_spin() && spin_(waiting)) return Outcome::done;
  const Outcome outcome = sleep(*this, until);
  return outcome == Outcome::hung_up ? hang_up() : outcome;
}

Line open_line(std::shared_ptr<RingMemory> memory, std::size_t ring) {
  platform::SocketPair sockets;
  if (const int error = platform::open_socket_pair(platform::SocketKind::packets, sockets))
    throw_os_error(error);
  auto writer = std::make_unique<RingWriter>(memory, ring, std::move(sockets.first));
  return {std::move(writer),
          std::make_unique<RingReader>(std::move(memory), ring, std::move(sockets.second))};
}

void RingReader::close() noexcept {
  if (!socket_) return;
  socket_.reset();
  // relaxed: see RingWriter::has_hung_up().
  state_->data.departures.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace tandem::inline v1::multiprocessing::detail
