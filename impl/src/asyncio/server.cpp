// CPython's Server, create_server() and create_unix_server(), step by step.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>

#include "asyncio/connect.hpp"
#include "asyncio/guarded.hpp"
#include "asyncio/loop_state.hpp"
#include "asyncio/server_state.hpp"
#include "platform/pipe.hpp"
#include "tandem/asyncio/gather.hpp"
#include "tandem/asyncio/sleep.hpp"
#include "tandem/asyncio/streams.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::asyncio::detail {

namespace {

constexpr std::chrono::duration<double> no_time{0};
constexpr std::chrono::duration<double> accept_retry_delay{1};

bool is_out_of_resource(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

// ---- the server ----

ServerState::ServerState(const EventLoop& loop, std::vector<Listening> sockets,
                         ProtocolFactory factory, int backlog)
    : Resource(state_of(loop).resources),
      loop_(loop),
      sockets_(std::move(sockets)),
      factory_(std::make_shared<const ProtocolFactory>(std::move(factory))),
      backlog_(backlog) {}
ServerState::~ServerState() { leave(); }

std::vector<TransportSocket> ServerState::sockets() const {
  std::vector<TransportSocket> all;
  if (sockets_)
    for (const Listening& each : *sockets_) all.emplace_back(each.file);
  return all;
}

void ServerState::detach(SocketTransport& transport) noexcept {
  clients_.erase(&transport);
  if (clients_.empty() && !sockets_) wake_waiters();
}

void ServerState::wake_waiters() noexcept {
  const auto waiters = std::exchange(waiters_, std::nullopt);
  if (!waiters || loop_.is_closed()) return;
  for (const Future<>& waiter : *waiters)
    if (!waiter.done()) waiter.set_result();
}

void ServerState::start_serving() {
  if (serving_) return;
  if (!sockets_) throw TypeError("'NoneType' object is not iterable");
  serving_ = true;
  for (const Listening& each : *sockets_) {
    if (const int error = platform::listen_on(each.file->fd(), backlog_)) throw_os_error(error);
    watch(each);
  }
}

void ServerState::watch(const Listening& listening) {
  loop_.add_reader(listening.file->fd(), [self = shared_from_this(), listening] {
    const auto kept = self;
    kept->accept(Listening(listening));
  });
}

// All that wait, but no more than may: others have their turn, too. One in any case, or the loop
// would be told of it for ever.
void ServerState::accept(const Listening& listening) {
  for (int count = 0; count < std::max(backlog_, 1); ++count) {
    platform::Handle socket;
    platform::NetworkAddress peer;
    const int error = platform::accept_at_once(listening.file->fd(), socket, peer);
    if (error == 0) {
      loop_.create_task(begin(shared_from_this(), std::move(socket), address_of(peer)));
      continue;
    }
    if (error == EAGAIN || error == EINTR || error == ECONNABORTED) return;
    if (!is_out_of_resource(error)) throw_os_error(error);
    // The socket stays ready: it is looked at again in a while.
    ExceptionContext context{.message = "socket.accept() out of system resource",
                             .exception = os_error(error)};
    context.more = {
        {"socket", "<asyncio.TransportSocket fd=" + std::to_string(listening.file->fd()) + ">"}};
    loop_.call_exception_handler(context);
    loop_.remove_reader(listening.file->fd());
    loop_.call_later(accept_retry_delay, [self = shared_from_this(), listening] {
      if (self->serving_) self->watch(listening);
    });
    return;
  }
}

Coroutine<> ServerState::begin(std::shared_ptr<ServerState> self, platform::Handle socket,
                               Address peer) {
  if (!self->sockets_) co_return;  // closed since
  std::exception_ptr error;
  try {
    const auto factory = self->factory_;  // it may close the server
    const auto protocol = (*factory)();
    const Future<> waiter(self->loop_);
    const auto transport = SocketTransport::make(self->loop_, std::move(socket), protocol, waiter,
                                                 std::move(peer), self);
    co_await until_made(transport, waiter);
  } catch (...) {
    error = caught_by_loop();
  }
  if (error && self->loop_.get_debug())
    self->loop_.call_exception_handler(
        {.message = "Error on transport creation for incoming connection", .exception = error});
}

void ServerState::stop(const Listening& listening) {
  loop_.remove_reader(listening.file->fd());
  listening.file->close();
  if (!listening.path) return;
  const auto& [path, identity] = *listening.path;
  if (platform::identity_of_file(path) != identity) return;  // another's by now, or gone
  if (const int error = platform::remove_file(path); error != 0 && error != ENOENT)
    log("Unable to clean up listening UNIX socket " + string_repr(path) + ": " +
        exception_text(os_error(error)));
}

void ServerState::close() {
  const auto sockets = std::exchange(sockets_, std::nullopt);
  if (!sockets) return;
  for (const Listening& each : *sockets) stop(each);
  serving_ = false;
  leave();
  if (const auto forever = forever_; forever && !forever->done()) {
    forever_.reset();
    forever->cancel();
  }
  if (clients_.empty()) wake_waiters();
  let_go();
}

void ServerState::let_go() noexcept {
  const auto self = shared_from_this();
  const auto factory = std::exchange(factory_, nullptr);
}

void ServerState::close_clients(void (SocketTransport::*end)()) {
  std::vector<std::shared_ptr<TransportState>> clients;
  for (SocketTransport* each : clients_) clients.push_back(each->shared_from_this());
  for (const auto& each : clients) (static_cast<SocketTransport&>(*each).*end)();
}

Coroutine<> ServerState::wait_closed(std::shared_ptr<ServerState> self) {
  if (!self->waiters_) co_return;
  const Future<> waiter(self->loop_);
  self->waiters_->push_back(waiter);
  co_await waiter;
}

Coroutine<> ServerState::serve_forever(std::shared_ptr<ServerState> self) {
  if (self->forever_)
    throw RuntimeError("server " + self->to_string() +
                       " is already being awaited on serve_forever()");
  if (!self->sockets_) throw RuntimeError("server " + self->to_string() + " is closed");
  self->start_serving();
  const Future<> forever = self->forever_.emplace(self->loop_);
  std::exception_ptr cancelled;
  try {
    co_await forever;
  } catch (const CancelledError&) {
    cancelled = std::current_exception();
  }
  if (cancelled) {
    self->close();
    try {
      co_await wait_closed(self);
    } catch (...) {
      // what has ended it counts
    }
  }
  self->forever_.reset();
  if (cancelled) std::rethrow_exception(cancelled);
}

std::string ServerState::to_string() const {
  std::string text = "<Server sockets=";
  if (!sockets_) return text + "()>";
  text += "(";
  for (const Listening& each : *sockets_) {
    text += "<asyncio.TransportSocket fd=" + std::to_string(each.file->fd());
    platform::NetworkAddress address;
    if (platform::address_of(each.file->fd(), address) == 0)
      text += ", laddr=" + asyncio::to_string(detail::address_of(address));
    text += ">, ";
  }
  text.resize(text.size() - (sockets_->size() > 1 ? 2 : 1));
  return text + ")>";
}

// ---- making one ----

namespace {

Coroutine<Server> made(EventLoop loop, std::vector<ServerState::Listening> sockets,
                       ProtocolFactory factory, int backlog, bool start_serving) {
  for (const auto& each : sockets)
    if (const int error = platform::set_nonblocking(each.file->fd(), true)) throw_os_error(error);
  const auto server =
      std::make_shared<ServerState>(loop, std::move(sockets), std::move(factory), backlog);
  if (start_serving) {
    try {
      server->start_serving();
      co_await sleep(no_time);
    } catch (...) {
      server->close();  // nobody else could
      throw;
    }
  }
  co_return Server(server);
}

Coroutine<std::vector<platform::NetworkAddress>> resolve_all(EventLoop loop, Hosts hosts,
                                                             std::optional<int> port,
                                                             AddressFamily family) {
  std::vector<std::optional<std::string>> names;
  if (hosts.hosts()) {
    for (const std::string& host : *hosts.hosts())
      names.push_back(host.empty() ? std::nullopt : std::optional(host));
  } else {
    names.emplace_back();
  }
  std::vector<Coroutine<std::vector<platform::NetworkAddress>>> lookups;
  for (auto& name : names) lookups.push_back(resolve(loop, std::move(name), port, family, true));
  const auto all = co_await gather(std::move(lookups));
  std::vector<platform::NetworkAddress> found;
  for (const auto& addresses : all)
    for (const auto& address : addresses)
      if (std::ranges::find(found, address) == found.end()) found.push_back(address);
  co_return found;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// None: the address is of a kind that this machine has not.
std::optional<ServerState::Listening> bound(const platform::NetworkAddress& address,
                                            const ServerOptions& options) {
  platform::Handle socket;
  if (platform::open_stream(address.family(), socket) != 0) return {};
  if (options.reuse_address) platform::reuse_address(socket.get());
  if (options.reuse_port)
    if (const int error = platform::share_port(socket.get())) throw_os_error(error);
  if (options.keep_alive) platform::keep_alive(socket.get());
  if (address.family() == platform::Family::ipv6) platform::only_ipv6(socket.get());
  const int error = platform::bind_to(socket.get(), address);
  if (error == EADDRNOTAVAIL) return {};
  if (error != 0)
    throw_os_error(ErrorText{error, "error while attempting to bind on address " +
                                        to_string(address_of(address)) + ": " +
                                        lower(OSError(error).what())});
  return ServerState::Listening{std::make_shared<SocketFile>(std::move(socket))};
}

[[noreturn]] void throw_unbound(const std::vector<platform::NetworkAddress>& addresses) {
  std::string text;
  for (const auto& each : addresses)
    text += (text.empty() ? "" : ", ") + to_string(address_of(each));
  throw OSError("could not bind on any address out of [" + text + "]");
}

}  // namespace

Coroutine<Server> serve(ProtocolFactory factory, ServerTarget target) {
  EventLoop loop = get_running_loop();
  const ServerOptions options = target.options;
  std::vector<ServerState::Listening> sockets;
  if (target.hosts.hosts() || target.port) {
    if (options.sock) throw ValueError("host/port and sock can not be specified at the same time");
    const auto addresses =
        co_await resolve_all(loop, std::move(target.hosts), target.port, options.family);
    for (const auto& address : addresses)
      if (auto socket = bound(address, options)) sockets.push_back(std::move(*socket));
    if (sockets.empty()) throw_unbound(addresses);
  } else {
    if (!options.sock) throw ValueError("Neither host/port nor sock were specified");
    if (!platform::family_of_stream(*options.sock))
      throw ValueError(
          "A Stream Socket was expected, got <socket fd=" + std::to_string(*options.sock) + ">");
    sockets.push_back({std::make_shared<SocketFile>(platform::Handle(*options.sock))});
  }
  co_return co_await made(loop, std::move(sockets), std::move(factory), options.backlog,
                          options.start_serving);
}

namespace {

platform::Handle bound_path(const std::string& path) {
  platform::NetworkAddress address;
  if (platform::path_address(path, address) != 0) throw OSError("AF_UNIX path too long");
  const bool is_file = path.empty() || path.front() != '\0';
  if (is_file && platform::is_socket_file(path)) platform::remove_file(path);
  platform::Handle socket;
  if (const int error = platform::open_stream(platform::Family::local, socket))
    throw_os_error(error);
  const int error = platform::bind_to(socket.get(), address);
  if (error == EADDRINUSE)
    throw_os_error(ErrorText{error, "Address " + string_repr(path) + " is already in use"});
  if (error != 0) throw_os_error(error);
  return socket;
}

std::optional<std::pair<std::string, std::uint64_t>> file_of(int socket) {
  platform::NetworkAddress address;
  if (platform::address_of(socket, address) != 0) return {};
  std::string path = platform::parts_of(address).name;
  if (path.empty() || path.front() == '\0') return {};
  const auto identity = platform::identity_of_file(path);
  if (!identity) return {};
  return std::pair(std::move(path), *identity);
}

}  // namespace

Coroutine<Server> serve_path(ProtocolFactory factory, std::optional<std::string> path,
                             UnixServerOptions options) {
  EventLoop loop = get_running_loop();
  platform::Handle socket;
  if (path) {
    if (options.sock) throw ValueError("path and sock can not be specified at the same time");
    socket = bound_path(*path);
  } else {
    if (!options.sock) throw ValueError("path was not specified, and no sock specified");
    if (platform::family_of_stream(*options.sock) != platform::Family::local)
      throw ValueError("A UNIX Domain Stream Socket was expected, got <socket fd=" +
                       std::to_string(*options.sock) + ">");
    socket.reset(*options.sock);
  }
  std::vector<ServerState::Listening> sockets;
  auto file = options.cleanup_socket ? file_of(socket.get()) : std::nullopt;
  sockets.push_back({std::make_shared<SocketFile>(std::move(socket)), std::move(file)});
  co_return co_await made(loop, std::move(sockets), std::move(factory), options.backlog,
                          options.start_serving);
}

}  // namespace tandem::inline v1::asyncio::detail

namespace tandem::inline v1::asyncio {

namespace {

Coroutine<> start(std::shared_ptr<detail::ServerState> state) {
  state->start_serving();
  co_await sleep(detail::no_time);
}
Coroutine<> nothing() { co_return; }
Coroutine<bool> close_and_wait(std::shared_ptr<detail::ServerState> state) {
  state->close();
  co_await detail::ServerState::wait_closed(std::move(state));
  co_return false;
}

}  // namespace

bool Server::is_serving() const noexcept { return state_->is_serving(); }
std::vector<TransportSocket> Server::sockets() const { return state_->sockets(); }
EventLoop Server::get_loop() const { return state_->loop(); }
Coroutine<> Server::start_serving() const { return start(state_); }
Coroutine<> Server::serve_forever() const { return detail::ServerState::serve_forever(state_); }
void Server::close() const { state_->close(); }
void Server::close_clients() const { state_->close_clients(&detail::SocketTransport::close); }
void Server::abort_clients() const { state_->close_clients(&detail::SocketTransport::abort); }
Coroutine<> Server::wait_closed() const { return detail::ServerState::wait_closed(state_); }
Coroutine<> Server::aenter() const { return nothing(); }
Coroutine<bool> Server::aexit(std::exception_ptr) const { return close_and_wait(state_); }
std::string to_string(const Server& server) { return server.state_->to_string(); }
std::ostream& operator<<(std::ostream& out, const Server& server) {
  return out << to_string(server);
}

}  // namespace tandem::inline v1::asyncio
