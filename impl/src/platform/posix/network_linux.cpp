// Linux makes sockets that do not wait and are not inherited, in one call.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "platform/network.hpp"
#include "platform/posix/repeated.hpp"

namespace tandem::inline v1::platform {

namespace {

static_assert(NetworkAddress::capacity >= sizeof(sockaddr_storage));

int family_number(Family family) noexcept {
  switch (family) {
    case Family::ipv4:
      return AF_INET;
    case Family::ipv6:
      return AF_INET6;
    case Family::local:
      return AF_UNIX;
    default:
      return AF_UNSPEC;
  }
}
Family family_by_number(int number) noexcept {
  return number == AF_INET    ? Family::ipv4
         : number == AF_INET6 ? Family::ipv6
         : number == AF_UNIX  ? Family::local
                              : Family::any;
}

template <class Native>
Native native(const NetworkAddress& address) noexcept {
  Native native{};
  std::memcpy(&native, address.data(), std::min(sizeof native, address.size()));
  return native;
}
template <class Native>
void set(NetworkAddress& address, const Native& native, std::size_t size = sizeof(Native)) {
  std::memcpy(address.data(), &native, sizeof native);
  address.resize(size);
}
const sockaddr* any(const NetworkAddress& address) noexcept {
  return static_cast<const sockaddr*>(address.data());
}
// Of a call that fills an address in.
template <class Call>
int filled(NetworkAddress& address, Call call) noexcept {
  socklen_t size = NetworkAddress::capacity;
  const int result = call(static_cast<sockaddr*>(address.data()), &size);
  if (result >= 0) address.resize(std::min<std::size_t>(size, NetworkAddress::capacity));
  return result;
}

int set_option(int socket, int level, int name) noexcept {
  const int on = 1;
  return ::setsockopt(socket, level, name, &on, sizeof on) == 0 ? 0 : errno;
}
std::optional<int> option(int socket, int name) noexcept {
  int value;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, SOL_SOCKET, name, &value, &size) != 0) return {};
  return value;
}

}  // namespace

Family NetworkAddress::family() const noexcept {
  return size_ < sizeof(sa_family_t) ? Family::any : family_by_number(any(*this)->sa_family);
}
bool operator==(const NetworkAddress& a, const NetworkAddress& b) noexcept {
  return a.size_ == b.size_ &&
         std::equal(a.bytes_.begin(), a.bytes_.begin() + a.size_, b.bytes_.begin());
}

AddressParts parts_of(const NetworkAddress& address) {
  AddressParts parts{.family = address.family()};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (parts.family == Family::ipv4) {
    const auto internet = native<sockaddr_in>(address);
    parts.name = ::inet_ntop(AF_INET, &internet.sin_addr, text.data(), text.size());
    parts.port = ntohs(internet.sin_port);
  } else if (parts.family == Family::ipv6) {
    const auto internet = native<sockaddr_in6>(address);
    parts.name = ::inet_ntop(AF_INET6, &internet.sin6_addr, text.data(), text.size());
    parts.port = ntohs(internet.sin6_port);
    parts.flow = ntohl(internet.sin6_flowinfo);
    parts.scope = internet.sin6_scope_id;
  } else if (parts.family == Family::local) {
    constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
    if (address.size() <= before) return parts;
    const auto local = native<sockaddr_un>(address);
    parts.name.assign(local.sun_path, std::min(address.size(), sizeof local) - before);
    if (parts.name.front() != '\0') parts.name.resize(std::strlen(parts.name.c_str()));
  }
  return parts;
}

int path_address(std::string_view path, NetworkAddress& address) noexcept {
  sockaddr_un local{};
  if (path.size() > sizeof local.sun_path) return ENAMETOOLONG;
  local.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), local.sun_path);
  const bool is_file = path.empty() || path.front() != '\0';
  const std::size_t size = offsetof(sockaddr_un, sun_path) + path.size() + (is_file ? 1 : 0);
  set(address, local, std::min(size, sizeof local));
  return 0;
}

bool numeric_address(const std::string& host, int port, Family family,
                     NetworkAddress& address) noexcept {
  if (family != Family::ipv6) {
    sockaddr_in internet{};
    internet.sin_family = AF_INET;
    internet.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, host.c_str(), &internet.sin_addr) == 1) {
      set(address, internet);
      return true;
    }
  }
  if (family != Family::ipv4) {
    sockaddr_in6 internet{};
    internet.sin6_family = AF_INET6;
    internet.sin6_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET6, host.c_str(), &internet.sin6_addr) == 1) {
      set(address, internet);
      return true;
    }
  }
  return false;
}

int look_up(const char* host, int port, Family family, bool passive,
            std::vector<NetworkAddress>& found) {
  addrinfo hints{};
  hints.ai_family = family_number(family);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = passive ? AI_PASSIVE : 0;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host, std::to_string(port).c_str(), &hints, &list);
  if (error == EAI_SYSTEM) return errno;
  if (error != 0) return error;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  for (const addrinfo* each = list; each; each = each->ai_next) {
    if (each->ai_addrlen > NetworkAddress::capacity) continue;
    NetworkAddress& address = found.emplace_back();
    std::memcpy(address.data(), each->ai_addr, each->ai_addrlen);
    address.resize(each->ai_addrlen);
  }
  return 0;
}

int open_stream(Family family, Handle& handle) noexcept {
  handle.reset(::socket(family_number(family), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return handle ? 0 : errno;
}

int begin_connect(int socket, const NetworkAddress& address) noexcept {
  if (::connect(socket, any(address), static_cast<socklen_t>(address.size())) == 0) return 0;
  return errno == EINTR ? EINPROGRESS : errno;
}
int pending_error(int socket) noexcept { return option(socket, SO_ERROR).value_or(errno); }

int bind_to(int socket, const NetworkAddress& address) noexcept {
  return ::bind(socket, any(address), static_cast<socklen_t>(address.size())) == 0 ? 0 : errno;
}
int listen_on(int socket, int backlog) noexcept {
  return ::listen(socket, backlog) == 0 ? 0 : errno;
}

int accept_at_once(int listening, Handle& accepted, NetworkAddress& peer) noexcept {
  const int handle = filled(peer, [listening](sockaddr* address, socklen_t* size) {
    return ::accept4(listening, address, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  });
  if (handle < 0) return errno;
  accepted.reset(handle);
  return 0;
}

int address_of(int socket, NetworkAddress& address) noexcept {
  return filled(address,
                [socket](sockaddr* native, socklen_t* size) {
                  return ::getsockname(socket, native, size);
                }) == 0
             ? 0
             : errno;
}
int peer_of(int socket, NetworkAddress& address) noexcept {
  return filled(address,
                [socket](sockaddr* native, socklen_t* size) {
                  return ::getpeername(socket, native, size);
                }) == 0
             ? 0
             : errno;
}

std::optional<Family> family_of_stream(int socket) noexcept {
  if (option(socket, SO_TYPE) != SOCK_STREAM) return {};
  return family_by_number(option(socket, SO_DOMAIN).value_or(AF_UNSPEC));
}

int reuse_address(int socket) noexcept { return set_option(socket, SOL_SOCKET, SO_REUSEADDR); }
int share_port(int socket) noexcept { return set_option(socket, SOL_SOCKET, SO_REUSEPORT); }
int keep_alive(int socket) noexcept { return set_option(socket, SOL_SOCKET, SO_KEEPALIVE); }
int only_ipv6(int socket) noexcept { return set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY); }
void send_small_at_once(int socket) noexcept {
  const auto family = family_of_stream(socket);
  if (family == Family::ipv4 || family == Family::ipv6)
    set_option(socket, IPPROTO_TCP, TCP_NODELAY);
}
int end_sending(int socket) noexcept { return ::shutdown(socket, SHUT_WR) == 0 ? 0 : errno; }

Transfer send_pieces_at_once(int socket, std::span<const std::string_view> pieces) noexcept {
  constexpr std::size_t most = 64;
  std::array<iovec, most> vector;
  const std::size_t count = std::min(pieces.size(), most);
  for (std::size_t i = 0; i < count; ++i)
    vector[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
  msghdr message{};
  message.msg_iov = vector.data();
  message.msg_iovlen = count;
  return repeated([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
}

FileKind kind_of(int handle) noexcept {
  struct stat status;
  if (::fstat(handle, &status) != 0) return FileKind::other;
  return S_ISFIFO(status.st_mode)   ? FileKind::pipe
         : S_ISSOCK(status.st_mode) ? FileKind::socket
         : S_ISCHR(status.st_mode)  ? FileKind::terminal
                                    : FileKind::other;
}

std::optional<std::uint64_t> identity_of_file(const std::string& path) noexcept {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return {};
  return status.st_ino;
}
bool is_socket_file(const std::string& path) noexcept {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}
int remove_file(const std::string& path) noexcept {
  return ::unlink(path.c_str()) == 0 ? 0 : errno;
}

}  // namespace tandem::inline v1::platform
