// What the cases of asyncio's streams, transports and children share: the twin of
// reference/network.py.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <cstring>
#include <exception>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/asyncio/support.hpp"
#include "conformance/harness/folder.hpp"
#include "conformance/subprocess/support.hpp"
#include "tandem/asyncio.hpp"

namespace tandem::conformance {

// As many turns as it takes.
template <std::predicate P>
Coroutine<> until(P condition) {
  while (!condition()) co_await asyncio::sleep(0s);
}

inline std::string as_text(const std::string& bytes) { return shown(bytes); }
inline std::string as_text(const std::optional<std::string>& bytes) { return shown(bytes); }
template <class T>
std::string as_text(const T& value) {
  return str(value);
}

// What it comes to: the result, or what it raises.
template <class A>
Coroutine<std::string> said(A awaitable) {
  std::exception_ptr caught;
  try {
    if constexpr (std::is_void_v<typename A::value_type>) {
      co_await std::move(awaitable);
      co_return "None";
    } else {
      co_return as_text(co_await std::move(awaitable));
    }
  } catch (...) {
    caught = std::current_exception();
  }
  co_return raised_by(caught);
}
// The same of what makes something that has no text.
template <class A>
Coroutine<std::string> raised_by_awaiting(A awaitable) {
  std::exception_ptr caught;
  try {
    co_await std::move(awaitable);
  } catch (...) {
    caught = std::current_exception();
  }
  co_return raised_by(caught);
}

using Texts = std::vector<std::string>;

// What the exception handler of the running loop is told from now on: "message | exception".
inline std::shared_ptr<Texts> heard() {
  auto messages = std::make_shared<Texts>();
  asyncio::get_running_loop().set_exception_handler(
      [messages](const asyncio::EventLoop&, const asyncio::ExceptionContext& context) {
        messages->push_back(context.message +
                            (context.exception ? " | " + raised_by(context.exception) : ""));
      });
  return messages;
}

template <class Thing>
std::string without_numbers(const Thing& thing) {
  return std::regex_replace(to_string(thing), std::regex("fd=[0-9]+"), "fd=N");
}

inline std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}
inline std::string before(const std::string& text, const std::string& what) {
  return text.substr(0, text.find(what));
}

inline void set_nonblocking(int fd) {
  checked(::fcntl(fd, F_SETFL, checked(::fcntl(fd, F_GETFL)) | O_NONBLOCK));
}

// A socket of the case's own.
class Socket {
 public:
  explicit Socket(int handle) : fd(checked(handle)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  ~Socket() { close(); }

  void send(std::string_view data) const {
    checked(static_cast<int>(::send(fd, data.data(), data.size(), MSG_NOSIGNAL)));
  }
  // None: nothing is there.
  std::optional<std::string> receive(std::size_t most = 1 << 16) const {
    std::string data(most, '\0');
    const ssize_t count = ::recv(fd, data.data(), most, 0);
    if (count < 0 && errno == EAGAIN) return {};
    data.resize(static_cast<std::size_t>(checked(static_cast<int>(count))));
    return data;
  }
  asyncio::Address name() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    checked(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size));
    return asyncio::Address("127.0.0.1", ntohs(address.sin_port));
  }
  int release() { return std::exchange(fd, -1); }
  void close() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  // So that the other end sees a reset.
  void reset() {
    const linger at_once{1, 0};
    checked(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    close();
  }

  int fd;
};

// The one end belongs to a transport, the other to the case, and does not block.
struct SocketPair {
  SocketPair() {
    int ends[2];
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    ours = ends[0];
    theirs.emplace(ends[1]);
    set_nonblocking(theirs->fd);
  }
  int ours;
  std::optional<Socket> theirs;
};

// A server that only listens.
inline Socket listening() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  checked(::bind(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  checked(::listen(socket.fd, 100));
  return socket;
}
inline Socket accepted(const Socket& listening) {
  return Socket(::accept4(listening.fd, nullptr, nullptr, SOCK_CLOEXEC));
}
// A socket with a file, which listens or not, or one that is connected to such.
inline sockaddr_un local_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}
inline Socket bound(const std::string& path) {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = local_address(path);
  checked(::bind(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  return socket;
}
inline Socket connected(const std::string& path) {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = local_address(path);
  checked(::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  return socket;
}
inline Socket connected(const asyncio::Address& place) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(place.port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  checked(::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  return socket;
}

// A pipe whose ends are the case's to give away.
struct PipeEnds {
  PipeEnds() {
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC));
    reader = ends[0];
    writer = ends[1];
  }
  int reader, writer;
};
inline void write_to(int fd, std::string_view data) {
  checked(static_cast<int>(::write(fd, data.data(), data.size())));
}
// None: nothing is there.
inline std::optional<std::string> read_from(int fd, std::size_t most = 100) {
  std::string data(most, '\0');
  const ssize_t count = ::read(fd, data.data(), most);
  if (count < 0 && errno == EAGAIN) return {};
  data.resize(static_cast<std::size_t>(checked(static_cast<int>(count))));
  return data;
}

}  // namespace tandem::conformance
