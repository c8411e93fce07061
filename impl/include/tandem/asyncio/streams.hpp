// asyncio's streams: connections and servers for coroutines.
//
//   asyncio::Coroutine<> echo(asyncio::StreamReader reader, asyncio::StreamWriter writer) {
//     while (auto line = co_await reader.anext()) {
//       writer.write(*line);
//       co_await writer.drain();
//     }
//     writer.close();
//   }
//   asyncio::Coroutine<> serve() {
//     auto server = co_await asyncio::start_server(echo, "127.0.0.1", 8888);
//     co_await server.serve_forever();
//   }
#pragma once
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/asyncio/stream_reader.hpp"
#include "tandem/asyncio/stream_writer.hpp"
#include "tandem/asyncio/transports.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {
class ServerState;
class FlowControl;

// A handler of connections; none: it was a plain function, and has run.
using ConnectionHandler =
    std::function<std::optional<Coroutine<>>(StreamReader reader, StreamWriter writer)>;

template <class F>
concept Handler = std::copy_constructible<F> && std::invocable<F&, StreamReader, StreamWriter>;

template <Handler F>
ConnectionHandler connection_handler(F handler) {
  return [handler = std::move(handler)](StreamReader reader,
                                        StreamWriter writer) mutable -> std::optional<Coroutine<>> {
    using R = std::invoke_result_t<F&, StreamReader, StreamWriter>;
    if constexpr (std::convertible_to<R, Coroutine<>>) {
      return std::invoke(handler, std::move(reader), std::move(writer));
    } else {
      std::invoke(handler, std::move(reader), std::move(writer));
      return std::nullopt;
    }
  };
}
}  // namespace detail

// What feeds a StreamReader by what a transport receives, and makes a StreamWriter wait.
class TANDEM_API StreamReaderProtocol : public Protocol {
 public:
  // Of the running loop, else of the one that is set for this thread.
  // Throws   RuntimeError (no loop).
  explicit StreamReaderProtocol(const StreamReader& reader);
  // Of a server: calls the handler for the connection.
  StreamReaderProtocol(const StreamReader& reader,
                       std::shared_ptr<detail::ConnectionHandler> handler, const EventLoop& loop);
  ~StreamReaderProtocol() override;

  void connection_made(const Transport& transport) override;
  void data_received(std::string_view data) override;
  bool eof_received() override;
  void connection_lost(std::exception_ptr error) override;
  void pause_writing() override;
  void resume_writing() override;

  const std::shared_ptr<detail::FlowControl>& flow() const noexcept { return flow_; }

 private:
  void serve(const Transport& transport, StreamReader reader);

  const EventLoop loop_;
  std::weak_ptr<detail::ReaderState> reader_;
  std::shared_ptr<detail::ReaderState> kept_reader_;  // of a server: until the connection is made
  std::shared_ptr<detail::ConnectionHandler> handler_;
  std::shared_ptr<detail::FlowControl> flow_;
};

// ---- connections ----

// Connects to a host, by its name or number, or to a path.
//   auto [reader, writer] = co_await asyncio::open_connection("localhost", 8888);
// Throws   OSError (ConnectionRefusedError, FileNotFoundError, …); ValueError (neither address nor
//          socket, or both; limit).
// Spec     asyncio.streams.tcp, asyncio.streams.unix
TANDEM_API Coroutine<std::pair<StreamReader, StreamWriter>> open_connection(
    std::optional<std::string> host = {}, std::optional<int> port = {},
    ConnectionOptions options = {});
TANDEM_API Coroutine<std::pair<StreamReader, StreamWriter>> open_unix_connection(
    std::optional<std::string> path = {}, UnixConnectionOptions options = {});

// ---- servers ----

// A server. A handle: copies are the same server. The loop keeps it while it listens, also when
// nobody has a handle.
// Threads  the loop's only.
// Spec     asyncio.streams.server
class TANDEM_API Server {
 public:
  bool is_serving() const noexcept;
  // What it listens at; none: it is closed.
  std::vector<TransportSocket> sockets() const;
  EventLoop get_loop() const;
  // Takes connections from now on.
  // Spec     asyncio.streams.server.serving
  Coroutine<> start_serving() const;
  // The same, until this is cancelled; then it is closed.
  // Throws   CancelledError; RuntimeError (it is closed, or waited for here already).
  // Spec     asyncio.streams.server.forever
  Coroutine<> serve_forever() const;
  // Takes no more connections; those that are there stay. Spec asyncio.streams.server.close-keeps
  void close() const;
  // Closes them, or ends them at once.
  // Spec     asyncio.streams.server.close-clients
  void close_clients() const;
  void abort_clients() const;
  // Until it is closed and no connection is left.
  // Spec     asyncio.streams.server.wait-closed
  Coroutine<> wait_closed() const;

  // `async with server`: co_await asyncio::with(server, body). Closed at the end.
  // Spec     asyncio.streams.server.with
  Coroutine<> aenter() const;
  Coroutine<bool> aexit(std::exception_ptr error) const;

  // Identity.
  friend bool operator==(const Server&, const Server&) = default;
  explicit Server(std::shared_ptr<detail::ServerState> state) noexcept : state_(std::move(state)) {}

 private:
  friend TANDEM_API std::string to_string(const Server& server);
  std::shared_ptr<detail::ServerState> state_;
};
TANDEM_API std::string to_string(const Server& server);
TANDEM_API std::ostream& operator<<(std::ostream& out, const Server& server);

// Where to listen. Not given: there is a socket already. A value.
class Hosts {
 public:
  Hosts() = default;
  Hosts(std::nullopt_t) {}
  template <std::convertible_to<std::string> S>
  Hosts(S&& host) : hosts_(std::in_place) {
    hosts_->emplace_back(std::forward<S>(host));
  }
  Hosts(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {}
  const std::optional<std::vector<std::string>>& hosts() const noexcept { return hosts_; }

 private:
  std::optional<std::vector<std::string>> hosts_;
};

// Python's keyword arguments of start_server() and create_server().
struct ServerOptions {
  std::ptrdiff_t limit = default_limit;  // of start_server(): the StreamReaders'
  AddressFamily family = AddressFamily::UNSPEC;
  std::optional<int> sock{};  // a bound socket, instead of an address: the server's from now on
  int backlog = 100;          // how many may wait to be served
  bool reuse_address = true;
  bool reuse_port = false;
  bool keep_alive = false;
  bool start_serving = true;
};
struct UnixServerOptions {
  std::ptrdiff_t limit = default_limit;
  std::optional<int> sock{};
  int backlog = 100;
  bool start_serving = true;
  bool cleanup_socket = true;  // close() removes the file
};

namespace detail {

// As Target: no aggregate.
struct ServerTarget {
  ServerTarget(Hosts its_hosts, std::optional<int> its_port, ServerOptions its_options)
      : hosts(std::move(its_hosts)), port(its_port), options(its_options) {}
  Hosts hosts;
  std::optional<int> port;
  ServerOptions options;
};

TANDEM_API Coroutine<Server> serve(ProtocolFactory factory, ServerTarget target);
TANDEM_API Coroutine<Server> serve_path(ProtocolFactory factory, std::optional<std::string> path,
                                        UnixServerOptions options);
TANDEM_API Coroutine<Server> serve_streams(ConnectionHandler handler, ServerTarget target);
TANDEM_API Coroutine<Server> serve_streams_at(ConnectionHandler handler,
                                              std::optional<std::string> path,
                                              UnixServerOptions options);

}  // namespace detail

// Has each connection's protocol made by `make`.
// Throws   OSError (the address is in use, …); ValueError (neither address nor socket, or both).
template <ProtocolMaker F>
Coroutine<Server> create_server(F make, Hosts host = {}, std::optional<int> port = {},
                                ServerOptions options = {}) {
  return detail::serve(std::move(make), detail::ServerTarget(std::move(host), port, options));
}
template <ProtocolMaker F>
Coroutine<Server> create_unix_server(F make, std::optional<std::string> path = {},
                                     UnixServerOptions options = {}) {
  return detail::serve_path(std::move(make), std::move(path), options);
}

// Has handler(reader, writer) called for each connection; a coroutine runs in a task of its own.
// What it throws is reported, and the connection closed.
//   host   several: one socket for each; "" is all of the machine's addresses
//   port   0: one that is free; sockets() says which
// Spec     asyncio.streams.handler
template <detail::Handler F>
Coroutine<Server> start_server(F handler, Hosts host = {}, std::optional<int> port = {},
                               ServerOptions options = {}) {
  return detail::serve_streams(detail::connection_handler(std::move(handler)),
                               detail::ServerTarget(std::move(host), port, options));
}
// A stale socket at the path is replaced.
// Spec     asyncio.streams.unix-file
template <detail::Handler F>
Coroutine<Server> start_unix_server(F handler, std::optional<std::string> path = {},
                                    UnixServerOptions options = {}) {
  return detail::serve_streams_at(detail::connection_handler(std::move(handler)), std::move(path),
                                  options);
}

}  // namespace tandem::inline v1::asyncio
