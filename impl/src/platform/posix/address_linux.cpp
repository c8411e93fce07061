// Who listens where, and who connects. Linux has names for sockets that are no files.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <utility>

#include "platform/posix/timespec.hpp"
#include "platform/socket.hpp"

namespace tandem::inline v1::platform {

namespace {

struct Native {
  union {
    sockaddr any;
    sockaddr_un path;
    sockaddr_in internet;
  };
  socklen_t size = sizeof(sockaddr_un);

  Native() noexcept : path{} {}
};

int to_native(const SocketAddress& address, Native& native) {
  if (address.is_path()) {
    if (address.name.size() > sizeof native.path.sun_path) return ENAMETOOLONG;
    native.path.sun_family = AF_UNIX;
    std::copy(address.name.begin(), address.name.end(), native.path.sun_path);
    const bool is_file = address.name.empty() || address.name.front() != '\0';
    const std::size_t size =
        offsetof(sockaddr_un, sun_path) + address.name.size() + (is_file ? 1 : 0);
    native.size = static_cast<socklen_t>(std::min(size, sizeof native.path));
    return 0;
  }
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = address.name.empty() ? AI_PASSIVE : 0;
  addrinfo* found = nullptr;
  const char* const host = address.name.empty() ? nullptr : address.name.c_str();
  const int error = ::getaddrinfo(host, address.name.empty() ? "0" : nullptr, &hints, &found);
  if (error == EAI_SYSTEM) return errno;
  if (error != 0) return error;
  std::memcpy(&native.internet, found->ai_addr, sizeof native.internet);
  ::freeaddrinfo(found);
  native.internet.sin_port = htons(static_cast<std::uint16_t>(address.port));
  native.size = sizeof native.internet;
  return 0;
}

SocketAddress from_native(const Native& native) {
  if (native.any.sa_family == AF_INET) {
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &native.internet.sin_addr, text.data(), text.size());
    return {.name = text.data(), .port = ntohs(native.internet.sin_port)};
  }
  const std::size_t before = offsetof(sockaddr_un, sun_path);
  if (native.size <= before) return {};
  std::string name(native.path.sun_path, native.size - before);
  if (name.front() != '\0') name.resize(std::strlen(name.c_str()));
  return {.name = std::move(name)};
}

int open_socket(const SocketAddress& address, Handle& handle) noexcept {
  handle.reset(::socket(address.is_path() ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return handle ? 0 : errno;
}

// None: for ever.
void limit_sending(int socket, std::chrono::microseconds limit) noexcept {
  const auto whole = std::chrono::floor<std::chrono::seconds>(limit);
  const timeval most{.tv_sec = to_seconds(whole),
                     .tv_usec = static_cast<suseconds_t>((limit - whole).count())};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}
std::chrono::microseconds time_left(seam::clock::time_point until) noexcept {
  constexpr std::chrono::microseconds least(1);  // zero would be for ever
  return std::max(least, std::chrono::ceil<std::chrono::microseconds>(until - seam::clock::now()));
}

// Of a connect() that a signal has interrupted: it goes on by itself.
int end_of_connect(int socket) noexcept {
  pollfd polled{socket, POLLOUT, 0};
  while (::poll(&polled, 1, -1) < 0 && errno == EINTR) {
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

int listen_at(SocketAddress& address, int backlog, Handle& listening) {
  Native native;
  if (const int error = to_native(address, native)) return error;
  Handle handle;
  if (const int error = open_socket(address, handle)) return error;
  const int on = 1;
  ::setsockopt(handle.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(handle.get(), &native.any, native.size) != 0) return errno;
  if (::listen(handle.get(), backlog) != 0) return errno;
  native.size = sizeof native.path;
  if (::getsockname(handle.get(), &native.any, &native.size) != 0) return errno;
  address = from_native(native);
  listening = std::move(handle);
  return 0;
}

int accept_from(int listening, Handle& accepted, SocketAddress& peer) {
  Native native;
  int handle;
  do {
    native.size = sizeof native.path;
    handle = ::accept4(listening, &native.any, &native.size, SOCK_CLOEXEC);
  } while (handle < 0 && errno == EINTR);
  if (handle < 0) return errno;
  accepted.reset(handle);
  peer = from_native(native);
  return 0;
}

int connect_to(const SocketAddress& address, Handle& connected,
               const seam::clock::time_point* until) {
  Native native;
  if (const int error = to_native(address, native)) return error;
  Handle handle;
  if (const int error = open_socket(address, handle)) return error;
  if (until) limit_sending(handle.get(), time_left(*until));
  if (::connect(handle.get(), &native.any, native.size) != 0) {
    const int error = errno == EINTR ? end_of_connect(handle.get()) : errno;
    if (error != 0) return error;
  }
  if (until) limit_sending(handle.get(), {});
  connected = std::move(handle);
  return 0;
}

const char* lookup_error(int error) noexcept { return ::gai_strerror(error); }

int make_private_directory(const char* path) noexcept {
  return ::mkdir(path, S_IRWXU) == 0 ? 0 : errno;
}

}  // namespace tandem::inline v1::platform
