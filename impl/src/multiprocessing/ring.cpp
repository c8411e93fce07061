#include "multiprocessing/ring.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <mutex>
#include <new>

#include "platform/cpu.hpp"
#include "platform/pipe.hpp"
#include "platform/poll.hpp"
#include "platform/shared_memory.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
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
static_assert(size_of_piece(word_size + longest_piece) + word_size <= enough_room);
// A reader looks for sleeping writers each time when it has read so much. A writer begins to sleep
// when less than enough is free: before the ring is empty there are many such looks.
constexpr std::size_t looks_every = ring_capacity / 16;

constexpr std::size_t head_length = std::size_t{64} << 10;

seam::atomic<std::uint32_t> deaths{0};

constexpr std::size_t size_of_piece_at(std::uint64_t word) noexcept {
  return size_of_piece(word & length_mask);
}

using Word = seam::atomic<std::uint64_t>;
static_assert(sizeof(Word) == word_size && alignof(Word) <= word_size);

// The word of the piece at a position; zero: there is none yet.
Word& word_at(std::byte* bytes, std::uint64_t position) noexcept {
  return *std::launder(reinterpret_cast<Word*>(bytes + position % ring_capacity));
}

// Others may be running while this one spins. Asked once; not for a static with a guard, which a
// child of fork() might find taken.
bool may_spin() noexcept {
  static constinit seam::hint<int> cpus{0};
  int known = cpus.load(std::memory_order_relaxed);  // relaxed: only a number
  if (known == 0) {
    known = platform::usable_cpus();
    cpus.store(known, std::memory_order_relaxed);  // relaxed: as above
  }
  return known > 1;
}

// Locks what a bell has. After a death the packets are not what `rung` says: one more does no harm.
class BellGuard {
 public:
  explicit BellGuard(Bell& bell) noexcept : bell_(bell) {
    if (bell.mutex.lock(nullptr) == platform::BriefMutex::Taken::from_the_dead) bell.rung = false;
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

namespace {

constexpr std::uint64_t closed_bit = 1, one_use = 2, uses_mask = 0xffff'fffe;

// A child of fork() starts anew: who used the socket is not there.
std::uint64_t in_this_process(std::uint64_t word) noexcept {
  if (word >> 32 == process_generation) return word;
  return (word & closed_bit) | std::uint64_t{process_generation} << 32;
}

}  // namespace

SharedHandle::SharedHandle(platform::Handle handle) noexcept
    : word_(in_this_process(handle ? 0 : closed_bit)), handle_(std::move(handle)) {}

bool SharedHandle::enter() noexcept {
  // relaxed: the CAS decides.
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  do
    if ((word & closed_bit) != 0) return false;
  // acquire pairs with nothing but the one below: the handle is there as long as this exists.
  while (!word_.compare_exchange_weak(word, in_this_process(word) + one_use,
                                      std::memory_order_acquire, std::memory_order_relaxed));
  return true;
}

void SharedHandle::leave() noexcept {
  // acq_rel pairs with itself and with close(): whoever closes comes after all uses.
  const std::uint64_t before = word_.fetch_sub(one_use, std::memory_order_acq_rel);
  if ((before & closed_bit) != 0 && (before & uses_mask) == one_use) handle_.reset();
}

bool SharedHandle::close() noexcept {
  // relaxed: the CAS decides.
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  do
    if ((word & closed_bit) != 0) return false;
  while (!word_.compare_exchange_weak(word, in_this_process(word) | closed_bit,
                                      std::memory_order_acq_rel,  // pairs with leave()
                                      std::memory_order_relaxed));
  if ((in_this_process(word) & uses_mask) == 0) handle_.reset();
  return true;
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
std::span<std::byte> RingMemory::spare() const noexcept {
  const std::size_t used = layout_.rings * sizeof(RingState);
  return {static_cast<std::byte*>(memory_) + used, layout_.head - used};
}
std::byte* RingMemory::bytes(std::size_t ring) const noexcept {
  return static_cast<std::byte*>(memory_) + layout_.head + 2 * ring * layout_.ring;
}

// Ends are opened while others are open, or before there are threads.
void RingMemory::end_opens() noexcept {
  open_ends_.fetch_add(1, std::memory_order_relaxed);  // relaxed: a count
}
void RingMemory::end_closes() noexcept {
  // relaxed: a count; handle_ has its own order.
  if (open_ends_.fetch_sub(1, std::memory_order_relaxed) == 1) handle_.close();
}

void Outgoing::copy(std::byte* to, std::size_t size) noexcept {
  while (size > 0) {
    Part& part = parts_.front();
    const std::size_t count = std::min(size, part.size());
    if (count > 0) std::memcpy(to, part.data(), count);
    part = part.subspan(count);
    to += count;
    size -= count;
    if (part.empty()) parts_ = parts_.subspan(1);
  }
}

Watch::Watch(const RingReader& reader) noexcept
    : socket_(reader.shared_socket()), reader_(&reader), bell_(reader.state().data) {}
Watch::Watch(const RingWriter& writer) noexcept
    : socket_(writer.shared_socket()), writer_(&writer), bell_(writer.state().room) {}

Watch::~Watch() {
  if (!counted_) return;
  const BellGuard guard(bell_);
  // relaxed: nobody sleeps that could miss anything.
  if (--bell_.sleepers == 0) bell_.watch.fetch_and(~Bell::armed, std::memory_order_relaxed);
}

bool Watch::holds() const noexcept { return reader_ ? reader_->has_piece() : writer_->has_room(); }

std::optional<Outcome> Watch::arm(bool woken) noexcept {
  if (holds()) return Outcome::done;
  if (!socket_) return Outcome::hung_up;
  const BellGuard guard(bell_);
  if (!counted_) ++bell_.sleepers;
  counted_ = true;
  // seq_cst with the move of the other side and its look at the bell: either that look sees us
  // armed, or we see the move.
  bell_.watch.fetch_or(Bell::armed, std::memory_order_seq_cst);
  if (holds()) return Outcome::done;
  if (!take_packets(bell_, socket_.get(), woken)) return {};
  return holds() ? Outcome::done : Outcome::hung_up;
}

namespace {

template <class End>
Outcome sleep(const End& end, Deadline until) noexcept {
  Watch watch(end);
  for (bool woken = false;;) {
    if (const auto outcome = watch.arm(woken)) return *outcome;
    platform::Polled polled{watch.socket()};
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

// Whether there is room up to a position, and for the zero behind it.
bool RingWriter::reserve(std::uint64_t end) noexcept {
  if (end + word_size - head_ <= ring_capacity) return true;
  // acquire pairs with the store in pop(): what was there has been read.
  head_ = state_->head.load(std::memory_order_acquire);
  return end + word_size - head_ <= ring_capacity;
}

// Under the bell's mutex, for nobody may meet the handles where there is no message yet.
template <class Write>
int RingWriter::with_handles(std::uint64_t tail, std::span<const int> handles,
                             Write write) noexcept {
  const SharedHandle::Use use(socket_);
  if (!use) return EBADF;
  const BellGuard guard(state_->data);
  const platform::Transfer done = platform::send_at_once(use.get(), &tail, sizeof tail, handles);
  if (done.error != 0) return done.error;
  write();
  const char packet = 0;
  state_->data.rung = platform::send_at_once(use.get(), &packet, sizeof packet).error == 0;
  return 0;
}

bool RingWriter::push(Outgoing& message) noexcept {
  do {
    const bool first = !message.begun_;
    const auto piece =
        static_cast<std::size_t>(std::min<std::uint64_t>(message.left_, longest_piece));
    const bool last = piece == message.left_;
    const std::size_t before = first && !last ? word_size : 0;
    // relaxed: only writers move it, one at a time.
    const std::uint64_t tail = state_->tail.load(std::memory_order_relaxed);
    const std::uint64_t end = tail + size_of_piece(before + piece);
    if (!reserve(end)) return false;
    const auto write = [&] {
      std::byte* const place = bytes_ + tail % ring_capacity + word_size;
      if (before > 0) std::memcpy(place, &message.left_, sizeof message.left_);
      message.copy(place + before, piece);
      publish(tail,
              (before + piece) | (first ? first_piece : 0) | (last ? last_piece : 0) |
                  std::uint64_t{message.tag_} << tag_shift,
              end);
    };
    if (first && !message.handles_.empty()) {
      message.error_ = with_handles(tail, message.handles_, write);
      if (message.error_ != 0) return false;
    } else {
      write();
    }
    if (state_->data.watch.load(std::memory_order_seq_cst) != 0) ring_data();
    message.left_ -= piece;
    message.begun_ = true;
  } while (message.left_ > 0);
  return true;
}

// The piece from tail to end is complete.
void RingWriter::publish(std::uint64_t tail, std::uint64_t word, std::uint64_t end) noexcept {
  // relaxed: visible with the word below.
  word_at(bytes_, end).store(0, std::memory_order_relaxed);
  // release pairs with the load in front(): the piece is visible.
  word_at(bytes_, tail).store(word, std::memory_order_release);
  // seq_cst with those who arm themselves and look then: either they see this, or we see them.
  state_->tail.store(end, std::memory_order_seq_cst);
}

void RingWriter::ring_data() noexcept {
  woken_.store(true, std::memory_order_relaxed);  // relaxed: a hint
  // relaxed: whoever is armed has done it before it looked; see push().
  if ((state_->data.watch.load(std::memory_order_relaxed) & Bell::taker) != 0) {
    // seq_cst as in sleep_as_taker(): who takes it away wakes.
    const auto before = state_->data.watch.fetch_and(~Bell::taker, std::memory_order_seq_cst);
    const SharedHandle::Use use(pipe_);
    if (use && (before & Bell::taker) != 0) platform::wake(use.get());
    if (before == Bell::taker) return;
  }
  const SharedHandle::Use use(socket_);
  if (!use) return;
  detail::ring(state_->data, use.get(), [this] {
    // relaxed: where it is old, a packet too many is sent.
    const std::uint64_t head = state_->head.load(std::memory_order_relaxed);
    return head != state_->tail.load(std::memory_order_relaxed);  // relaxed: our own
  });
}

void RingWriter::recover() noexcept {
  // The piece at tail may be complete, and read already.
  // relaxed: the lock that its writer had, and we have now, orders it.
  std::uint64_t tail = state_->tail.load(std::memory_order_relaxed);
  if (const std::uint64_t word = word_at(bytes_, tail).load(std::memory_order_relaxed)) {
    tail += size_of_piece_at(word);
    state_->tail.store(tail, std::memory_order_relaxed);  // relaxed: see push()
  }
  // He may have been about to wake somebody.
  if (const SharedHandle::Use use(pipe_); use) platform::wake(use.get());
  ring_data();
}

bool RingWriter::has_woken() noexcept {
  // relaxed: a hint
  return woken_.load(std::memory_order_relaxed) &&
         woken_.exchange(false, std::memory_order_relaxed);
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
  // relaxed: writers move it, one at a time; who only waits may see an old one.
  const std::uint64_t tail = state_->tail.load(std::memory_order_relaxed);
  return tail + enough_room - head <= ring_capacity;
}

Outcome RingWriter::wait(Deadline until) noexcept {
  const auto condition = [this] { return has_room(); };
  if (condition()) return Outcome::done;
  if (!until.passed() && may_spin() && spin_(condition)) return Outcome::done;
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
  const SharedHandle::Use use(socket_);
  if (use && !platform::is_hung_up(use.get())) return false;
  hang_up();
  return true;
}

void RingWriter::close() noexcept {
  pipe_.close();
  if (socket_.close()) memory_->end_closes();
}

bool RingReader::ready() const noexcept {
  // relaxed: readers move it, one at a time.
  const std::uint64_t head = state_->head.load(std::memory_order_relaxed);
  // acquire pairs with the store in publish(), as in front().
  return word_at(bytes_, head).load(std::memory_order_acquire) != 0;
}

bool RingReader::has_piece() const noexcept {
  // relaxed: our own; or, for who takes nothing, one that may be old, and a piece is there too
  // long.
  const std::uint64_t head = state_->head.load(std::memory_order_relaxed);
  // seq_cst with publish(): either it sees us armed, or we see its move. The tail may be behind
  // what has been read: its writer is about to move it, or was killed before.
  return head < state_->tail.load(std::memory_order_seq_cst);
}

std::optional<RingReader::Piece> RingReader::front() noexcept {
  // relaxed: only readers move it, one at a time.
  const std::uint64_t head = state_->head.load(std::memory_order_relaxed);
  // acquire pairs with the store in publish(): the piece is visible.
  const std::uint64_t word = word_at(bytes_, head).load(std::memory_order_acquire);
  if (word == 0) return {};
  const std::byte* place = bytes_ + head % ring_capacity + word_size;
  std::size_t size = word & length_mask;
  front_size_ = size_of_piece(size);
  Piece piece;
  piece.tag = static_cast<std::uint32_t>(word >> tag_shift);
  piece.first = (word & first_piece) != 0;
  piece.last = (word & last_piece) != 0;
  piece.length = size;
  if (piece.first && !piece.last) {
    std::memcpy(&piece.length, place, sizeof piece.length);
    place += word_size;
    size -= word_size;
  }
  piece.bytes = {place, size};
  return piece;
}

void RingReader::pop() noexcept {
  // relaxed: only readers move it, one at a time.
  const std::uint64_t before = state_->head.load(std::memory_order_relaxed);
  const std::uint64_t head = before + front_size_;
  if (before / looks_every == head / looks_every) {
    state_->head.store(head, std::memory_order_release);  // pairs with the load in reserve()
  } else {
    // seq_cst with Watch::arm(): either it sees our move, or we see it armed. Also a release.
    state_->head.store(head, std::memory_order_seq_cst);
    if (state_->room.watch.load(std::memory_order_seq_cst) != 0) ring_room();
  }
  // relaxed: settle() locks what beacon() has locked.
  if ((state_->data.watch.load(std::memory_order_relaxed) & Bell::watched) != 0) settle();
}

void RingReader::ring_room() noexcept {
  const SharedHandle::Use use(socket_);
  if (!use) return;
  detail::ring(state_->room, use.get(), [this] {
    // relaxed: our own, and one that a sleeping writer does not move.
    const std::uint64_t head = state_->head.load(std::memory_order_relaxed);
    const std::uint64_t tail = state_->tail.load(std::memory_order_relaxed);  // relaxed: see above
    return tail + enough_room - head <= ring_capacity;
  });
}

std::vector<platform::Handle> RingReader::take_handles(std::size_t count) {
  std::vector<platform::Handle> handles;
  const SharedHandle::Use use(socket_);
  if (!use) throw_os_error(EBADF);
  const BellGuard guard(state_->data);
  const std::uint64_t head = state_->head.load(std::memory_order_relaxed);  // relaxed: our own
  while (handles.size() < count) {
    std::uint64_t position = 0;
    std::vector<platform::Handle> some;
    const auto done = platform::receive_at_once(use.get(), &position, sizeof position, &some);
    if (done.error != 0) throw_os_error(done.error == EAGAIN ? EBADMSG : done.error);
    if (done.count == 0) throw_os_error(EBADMSG);
    // Others are what a killed reader has left.
    if (done.count == sizeof position && position == head)
      std::move(some.begin(), some.end(), std::back_inserter(handles));
  }
  return handles;
}

int RingReader::beacon() {
  const std::scoped_lock lighting(lighting_.get());
  if (is_announced_) return beacon_.get();
  const SharedHandle::Use use(socket_);
  if (!use) throw_os_error(EBADF);
  if (!beacon_)
    if (const int error = beacon_.open(use.get())) throw_os_error(error);
  const BellGuard guard(state_->data);
  // seq_cst as in Watch::arm(): from here on each message makes the socket readable. Of those that
  // are there already nobody said so.
  state_->data.watch.fetch_or(Bell::watched, std::memory_order_seq_cst);
  if (!state_->data.rung && has_piece()) beacon_.light();
  is_announced_ = true;
  return beacon_.get();
}

// Where nothing is there any more, nothing is to be seen.
void RingReader::settle() noexcept {
  if (has_piece()) return;
  const SharedHandle::Use use(socket_);
  if (!use) return;
  const std::scoped_lock lighting(lighting_.get());
  const BellGuard guard(state_->data);
  if (has_piece()) return;
  take_packets(state_->data, use.get(), false);
  if (beacon_) beacon_.put_out();
}

bool RingReader::pull(Incoming& message) {
  while (const auto piece = front()) {
    if (piece->first) {  // of one that came before not all is there, nor ever will be
      message.bytes.clear();
      message.bytes.reserve(static_cast<std::size_t>(piece->length));
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

template <class Seen>
bool RingReader::spin(Seen seen) noexcept {
  // Where several spins in a row were in vain, both sides may share a processor: then even a short
  // one keeps the other side from it.
  constexpr std::uint32_t few = 4, probe_every = 16;
  // relaxed: a hint
  const std::uint32_t vain = vain_spins_.load(std::memory_order_relaxed);
  const bool spins = may_spin() && (vain < few || vain % probe_every == 0);
  const bool paid = spins && spin_(seen);
  vain_spins_.store(paid ? 0 : vain + 1, std::memory_order_relaxed);  // relaxed: a hint
  return paid;
}

// None, one or more: more are a stream.
std::uint64_t RingReader::seen_pieces() const noexcept {
  const std::uint64_t head = state_->head.load(std::memory_order_relaxed);  // relaxed: our own
  // acquire pairs with the store in publish(): the zero behind the piece is visible.
  const std::uint64_t word = word_at(bytes_, head).load(std::memory_order_acquire);
  if (word == 0) return 0;
  const std::uint64_t next = head + size_of_piece_at(word);
  // relaxed: only whether it is zero.
  return word_at(bytes_, next).load(std::memory_order_relaxed) == 0 ? 1 : 2;
}

Outcome RingReader::wait(Deadline until, bool spins) noexcept {
  if (ready()) return Outcome::done;
  if (knows_hang_up()) return Outcome::hung_up;
  if (!has_pipe_ || until.passed()) return look(until);
  if (spins && spin([this] { return seen_pieces(); })) return Outcome::done;
  return sleep_as_taker(until);
}

Outcome RingReader::look(Deadline until) noexcept {
  const auto condition = [this] { return has_piece(); };
  if (condition()) return Outcome::done;
  if (knows_hang_up()) return Outcome::hung_up;
  if (!until.passed() && spin(condition)) return Outcome::done;
  const Outcome outcome = sleep(*this, until);
  return outcome == Outcome::hung_up ? hang_up() : outcome;
}

Outcome RingReader::sleep_as_taker(Deadline until) noexcept {
  // The other side does not see that this one is closed before it has ceased to wait.
  const SharedHandle::Use socket(socket_), use(pipe_);
  if (!socket || !use) return Outcome::hung_up;
  for (;;) {
    // seq_cst with publish(): either it sees us, or we see its move.
    state_->data.watch.fetch_or(Bell::taker, std::memory_order_seq_cst);
    if (has_piece()) {
      disarm_taker();
      return Outcome::done;
    }
    const ParkedInSystem parked;
    if (!until.is_never()) {
      platform::Polled polled{use.get()};
      const auto when = until.when();
      platform::poll({&polled, 1}, &when);
      if (!polled.ready && until.passed()) {
        disarm_taker();
        return has_piece() ? Outcome::done : Outcome::timed_out;
      }
      if (!polled.ready) continue;
    }
    // More than one byte: of wakes that came too late.
    std::array<char, 64> bytes;
    const auto done = platform::read_some(use.get(), bytes.data(), bytes.size());
    if (done.count == 0) return has_piece() ? Outcome::done : hang_up();
    if (has_piece()) return Outcome::done;
  }
}

// It may be too late: then a byte is in the pipe, and is met by the next sleep.
void RingReader::disarm_taker() noexcept {
  // relaxed: whoever sees it or not does no harm.
  state_->data.watch.fetch_and(~Bell::taker, std::memory_order_relaxed);
}

Line open_line(std::shared_ptr<RingMemory> memory, std::size_t ring, bool with_pipe) {
  platform::SocketPair sockets;
  if (const int error = platform::open_socket_pair(platform::SocketKind::packets, sockets))
    throw_os_error(error);
  platform::Pipe pipe;
  if (const int error = with_pipe ? platform::open_wake_pipe(pipe) : 0) throw_os_error(error);
  auto writer =
      std::make_unique<RingWriter>(memory, ring, std::move(sockets.first), std::move(pipe.writer));
  return {std::move(writer),
          std::make_unique<RingReader>(std::move(memory), ring, std::move(sockets.second),
                                       std::move(pipe.reader))};
}

void RingReader::close() noexcept {
  pipe_.close();
  if (!socket_.close()) return;
  memory_->end_closes();
  // relaxed: see RingWriter::has_hung_up().
  state_->data.departures.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace tandem::inline v1::multiprocessing::detail
