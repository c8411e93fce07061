// asyncio's transports and protocols: what stands under the streams.
//
// A transport is one end of a connection: it sends and receives, and calls its protocol, which says
// what is to be done with it. Whoever connects gives a function that makes the protocol:
//
//   struct Echo : asyncio::Protocol {
//     asyncio::Transport transport;
//     void connection_made(const asyncio::Transport& made) override { transport = made; }
//     void data_received(std::string_view data) override { transport.write(data); }
//   };
//   auto [transport, protocol] =
//       co_await asyncio::create_connection(std::make_shared<Echo>, "127.0.0.1", 8888);
//
// What are methods of CPython's loop are functions here, of the loop that runs.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/event_loop.hpp"

namespace tandem::inline v1::asyncio {

class Transport;

namespace detail {
class SocketFile;
class TransportState;
}  // namespace detail

// ---- where one is ----

// Where a socket is: a host and a port, or a path. A value. Printed as Python prints it:
// "('127.0.0.1', 80)", "/run/socket".
class TANDEM_API Address {
 public:
  Address() = default;
  explicit Address(std::string path) : name_(std::move(path)) {}
  Address(std::string host, int port) : name_(std::move(host)), port_(port) {}
  Address(std::string host, int port, std::uint32_t flow, std::uint32_t scope)
      : name_(std::move(host)), port_(port), flow_(flow), scope_(scope), is_ipv6_(true) {}

  bool is_path() const noexcept { return port_ < 0; }
  const std::string& path() const noexcept { return name_; }
  const std::string& host() const noexcept { return name_; }  // by its number
  int port() const noexcept { return port_; }
  std::uint32_t flow_info() const noexcept { return flow_; }  // of version 6
  std::uint32_t scope_id() const noexcept { return scope_; }
  friend bool operator==(const Address&, const Address&) = default;
  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  friend TANDEM_API std::string to_string(const Address& address);
  std::string name_{};
  int port_ = -1;
  std::uint32_t flow_ = 0, scope_ = 0;
  bool is_ipv6_ = false;
};
TANDEM_API std::string to_string(const Address& address);
TANDEM_API std::ostream& operator<<(std::ostream& out, const Address& address);

// A socket that belongs to a transport or a server: to be looked at. A handle. Printed with what it
// is between: "<asyncio.TransportSocket fd=6, laddr=('127.0.0.1', 80), raddr=('127.0.0.1', 4242)>".
// Spec     asyncio.stream-writer.extra-info.printed
class TANDEM_API TransportSocket {
 public:
  // -1: it is closed.
  int fileno() const noexcept;
  // Throws   OSError (closed; there is no peer).
  Address getsockname() const;
  Address getpeername() const;

  explicit TransportSocket(std::shared_ptr<detail::SocketFile> file) noexcept;

 private:
  std::shared_ptr<detail::SocketFile> file_;
};
TANDEM_API std::string to_string(const TransportSocket& socket);
TANDEM_API std::ostream& operator<<(std::ostream& out, const TransportSocket& socket);

// What get_extra_info() returns; false: there is no such thing. A value. Printed as what it is, and
// as "None".
//   "peername" "sockname"  address()
//   "socket"               socket(), fileno()
//   "pipe"                 fileno()
// Spec     asyncio.stream-writer.extra-info
class TANDEM_API ExtraInfo {
 public:
  struct File {
    int fd;
  };
  ExtraInfo() = default;
  ExtraInfo(Address address) : info_(std::move(address)) {}
  ExtraInfo(TransportSocket socket) : info_(std::move(socket)) {}
  ExtraInfo(File file) noexcept : info_(file) {}

  explicit operator bool() const noexcept { return info_.index() != 0; }
  // Throw    TypeError (it is something else).
  const Address& address() const;
  const TransportSocket& socket() const;
  int fileno() const;

 private:
  friend TANDEM_API std::string to_string(const ExtraInfo& info);
  std::variant<std::monostate, Address, TransportSocket, File> info_;
};
TANDEM_API std::string to_string(const ExtraInfo& info);
TANDEM_API std::ostream& operator<<(std::ostream& out, const ExtraInfo& info);

// ---- protocols ----

// What every protocol is told. Called by the loop; what is not overridden does nothing.
class TANDEM_API BaseProtocol {
 public:
  virtual ~BaseProtocol();
  // The last call.
  //   error  null: it was closed, here or there
  virtual void connection_lost(std::exception_ptr error);
  // More is to be sent than the high water mark; no more than the low one is left.
  // Spec     asyncio.transports.write-buffer.pauses
  virtual void pause_writing();
  virtual void resume_writing();

 protected:
  BaseProtocol() = default;
  BaseProtocol(const BaseProtocol&) = default;
  BaseProtocol& operator=(const BaseProtocol&) = default;
};

// Spec     asyncio.transports.protocol
class TANDEM_API Protocol : public BaseProtocol {
 public:
  // The first call.
  virtual void connection_made(const Transport& transport);
  virtual void data_received(std::string_view data);
  // Nothing more will come. Returns whether the transport stays open, for sending.
  virtual bool eof_received();
};

// Gives the memory that is received into.
// Spec     asyncio.transports.buffered
class TANDEM_API BufferedProtocol : public BaseProtocol {
 public:
  virtual void connection_made(const Transport& transport);
  //   hint  how much is expected; negative: nobody knows
  // Returns  room, valid until buffer_updated(); none is a RuntimeError
  virtual std::span<char> get_buffer(std::ptrdiff_t hint) = 0;
  virtual void buffer_updated(std::size_t count) = 0;
  virtual bool eof_received();
};

// ---- transports ----

struct WriteBufferLimits {
  std::optional<std::ptrdiff_t> high{}, low{};
};

// One end of a connection or of a pipe. A handle; an empty one throws RuntimeError.
//
// While it is open the loop keeps it, and it keeps its protocol. One that reads no more and is not
// closed stays for as long as protocol and transport know each other: close() it. When the loop is
// closed before, it drops its protocol, and is itself dropped when nobody has it.
// Spec     asyncio.transports
class TANDEM_API Transport {
 public:
  Transport() = default;  // none

  ExtraInfo get_extra_info(std::string_view name) const;
  bool is_closing() const;
  // Reads no more, sends what is left, and is lost then.
  // Spec     asyncio.transports.close
  void close() const;
  // The same at once, whatever is left.
  // Spec     asyncio.transports.abort
  void abort() const;
  // Spec     asyncio.transports.set-protocol
  void set_protocol(std::shared_ptr<BaseProtocol> protocol) const;
  std::shared_ptr<BaseProtocol> get_protocol() const;  // null: it is lost

  // Nothing is received between them, and nothing is lost.
  // Throw    NotImplementedError (a pipe for writing).
  // Spec     asyncio.transports.pause-reading
  void pause_reading() const;
  void resume_reading() const;
  bool is_reading() const;

  // Never waits: what the system does not take at once is kept, and follows.
  // Throw    RuntimeError (after write_eof()); NotImplementedError (a pipe for reading).
  void write(std::string_view data) const;
  template <std::ranges::input_range R>
  requires std::convertible_to<std::ranges::range_reference_t<R>, std::string_view>
  void writelines(R&& lines) const {
    std::string joined;
    for (auto&& line : lines) joined += std::string_view(line);
    write_joined(joined);
  }
  void writelines(std::initializer_list<std::string_view> lines) const {
    writelines<const std::initializer_list<std::string_view>&>(lines);
  }
  // The peer reads the end when all is sent.
  void write_eof() const;
  bool can_write_eof() const;

  // How much is left to be sent; above which number the protocol is to pause, and down to which.
  // Throws   ValueError (high is below low, or either below zero).
  // Spec     asyncio.transports.write-buffer.limits
  std::size_t get_write_buffer_size() const;
  void set_write_buffer_limits(WriteBufferLimits limits = {}) const;
  std::pair<std::ptrdiff_t, std::ptrdiff_t> get_write_buffer_limits() const;  // low, high

  explicit operator bool() const noexcept { return state_ != nullptr; }
  // Identity.
  friend bool operator==(const Transport&, const Transport&) = default;

  explicit Transport(std::shared_ptr<detail::TransportState> state) noexcept;
  const std::shared_ptr<detail::TransportState>& state() const;  // the library's own

 private:
  void write_joined(std::string_view lines) const;

  std::shared_ptr<detail::TransportState> state_;
};
TANDEM_API std::string to_string(const Transport& transport);
TANDEM_API std::ostream& operator<<(std::ostream& out, const Transport& transport);

// ---- connecting ----

enum class AddressFamily { UNSPEC, INET, INET6 };

inline constexpr std::ptrdiff_t default_limit = 64 * 1024;  // of a StreamReader

// Python's keyword arguments of create_connection() and open_connection(), and of those with paths.
struct ConnectionOptions {
  std::ptrdiff_t limit = default_limit;  // of open_connection(): the StreamReader's
  AddressFamily family = AddressFamily::UNSPEC;
  // A connected socket, instead of an address: the transport's from now on.
  std::optional<int> sock{};
};
struct UnixConnectionOptions {
  std::ptrdiff_t limit = default_limit;
  std::optional<int> sock{};
};

namespace detail {

using ProtocolFactory = std::function<std::shared_ptr<BaseProtocol>()>;

struct Made {
  Made(Transport made, std::shared_ptr<BaseProtocol> its_protocol)
      : transport(std::move(made)), protocol(std::move(its_protocol)) {}
  Transport transport;
  std::shared_ptr<BaseProtocol> protocol;
};

// All that one of the loop's functions has to know. A class with a constructor: g++ 12 destroys
// temporary aggregates twice within co_await.
struct Target {
  Target(std::optional<std::string> its_host, std::optional<int> its_port,
         ConnectionOptions its_options)
      : host(std::move(its_host)), port(its_port), options(its_options) {}
  std::optional<std::string> host;
  std::optional<int> port;
  ConnectionOptions options;
};

TANDEM_API Coroutine<Made> connect(ProtocolFactory factory, Target target);
TANDEM_API Coroutine<Made> connect_path(ProtocolFactory factory, std::optional<std::string> path,
                                        UnixConnectionOptions options);
TANDEM_API Coroutine<Made> connect_pipe(ProtocolFactory factory, int pipe, bool for_writing);

template <class F>
using protocol_t = typename std::invoke_result_t<F&>::element_type;

template <class P>
Coroutine<std::pair<Transport, std::shared_ptr<P>>> typed(Coroutine<Made> connecting) {
  Made made = co_await std::move(connecting);
  co_return std::pair(std::move(made.transport),
                      std::static_pointer_cast<P>(std::move(made.protocol)));
}

}  // namespace detail

// What makes a protocol: std::make_shared<Echo>, or a function that returns a shared_ptr.
template <class F>
concept ProtocolMaker = std::copy_constructible<F> &&
    std::convertible_to<std::invoke_result_t<F&>, std::shared_ptr<BaseProtocol>>;

// Connects to a host by its name or number. Of several addresses each is tried.
// Throws   OSError (ConnectionRefusedError, …, with the address); ValueError (neither address nor
//          socket, or both); what make throws.
// Spec     asyncio.streams
template <ProtocolMaker F>
auto create_connection(F make, std::optional<std::string> host = {}, std::optional<int> port = {},
                       ConnectionOptions options = {})
    -> Coroutine<std::pair<Transport, std::shared_ptr<detail::protocol_t<F>>>> {
  return detail::typed<detail::protocol_t<F>>(
      detail::connect(std::move(make), detail::Target(std::move(host), port, options)));
}
// The same to a path. One that begins with a zero byte is no file.
template <ProtocolMaker F>
auto create_unix_connection(F make, std::optional<std::string> path = {},
                            UnixConnectionOptions options = {})
    -> Coroutine<std::pair<Transport, std::shared_ptr<detail::protocol_t<F>>>> {
  return detail::typed<detail::protocol_t<F>>(
      detail::connect_path(std::move(make), std::move(path), options));
}

// A pipe's, a socket's or a terminal's end, for reading or for writing: the transport's from now
// on.
// Throws   ValueError (something else).
// Spec     asyncio.transports.read-pipe
template <ProtocolMaker F>
auto connect_read_pipe(F make, int pipe)
    -> Coroutine<std::pair<Transport, std::shared_ptr<detail::protocol_t<F>>>> {
  return detail::typed<detail::protocol_t<F>>(detail::connect_pipe(std::move(make), pipe, false));
}
// Spec     asyncio.transports.write-pipe
template <ProtocolMaker F>
auto connect_write_pipe(F make, int pipe)
    -> Coroutine<std::pair<Transport, std::shared_ptr<detail::protocol_t<F>>>> {
  return detail::typed<detail::protocol_t<F>>(detail::connect_pipe(std::move(make), pipe, true));
}

}  // namespace tandem::inline v1::asyncio
