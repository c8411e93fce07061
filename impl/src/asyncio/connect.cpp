// CPython's create_connection() and its like, step by step.
#include "asyncio/connect.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "platform/pipe.hpp"
#include "platform/socket.hpp"
#include "tandem/asyncio/sleep.hpp"

namespace tandem::inline v1::asyncio::detail {

platform::Family native_family(AddressFamily family) noexcept {
  return family == AddressFamily::INET    ? platform::Family::ipv4
         : family == AddressFamily::INET6 ? platform::Family::ipv6
                                          : platform::Family::any;
}

namespace {

using Addresses = std::vector<platform::NetworkAddress>;

// In a thread of the executor.
Addresses look_up(const std::optional<std::string>& host, int port, AddressFamily family,
                  bool passive) {
  Addresses found;
  const int error = platform::look_up(host ? host->c_str() : nullptr, port, native_family(family),
                                      passive, found);
  if (error > 0) throw_os_error(error);
  if (error < 0)
    throw OSError("[Errno " + std::to_string(error) + "] " + platform::lookup_error(error));
  return found;
}

}  // namespace

Coroutine<Addresses> resolve(EventLoop loop, std::optional<std::string> host,
                             std::optional<int> port, AddressFamily family, bool passive) {
  if (port && (*port < 0 || *port > 65535))
    throw OverflowError(passive ? "bind(): port must be 0-65535."
                                : "connect(): port must be 0-65535.");
  if (host) {
    platform::NetworkAddress address;
    if (platform::numeric_address(*host, port.value_or(0), native_family(family), address))
      co_return Addresses{address};
  }
  auto found = loop.run_in_executor(nullptr, look_up, host, port.value_or(0), family, passive);
  co_return co_await std::move(found);
}

Coroutine<> until_made(std::shared_ptr<TransportState> transport, Future<> waiter) {
  try {
    co_await waiter;
  } catch (...) {
    transport->close();
    throw;
  }
}

Coroutine<Made> make_connection(EventLoop loop, platform::Handle socket, ProtocolFactory factory) {
  if (const int error = platform::set_nonblocking(socket.get(), true)) throw_os_error(error);
  std::shared_ptr<BaseProtocol> protocol = factory();
  const Future<> waiter(loop);
  const auto transport = SocketTransport::make(loop, std::move(socket), protocol, waiter);
  co_await until_made(transport, waiter);
  co_return Made(Transport(transport), std::move(protocol));
}

namespace {

Coroutine<> until_writable(EventLoop loop, int socket) {
  const Future<> writable(loop);
  loop.add_writer(socket, [writable] {
    if (!writable.done()) writable.set_result();
  });
  writable.add_done_callback([loop, socket](const AnyFuture&) { loop.remove_writer(socket); });
  co_await writable;
}

// CPython's sock_connect(). A path's server whose queue is full says so at once, and nothing of it
// goes on by itself: that is tried again. To a host the same number means that no port is left,
// where CPython takes it for a connection that is under way.
Coroutine<> finish_connect(EventLoop loop, int socket, platform::NetworkAddress address) {
  constexpr std::chrono::duration<double> pause = std::chrono::milliseconds(1);
  for (;;) {
    const int error = platform::begin_connect(socket, address);
    if (error == EINPROGRESS) break;
    if (error == 0) co_return;
    if (error != EAGAIN || address.family() != platform::Family::local) throw_os_error(error);
    co_await sleep(pause);
  }
  co_await until_writable(loop, socket);
  if (const int error = platform::pending_error(socket))
    throw_os_error(ErrorText{error, "Connect call failed " + to_string(address_of(address))});
}

Coroutine<platform::Handle> connect_socket(EventLoop loop, platform::NetworkAddress address) {
  platform::Handle socket;
  if (const int error = platform::open_stream(address.family(), socket)) throw_os_error(error);
  co_await finish_connect(loop, socket.get(), address);
  co_return socket;
}

// All failed: the one error, or what they say.
[[noreturn]] void throw_all(const std::vector<std::exception_ptr>& errors) {
  std::vector<std::string> texts;
  for (const auto& error : errors) {
    try {
      std::rethrow_exception(error);
    } catch (const OSError& caught) {
      texts.emplace_back(caught.what());
    }
  }
  if (std::ranges::all_of(texts, [&](const auto& text) { return text == texts.front(); }))
    std::rethrow_exception(errors.front());
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  throw OSError("Multiple exceptions: " + all);
}

Coroutine<platform::Handle> connect_to_any(EventLoop loop, Target target) {
  const Addresses addresses =
      co_await resolve(loop, std::move(target.host), target.port, target.options.family, false);
  if (addresses.empty()) throw OSError("getaddrinfo() returned empty list");
  std::vector<std::exception_ptr> errors;
  for (const auto& address : addresses) {
    try {
      co_return co_await connect_socket(loop, address);
    } catch (const OSError&) {
      errors.push_back(std::current_exception());
    }
  }
  throw_all(errors);
}

}  // namespace

Coroutine<Made> connect(ProtocolFactory factory, Target target) {
  EventLoop loop = get_running_loop();
  platform::Handle socket(target.options.sock.value_or(platform::Handle::none));
  if (target.host || target.port) {
    if (socket) {
      socket.release();
      throw ValueError("host/port and sock can not be specified at the same time");
    }
    socket = co_await connect_to_any(loop, std::move(target));
  } else {
    if (!socket) throw ValueError("host and port was not specified and no sock specified");
    if (!platform::family_of_stream(socket.get())) {
      const int given = socket.release();
      throw ValueError("A Stream Socket was expected, got <socket fd=" + std::to_string(given) +
                       ">");
    }
  }
  co_return co_await make_connection(loop, std::move(socket), std::move(factory));
}

Coroutine<Made> connect_path(ProtocolFactory factory, std::optional<std::string> path,
                             UnixConnectionOptions options) {
  EventLoop loop = get_running_loop();
  platform::Handle socket(options.sock.value_or(platform::Handle::none));
  if (path) {
    if (socket) {
      socket.release();
      throw ValueError("path and sock can not be specified at the same time");
    }
    platform::NetworkAddress address;
    if (platform::path_address(*path, address) != 0) throw OSError("AF_UNIX path too long");
    socket = co_await connect_socket(loop, address);
  } else {
    if (!socket) throw ValueError("no path and sock were specified");
    if (platform::family_of_stream(socket.get()) != platform::Family::local) {
      const int given = socket.release();
      throw ValueError("A UNIX Domain Stream Socket was expected, got <socket fd=" +
                       std::to_string(given) + ">");
    }
  }
  co_return co_await make_connection(loop, std::move(socket), std::move(factory));
}

Coroutine<Made> connect_pipe(ProtocolFactory factory, int pipe, bool for_writing) {
  EventLoop loop = get_running_loop();
  platform::Handle handle(pipe);
  std::shared_ptr<BaseProtocol> protocol = factory();
  const Future<> waiter(loop);
  const auto transport =
      make_pipe_transport(loop, std::move(handle), for_writing, protocol, waiter);
  co_await until_made(transport, waiter);
  co_return Made(Transport(transport), std::move(protocol));
}

}  // namespace tandem::inline v1::asyncio::detail
