// Messages from one process to another: a ring in shared memory, and a socket to wait at.
//
//      RingWriter                    RingState, in the memory of both                 RingReader
//          │                  ┌──────────────────────────────────────┐                    │
//          ├─ copies into ──► │ bytes: ░░░░│piece│piece│0░░░░░░░░░░░ │ ── copies from ───►│
//          ├─ moves ────────► │ tail ──────────────────▲             │                    │
//          │                  │ head ───────▲                        │ ◄─ moves ──────────┤
//          │                  └──────────────────────────────────────┘                    │
//          │                        only when the other side sleeps:                      │
//          └── socket ════════ a packet: "there is a message", "there is room" ══ socket ─┘
//
// While both sides are busy no system call is made. Who has nothing to do spins for as long as has
// paid lately, arms its bell and sleeps at its socket; whoever does what it waits for sees the
// armed bell and sends a packet. So a sleeper also wakes when the other side is gone, in whatever
// way: the system closes the sockets of a killed process.
//
// A piece begins with a word, which is written last; where the next one will begin there is zero
// until then. So a reader looks at one place only, where the message itself is, and does not need
// tail. What is being read stays until head is moved. Whoever is killed half-way leaves the ring
// whole.
//
// One thread at a time may write, and one read; Connection has locks for that. Any number may wait.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "platform/handle.hpp"
#include "platform/ring_memory.hpp"
#include "platform/robust_mutex.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// In shared memory: how one side of a ring is woken by the other. All that wait at one side sleep
// at one socket. The packets in it are under one rule: while somebody is armed or watches and the
// condition holds, there is a packet. So they are sent and taken away under the mutex only.
struct Bell {
  // The other side looks at both words after each of its moves.
  static constexpr std::uint32_t armed = 1;    // watch: somebody sleeps, or is about to
  static constexpr std::uint32_t watched = 2;  // watch: the user polls the socket, for ever
  alignas(128) seam::atomic<std::uint32_t> watch{0};
  seam::atomic<std::uint32_t> departures{
      0};  // how often somebody on this side has closed its socket

  platform::RobustMutex mutex;
  std::uint32_t sleepers = 0;  // guarded by mutex; too high when one was killed
  bool rung = false;           // a packet is in the socket; guarded by mutex
};

// In shared memory: positions count all bytes since the beginning.
struct RingState {
  alignas(128) seam::atomic<std::uint64_t> tail{
      0};  // what is before it has been written: the writers'
  alignas(128) seam::atomic<std::uint64_t> head{0};  // what is before it has been read
  Bell data;                                         // the reader's
  Bell room;                                         // the writer's
  alignas(128) platform::RobustMutex writing;        // for those who share an end
  alignas(128) platform::RobustMutex reading;
};

// The mapped memory of some rings. The handle is kept for those processes that are yet to map it.
class RingMemory {
 public:
  // Throws   OSError.
  static std::shared_ptr<RingMemory> create(std::size_t rings);
  // Throws   OSError; ValueError (that is no such memory).
  static std::shared_ptr<RingMemory> attach(platform::Handle handle);
  RingMemory(const RingMemory&) = delete;
  RingMemory& operator=(const RingMemory&) = delete;
  ~RingMemory();

  int handle() const noexcept { return handle_.get(); }
  std::size_t rings() const noexcept { return layout_.rings; }
  RingState& state(std::size_t ring) const noexcept;
  std::byte* bytes(std::size_t ring) const noexcept;

 private:
  RingMemory(platform::Handle handle, std::size_t rings);

  platform::RingLayout layout_;
  platform::Handle handle_;
  void* memory_ = nullptr;
};

// The pieces of a ring: a word for itself, then its bytes, up to a multiple of the word's size.
// A message is one piece, or more if it is long; the first of several begins with the length of
// all.
inline constexpr std::size_t ring_capacity = std::size_t{256} << 10;
inline constexpr std::size_t longest_piece = std::size_t{32} << 10;

enum class Outcome { done, timed_out, hung_up };

// A message on its way into a ring. The bytes are the caller's, and have to stay.
class Outgoing {
 public:
  // Two parts, so that what goes before needs no copy. The tag is for the receiver: 24 bits.
  explicit Outgoing(std::span<const std::byte> head, std::span<const std::byte> body = {},
                    std::uint32_t tag = 0) noexcept
      : parts_{head, body}, left_(head.size() + body.size()), tag_(tag) {}
  explicit Outgoing(std::string_view bytes, std::uint32_t tag = 0) noexcept
      : Outgoing(std::as_bytes(std::span(bytes)), {}, tag) {}

 private:
  friend class RingWriter;
  void copy(std::byte* to, std::size_t size) noexcept;

  std::array<std::span<const std::byte>, 2> parts_;
  std::size_t left_;
  std::uint32_t tag_;
  bool begun_ = false;
};

// What has come of a message so far.
struct Incoming {
  std::string bytes{};
  std::uint32_t tag = 0;
  bool begun = false;  // of a message in several pieces, not all of which are here
};

// What the two ends have in common. Not copied: the socket is one of its own.
class RingEnd {
 public:
  RingEnd(std::shared_ptr<RingMemory> memory, std::size_t ring, platform::Handle socket) noexcept
      : memory_(std::move(memory)),
        state_(&memory_->state(ring)),
        bytes_(memory_->bytes(ring)),
        ring_(ring),
        socket_(std::move(socket)) {}

  const RingMemory& memory() const noexcept { return *memory_; }
  std::size_t ring() const noexcept { return ring_; }
  RingState& state() const noexcept { return *state_; }
  // Becomes readable when a Watch has something to see, and when the other side is gone.
  int socket() const noexcept { return socket_.get(); }
  // The other side is closed everywhere, as far as is known. Asks nobody.
  bool knows_hang_up() const noexcept {
    return hung_up_.load(std::memory_order_relaxed);  // relaxed: once true, true for ever
  }

 protected:
  Outcome hang_up() noexcept {
    hung_up_.store(true, std::memory_order_relaxed);  // relaxed: see knows_hang_up()
    return Outcome::hung_up;
  }

  std::shared_ptr<RingMemory> memory_;
  RingState* state_;
  std::byte* bytes_;
  std::size_t ring_;
  platform::Handle socket_;
  AdaptiveSpin spin_;
  seam::hint<bool> hung_up_{false};
};

// Threads  one at a time, but for wait() and those that are const.
class RingWriter : public RingEnd {
 public:
  using RingEnd::RingEnd;
  ~RingWriter() { close(); }

  // Puts in as much as there is room for. Returns whether all is in.
  // A message that is not ended before the next one begins is lost.
  bool push(Outgoing& message) noexcept;
  // Until all is in. After timed_out it may go on.
  Outcome send(Outgoing& message, Deadline until = {}) noexcept;
  // To be called first by whoever goes on where another writer was killed.
  void recover() noexcept;
  // Until there is room for the next piece of any message, and some more.
  Outcome wait(Deadline until) noexcept;
  bool has_room() const noexcept;
  // Whether the reader is gone everywhere. Asks the system only if there is a reason to.
  bool has_hung_up() noexcept;
  void close() noexcept;

 private:
  bool reserve(std::uint64_t end) noexcept;
  void ring_data() noexcept;

  std::uint64_t head_ = 0;  // as far as is known
  std::uint32_t departures_ = 0, deaths_ = 0;
};

// Threads  one at a time, but for wait() and those that are const.
class RingReader : public RingEnd {
 public:
  using RingEnd::RingEnd;
  ~RingReader() { close(); }

  struct Piece {
    std::span<const std::byte> bytes;
    std::uint64_t length = 0;  // of the message; of its first piece only
    std::uint32_t tag = 0;
    bool first = false, last = false;
  };
  // The next one, which stays.
  std::optional<Piece> front() noexcept;
  void pop() noexcept;

  // Takes what is there. Returns whether the message is complete; if not, it is to be given again.
  // Throws   std::bad_alloc; the piece stays.
  bool pull(Incoming& message);
  Outcome receive(Incoming& message, Deadline until = {});

  // Whether a piece is there.
  bool ready() const noexcept;
  // Until one is. hung_up: nothing is there, and nothing can come.
  Outcome wait(Deadline until) noexcept;
  void close() noexcept;

 private:
  std::size_t front_size_ = 0;
};

// Somebody who waits at an end, any number at a time: for a reader until a piece is there, for a
// writer until there is room. While it lives, the socket of that end becomes readable then.
class Watch {
 public:
  explicit Watch(const RingReader& reader) noexcept;
  explicit Watch(const RingWriter& writer) noexcept;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  // To be asked before each sleep at the socket. Nothing: sleep.
  //   woken  the socket was readable: what is in it is out of date, or it is at its end
  std::optional<Outcome> arm(bool woken) noexcept;

 private:
  bool holds() const noexcept;

  const RingReader* const reader_ = nullptr;  // or
  const RingWriter* const writer_ = nullptr;
  Bell& bell_;
  const int socket_;
  bool counted_ = false;
};

// Both ends of a ring that nobody has used yet. A child of fork() has both as well, and closes the
// one that it does not need: the other side hangs up when all its copies are closed.
struct Line {
  std::unique_ptr<RingWriter> writer;
  std::unique_ptr<RingReader> reader;
};
// Throws   OSError.
Line open_line(std::shared_ptr<RingMemory> memory, std::size_t ring);

// A process has ended: whoever sends looks whether anybody is left to receive.
void note_death() noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
