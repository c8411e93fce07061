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
#include <vector>

#include "multiprocessing/turns.hpp"
#include "platform/beacon.hpp"
#include "platform/brief_mutex.hpp"
#include "platform/handle.hpp"
#include "platform/ring_memory.hpp"
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
  static constexpr std::uint32_t taker = 4;  // watch: the reader sleeps at the pipe, or is about to
  alignas(128) seam::atomic<std::uint32_t> watch{0};
  seam::atomic<std::uint32_t> departures{
      0};  // how often somebody on this side has closed its socket

  platform::BriefMutex mutex;
  std::uint32_t sleepers = 0;  // guarded by mutex; too high when one was killed
  bool rung = false;           // a packet is in the socket; guarded by mutex
};
// Handles that go with a message are packets of their own: the message's position, and the handles.
// Behind them comes another packet of the former kind, so that one is left when they are taken.

// In shared memory: positions count all bytes since the beginning.
struct RingState {
  alignas(128) seam::atomic<std::uint64_t> tail{
      0};  // what is before it has been written: the writers'
  alignas(128) seam::atomic<std::uint64_t> head{0};  // what is before it has been read
  Bell data;                                         // the reader's
  Bell room;                                         // the writer's
  alignas(128) platform::BriefMutex writing;         // for those who share an end
  alignas(128) platform::BriefMutex reading;
};

// A handle that one thread may close while others use it: it stays open until they are done, so its
// number is not somebody else's meanwhile.
class SharedHandle {
 public:
  explicit SharedHandle(platform::Handle handle) noexcept;
  ~SharedHandle() { close(); }

  class Use {
   public:
    explicit Use(SharedHandle& handle) noexcept : handle_(handle), entered_(handle.enter()) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      if (entered_) handle_.leave();
    }
    explicit operator bool() const noexcept { return entered_; }  // false: it is closed
    int get() const noexcept { return handle_.handle_.get(); }

   private:
    SharedHandle& handle_;
    const bool entered_;
  };

  // Of one that is open, and stays so.
  int get() const noexcept { return handle_.get(); }
  // Returns whether it was open.
  bool close() noexcept;

 private:
  bool enter() noexcept;
  void leave() noexcept;

  // bit 0: closed | bits 1-31: how many use it | bits 32-63: in which process (process_generation)
  seam::atomic<std::uint64_t> word_;
  platform::Handle handle_;
};

// The mapped memory of some rings. The handle is kept for those processes that are yet to map it,
// as long as an end is open here.
class RingMemory {
 public:
  // Throws   OSError.
  static std::shared_ptr<RingMemory> create(std::size_t rings);
  // Throws   OSError; ValueError (that is no such memory).
  static std::shared_ptr<RingMemory> attach(platform::Handle handle);
  RingMemory(const RingMemory&) = delete;
  RingMemory& operator=(const RingMemory&) = delete;
  ~RingMemory();

  SharedHandle& handle() noexcept { return handle_; }
  std::size_t rings() const noexcept { return layout_.rings; }
  RingState& state(std::size_t ring) const noexcept;
  std::byte* bytes(std::size_t ring) const noexcept;
  // For whatever else the processes have in common: all zero at first, aligned to 128 bytes.
  std::span<std::byte> spare() const noexcept;

  void end_opens() noexcept;
  void end_closes() noexcept;

 private:
  RingMemory(platform::Handle handle, std::size_t rings);

  platform::RingLayout layout_;
  SharedHandle handle_;
  seam::atomic<std::size_t> open_ends_{0};
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
  using Part = std::span<const std::byte>;

  // Two parts, so that what goes before needs no copy. The tag is for the receiver: 24 bits.
  explicit Outgoing(Part head, Part body = {}, std::uint32_t tag = 0) noexcept
      : two_{head, body}, parts_(two_), left_(head.size() + body.size()), tag_(tag) {}
  explicit Outgoing(std::string_view bytes, std::uint32_t tag = 0) noexcept
      : Outgoing(std::as_bytes(std::span(bytes)), {}, tag) {}
  // Any number. They are used up.
  //   size  of all
  Outgoing(std::span<Part> parts, std::size_t size, std::uint32_t tag) noexcept
      : parts_(parts), left_(size), tag_(tag) {}
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  // Open files that go along, as many as can be sent at once; they have to stay open until the
  // message is in.
  void carry(std::span<const int> handles) noexcept { handles_ = handles; }
  // Why they could not: then nothing was sent.
  int error() const noexcept { return error_; }

 private:
  friend class RingWriter;
  void copy(std::byte* to, std::size_t size) noexcept;

  std::array<Part, 2> two_;
  std::span<Part> parts_;
  std::uint64_t left_;
  std::span<const int> handles_{};
  std::uint32_t tag_;
  int error_ = 0;
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
  RingEnd(std::shared_ptr<RingMemory> memory, std::size_t ring, platform::Handle socket,
          platform::Handle pipe = {}) noexcept
      : memory_(std::move(memory)),
        state_(&memory_->state(ring)),
        bytes_(memory_->bytes(ring)),
        ring_(ring),
        has_pipe_(static_cast<bool>(pipe)),
        socket_(std::move(socket)),
        pipe_(std::move(pipe)) {
    memory_->end_opens();
  }

  RingMemory& memory() const noexcept { return *memory_; }
  std::size_t ring() const noexcept { return ring_; }
  RingState& state() const noexcept { return *state_; }
  // Becomes readable when a Watch has something to see, and when the other side is gone.
  int socket() const noexcept { return socket_.get(); }
  SharedHandle& shared_socket() const noexcept { return socket_; }
  SharedHandle& shared_pipe() const noexcept { return pipe_; }
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
  const bool has_pipe_;
  mutable SharedHandle socket_, pipe_;
  AdaptiveSpin spin_;
  seam::hint<bool> hung_up_{false};
};

// Threads  one at a time, but for wait() and those that are const.
class RingWriter : public RingEnd {
 public:
  using RingEnd::RingEnd;
  ~RingWriter() { close(); }

  // Puts in as much as there is room for. Returns whether all is in; if not, see Outgoing::error().
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
  // Whether somebody has been woken since this was asked: whoever now waits for an answer should
  // sleep at once, for the other one needs a processor.
  bool has_woken() noexcept;
  void close() noexcept;

 private:
  bool reserve(std::uint64_t end) noexcept;
  void publish(std::uint64_t tail, std::uint64_t word, std::uint64_t end) noexcept;
  template <class Write>
  int with_handles(std::uint64_t tail, std::span<const int> handles, Write write) noexcept;
  void ring_data() noexcept;

  std::uint64_t head_ = 0;  // as far as is known
  std::uint32_t departures_ = 0, deaths_ = 0;
  seam::hint<bool> woken_{false};
};

// Threads  one at a time, but for look() and those that are const.
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

  // The open files that came with the message in front.
  // Throws   std::bad_alloc; OSError (EMFILE, …).
  std::vector<platform::Handle> take_handles(std::size_t count);

  // A handle that is readable while a piece is there, or the end, as long as this lives: from now
  // on whoever writes takes care of it.
  // Throws   OSError.
  int beacon();

  // Whether a piece is there: for who may take it.
  bool ready() const noexcept;
  // For others, and for who has said before that it waits.
  bool has_piece() const noexcept;
  // Until one is, for who is to take it: one at a time. hung_up: nothing is there, and nothing can
  // come.
  //   spins  false: sleeps at once
  Outcome wait(Deadline until, bool spins = true) noexcept;
  // The same for any number at a time, who take nothing.
  Outcome look(Deadline until) noexcept;
  void close() noexcept;

 private:
  template <class Seen>
  bool spin(Seen seen) noexcept;
  std::uint64_t seen_pieces() const noexcept;
  Outcome sleep_as_taker(Deadline until) noexcept;
  void disarm_taker() noexcept;
  void ring_room() noexcept;
  void settle() noexcept;

  seam::hint<std::uint32_t> vain_spins_{0};
  std::size_t front_size_ = 0;
  Turns lighting_;
  platform::Beacon beacon_;  // used in one's turn
  // Last: a child of fork() that another thread's call was just in goes through it once more.
  bool is_announced_ = false;  // written in one's turn: who sends knows of the beacon
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

  // Where to sleep.
  int socket() const noexcept { return socket_.get(); }
  // To be asked before each sleep at the socket. Nothing: sleep. An end that this process has
  // closed hangs up.
  //   woken  the socket was readable: what is in it is out of date, or it is at its end
  std::optional<Outcome> arm(bool woken) noexcept;

 private:
  bool holds() const noexcept;

  SharedHandle::Use socket_;
  const RingReader* const reader_ = nullptr;  // or
  const RingWriter* const writer_ = nullptr;
  Bell& bell_;
  bool counted_ = false;
};

// Both ends of a ring that nobody has used yet. A child of fork() has both as well, and closes the
// one that it does not need: the other side hangs up when all its copies are closed.
struct Line {
  std::unique_ptr<RingWriter> writer;
  std::unique_ptr<RingReader> reader;
};
//   with_pipe  false: there is none, and the reader sleeps at the socket, too
// Throws   OSError.
Line open_line(std::shared_ptr<RingMemory> memory, std::size_t ring, bool with_pipe = false);

// A process has ended: whoever sends looks whether anybody is left to receive.
void note_death() noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
