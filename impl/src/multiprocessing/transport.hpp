// What carries the messages of a Connection: a ring in shared memory between the ends of a Pipe(),
// or a stream.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/handle.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/connection.hpp"
#include "tandem/pickle/output.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using Part = std::span<const std::byte>;

// Where a message goes that is received.
class Sink {
 public:
  // Into the place, if it fits, else into the text.
  //   most  a longer one is refused
  explicit Sink(std::string& text, std::span<std::byte> place = {},
                std::optional<std::size_t> most = {}) noexcept
      : text_(text), place_(place), most_(most) {}

  // Returns false: it is too long, and not to be taken.
  // Throws   std::bad_alloc.
  bool begin(std::uint64_t length);
  void append(Part bytes);
  // The same for who writes it himself: room for so many bytes.
  std::byte* extend(std::size_t size);

  std::size_t length() const noexcept { return length_; }
  bool is_in_place() const noexcept { return in_place_; }
  Part bytes() const noexcept;
  std::vector<platform::Handle> handles{};

 private:
  std::string& text_;
  std::span<std::byte> place_;
  std::optional<std::size_t> most_;
  std::size_t length_ = 0, filled_ = 0;
  bool in_place_ = false;
};

// Somebody in connection::wait().
class TransportWaiter {
 public:
  struct Where {
    int handle;
    bool for_hang_up = false;
  };

  TransportWaiter() = default;
  TransportWaiter(const TransportWaiter&) = delete;
  TransportWaiter& operator=(const TransportWaiter&) = delete;
  virtual ~TransportWaiter() = default;

  virtual Where where() const noexcept = 0;
  // To be asked before each sleep.
  //   woken  the handle was ready
  virtual bool is_ready(bool woken) noexcept = 0;
};
// For a handle that is ready when the object is.
std::unique_ptr<TransportWaiter> wait_at(int handle);

class Transport {
 public:
  Transport(bool readable, bool writable) noexcept : readable_(readable), writable_(writable) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // relaxed: who closes it while others use it leaves open what they see.
  bool closed() const noexcept { return closed_.load(std::memory_order_relaxed); }
  bool readable() const noexcept { return readable_.load(std::memory_order_relaxed); }
  bool writable() const noexcept { return writable_; }
  // Throws   OSError, with Python's text.
  void check_open() const;
  void check_readable() const;
  void check_writable() const;

  // The parts are used up.
  //   size  of all
  // Throws   OSError; PicklingError (no handles can go this way).
  virtual void send(std::span<Part> parts, std::size_t size, std::span<const int> handles) = 0;
  // Throws   EOFError; OSError; std::bad_alloc (the message stays, if it stays whole).
  virtual void receive(Sink& sink) = 0;
  virtual bool poll(Deadline until) = 0;
  virtual int fileno() = 0;
  virtual std::unique_ptr<TransportWaiter> waiter() = 0;
  virtual void pickle(v1::pickle::Output& output) = 0;
  // Of one that nobody else has yet. Who is at the other side is a stranger until trust(): no
  // handles are taken from him, and what he is waited for longer than that fails (TimeoutError).
  // At the other end of a ring there is none.
  virtual void distrust(Deadline) noexcept {}
  virtual void trust() noexcept {}
  void close() noexcept;

 protected:
  virtual void do_close() noexcept = 0;
  // A message that is too long: what follows cannot be read any more, as in Python.
  [[noreturn]] void refuse();

 private:
  seam::atomic<bool> closed_{false};
  seam::atomic<bool> readable_;
  const bool writable_;
};

enum class TransportKind : unsigned char { stream, ring };

// Throws   OSError.
std::pair<std::shared_ptr<Transport>, std::shared_ptr<Transport>> open_ring_transports(bool duplex);
std::shared_ptr<Transport> unpickle_ring_transport(v1::pickle::Input& input);
// Takes the handle.
std::shared_ptr<Transport> make_stream_transport(platform::Handle handle, bool readable,
                                                 bool writable);
std::shared_ptr<Transport> unpickle_stream_transport(v1::pickle::Input& input);

// The library's own way into a Connection.
struct ConnectionAccess {
  static Connection make(std::shared_ptr<Transport> transport) {
    return Connection(std::move(transport));
  }
  static Transport& transport(const Connection& connection) { return *connection.transport_; }
};

}  // namespace tandem::inline v1::multiprocessing::detail
