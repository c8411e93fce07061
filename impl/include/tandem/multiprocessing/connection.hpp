// Python's multiprocessing.Pipe, and multiprocessing.connection's Connection and wait().
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing {

class Connection;

namespace detail {
class Transport;  // what carries the messages
class Received;   // a message that has come
struct ConnectionAccess;

template <class R>
concept WritableBytes =
    std::ranges::sized_range<R> && std::is_trivially_copyable_v<std::ranges::range_value_t<R>> &&
    !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;
}  // namespace detail

// Python's keyword arguments of Connection().
struct ConnectionOptions {
  bool readable = true;
  bool writable = true;
};
// Python's of send_bytes().
struct SendBytesOptions {
  std::ptrdiff_t offset = 0;             // where it begins in the buffer
  std::optional<std::ptrdiff_t> size{};  // none: up to the buffer's end
};

// An end of a pipe or a connected socket, over which messages go to another process.
//
// A handle: a copy is the same end, a move is a copy; the end is closed when the last handle is
// gone. `with connection:` is its scope. It reaches other processes as an argument of Process, and
// over another Connection; each process then has a copy of the end to itself, and the other side
// comes to its end when all are closed.
//
// Messages are kept apart and in order. The ends of a Pipe() exchange them through memory that they
// share, and sleep only when there is nothing to do; a socket is for who sleeps, and tells of a
// process that was killed.
// Throws   all members but closed(), readable() and writable(): OSError("handle is closed").
// Threads  any number at once, of any process: messages of several senders do not mix, and each
//          goes to one receiver (Python's may be corrupted). close() wakes nobody.
// Order    what was done before send() is visible to who has received the message.
// Spec     multiprocessing.connection
class TANDEM_API Connection {
 public:
  // Takes an open stream, such as an end of os.pipe() or a connected socket, and closes it. On the
  // wire each message has CPython's form.
  // Throws   ValueError (the handle is negative; neither readable nor writable).
  explicit Connection(int handle, ConnectionOptions options = {});

  // Sends any value that can be pickled, waiting while the pipe is full. The message says of which
  // type it is.
  // Throws   OSError (the end is read-only); BrokenPipeError (nobody can receive it);
  //          PicklingError and what else dumps() throws: nothing has been sent then.
  template <class T>
  void send(const T& message) const;
  // Waits for a message.
  // Throws   EOFError (nothing has come, and all ends of the other side are closed); OSError (the
  //          end is write-only, or the other side ended in the middle of a message);
  //          UnpicklingError (the message is of another type: both are named; it is gone).
  template <class T>
  T recv() const;

  // Sends bytes, or a part of them, as one message.
  // Throws   as send(); ValueError (the part is not in the buffer).
  void send_bytes(std::string_view buffer, SendBytesOptions options = {}) const;
  // Throws   as recv(); ValueError (maxlength is negative); OSError (the message is longer: then
  //          nothing more can be received here, and an end that only reads is closed).
  std::string recv_bytes(std::optional<std::ptrdiff_t> maxlength = {}) const;
  // Receives a message into a buffer, an array of numbers or the like, from its byte `offset` on.
  // Returns the message's length. Throws   as recv(); ValueError (there is no such offset);
  // BufferTooShort, which has the message.
  template <std::ranges::contiguous_range R>
  requires detail::WritableBytes<R> std::size_t recv_bytes_into(R&& buffer,
                                                                std::ptrdiff_t offset = 0)
  const { return recv_into(std::as_writable_bytes(std::span(buffer)), offset); }

  // Whether there is something to receive, be it the end. Waits for it; zero or less: not at all.
  // Throws   OSError (the end is write-only).
  bool poll(Timeout timeout = std::chrono::seconds(0)) const;

  // A descriptor that is readable while there is something to receive, for poll() and the like. It
  // is the connection's; nothing is to be read from it. Messages take longer from the first call
  // on: the sender makes it readable.
  int fileno() const;

  // May be called again. Who waits in another thread goes on waiting.
  void close() const;
  bool closed() const noexcept;
  bool readable() const noexcept;
  bool writable() const noexcept;

  // The same end.
  friend bool operator==(const Connection&, const Connection&) noexcept = default;
  // Python's repr: "<multiprocessing.connection.Connection object at 0x7f12ab>".
  TANDEM_API friend std::string to_string(const Connection& connection);
  friend std::ostream& operator<<(std::ostream& out, const Connection& connection) {
    return out << to_string(connection);
  }

  // Not for users: how it crosses to another process.
  // Throws   OSError (it is closed); PicklingError (into bytes that might go anywhere).
  void pickle(v1::pickle::Output& output) const;
  static Connection unpickle(v1::pickle::Input& input);

 private:
  friend struct std::hash<Connection>;
  friend struct detail::ConnectionAccess;

  explicit Connection(std::shared_ptr<detail::Transport> transport) noexcept
      : transport_(std::move(transport)) {}
  void check_writable() const;
  void check_readable() const;
  void send_output(v1::pickle::Output& output) const;
  std::size_t recv_into(std::span<std::byte> buffer, std::ptrdiff_t offset) const;

  std::shared_ptr<detail::Transport> transport_;
};

// Both ends of a pipe.
//   duplex  true: each can send and receive; false: the first only receives, the second only sends
// Throws   OSError.
// Spec     multiprocessing.connection.pipe
TANDEM_API std::pair<Connection, Connection> Pipe(bool duplex = true);

inline auto Context::Pipe(bool duplex) const { return multiprocessing::Pipe(duplex); }

namespace detail {

// What has a descriptor to wait at: Listener, streams of subprocess, …
template <class T>
concept HasFileno = !std::integral<T> && requires(const T& object) {
  { object.fileno() } -> std::convertible_to<int>;
};

// A message that has come, and the open files that came with it.
class TANDEM_API Received {
 public:
  explicit Received(const Connection& connection);
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;
  ~Received();
  v1::pickle::Input& input() noexcept { return *input_; }

 private:
  std::array<std::byte, 512> small_;  // most messages
  std::string large_{};
  std::optional<v1::pickle::Input> input_{};
};

}  // namespace detail

// Python's multiprocessing.connection.
namespace connection {

using multiprocessing::Connection;
using multiprocessing::Pipe;

// Something to wait for. A value: a connection, or a descriptor, as a process' sentinel; equal to
// what it was made of.
class Waitable {
 public:
  Waitable(Connection connection) noexcept : object_(std::move(connection)) {}
  Waitable(int descriptor) noexcept : object_(descriptor) {}
  template <detail::HasFileno T>
  requires(!std::same_as<T, Connection>) Waitable(const T& object) : object_(object.fileno()) {}

  // Null: it is a descriptor.
  const Connection* connection() const noexcept { return std::get_if<Connection>(&object_); }
  int fileno() const { return connection() ? connection()->fileno() : std::get<int>(object_); }

  friend bool operator==(const Waitable&, const Waitable&) noexcept = default;

 private:
  std::variant<Connection, int> object_;
};

namespace detail {

// The places of those that are ready.
TANDEM_API std::vector<std::size_t> wait_for(std::span<const Waitable> objects, Timeout timeout);

}  // namespace detail

// Waits until there is something to receive from one of them, or one is at its end, or a process
// has ended (its sentinel), or a Listener has somebody to accept. Returns all that are ready, in
// order; none: the time has passed.
//   timeout  longest wait; zero or less: only looks
// Throws   OSError (a connection is closed); ValueError (a descriptor is negative).
// Threads  any number at once.
// Spec     multiprocessing.connection.wait
template <std::ranges::input_range R>
requires std::convertible_to<std::ranges::range_reference_t<R>, Waitable>
auto wait(R&& objects, Timeout timeout = {}) {
  using T = std::ranges::range_value_t<R>;
  std::vector<T> all;
  for (auto&& object : objects) all.push_back(object);
  const std::vector<Waitable> waitables(all.begin(), all.end());
  std::vector<T> ready;
  for (const std::size_t place : detail::wait_for(waitables, timeout)) ready.push_back(all[place]);
  return ready;
}
inline std::vector<Waitable> wait(std::initializer_list<Waitable> objects, Timeout timeout = {}) {
  return wait(std::span(objects.begin(), objects.size()), timeout);
}

}  // namespace connection

template <class T>
void Connection::send(const T& message) const {
  using D = detail::bound_t<const T&>;
  if constexpr (v1::pickle::check_portable<D>()) {
    check_writable();
    v1::pickle::Output output(v1::pickle::Sharing::CONNECTION);
    output.borrows(true);
    v1::pickle::dump_message<D>(output, message);
    send_output(output);
  }
}

template <class T>
T Connection::recv() const {
  if constexpr (v1::pickle::check_portable<T>()) {
    detail::Received received(*this);
    return v1::pickle::load_message<T>(received.input());
  }
}

}  // namespace tandem::inline v1::multiprocessing

template <>
struct std::hash<tandem::multiprocessing::Connection> {
  std::size_t operator()(const tandem::multiprocessing::Connection& connection) const noexcept {
    return std::hash<std::shared_ptr<tandem::multiprocessing::detail::Transport>>()(
        connection.transport_);
  }
};
