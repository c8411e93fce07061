#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include "platform/posix/repeated.hpp"
#include "platform/socket.hpp"

namespace tandem::inline v1::platform {

namespace {

constexpr std::size_t control_size = CMSG_SPACE(most_handles_sent * sizeof(int));

Transfer send_message(int socket, const void* bytes, std::size_t size, std::span<const int> handles,
                      int flags) noexcept {
  flags |= MSG_NOSIGNAL;
  if (handles.empty()) return repeated([=] { return ::send(socket, bytes, size, flags); });
  if (handles.size() > most_handles_sent) return {0, EINVAL};
  alignas(cmsghdr) char control[control_size];
  iovec vector{const_cast<void*>(bytes), size};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(handles.size_bytes());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(handles.size_bytes());
  std::memcpy(CMSG_DATA(header), handles.data(), handles.size_bytes());
  return repeated([&] { return ::sendmsg(socket, &message, flags); });
}

// There is room for them.
void take_handles(msghdr& message, std::vector<Handle>& handles) noexcept {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int handle;
      std::memcpy(&handle, CMSG_DATA(header) + i * sizeof handle, sizeof handle);
      handles.emplace_back(handle);
    }
  }
}

Transfer receive_message(int socket, void* bytes, std::size_t size, std::vector<Handle>* handles,
                         int flags) {
  if (!handles) return repeated([=] { return ::recv(socket, bytes, size, flags); });
  handles->reserve(handles->size() + most_handles_sent);
  alignas(cmsghdr) char control[control_size];
  iovec vector{bytes, size};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const Transfer done =
      repeated([&] { return ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC); });
  if (done.error != 0) return done;
  take_handles(message, *handles);
  return {done.count, (message.msg_flags & MSG_CTRUNC) != 0 ? EMFILE : 0};
}

}  // namespace

int open_socket_pair(SocketKind kind, SocketPair& pair) noexcept {
  int ends[2];
  const int type = kind == SocketKind::stream ? SOCK_STREAM : SOCK_SEQPACKET;
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  pair.first.reset(ends[0]);
  pair.second.reset(ends[1]);
  return 0;
}

Transfer send_some(int socket, const void* bytes, std::size_t size,
                   std::span<const int> handles) noexcept {
  return send_message(socket, bytes, size, handles, 0);
}
Transfer send_at_once(int socket, const void* bytes, std::size_t size,
                      std::span<const int> handles) noexcept {
  return send_message(socket, bytes, size, handles, MSG_DONTWAIT);
}
Transfer receive_some(int socket, void* bytes, std::size_t size, std::vector<Handle>* handles) {
  return receive_message(socket, bytes, size, handles, 0);
}
Transfer receive_at_once(int socket, void* bytes, std::size_t size, std::vector<Handle>* handles) {
  return receive_message(socket, bytes, size, handles, MSG_DONTWAIT);
}

bool is_socket(int handle) noexcept {
  int type;
  socklen_t size = sizeof type;
  return ::getsockopt(handle, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

bool carries_handles(int socket) noexcept {
  int domain;
  socklen_t size = sizeof domain;
  return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

bool is_hung_up(int handle) noexcept {
  pollfd polled{handle, POLLRDHUP, 0};
  int ready;
  do ready = ::poll(&polled, 1, 0);
  while (ready < 0 && errno == EINTR);
  return ready > 0 && polled.revents != 0;
}

void hang_up(int socket) noexcept { ::shutdown(socket, SHUT_RDWR); }

}  // namespace tandem::inline v1::platform
