// Neutral contract: sockets. Those between processes of this machine carry handles beside bytes.
// Whatever is made here is not inherited by children. Functions that can fail return 0 or the error
// number of the system.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "platform/handle.hpp"
#include "platform/pipe.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

struct SocketPair {
  Handle first, second;
};

// packets: each send arrives as one; stream: as bytes.
enum class SocketKind { stream, packets };
int open_socket_pair(SocketKind kind, SocketPair& pair) noexcept;

// How many handles go with one send.
inline constexpr std::size_t most_handles_sent = 253;

// One send or receive each; an interrupted one is repeated. At least one byte has to go with
// handles, and they arrive with the first. Nobody there to receive is EPIPE, never a signal.
Transfer send_some(int socket, const void* bytes, std::size_t size,
                   std::span<const int> handles = {}) noexcept;
// Zero bytes are the end. The handles are appended; those of a sender for whom nobody asks are
// closed.
// Throws   std::bad_alloc; nothing is lost then. EMFILE: some handles did not get a number here.
Transfer receive_some(int socket, void* bytes, std::size_t size,
                      std::vector<Handle>* handles = nullptr);
// The same for who does not want to wait: EAGAIN, where that would have to.
Transfer send_at_once(int socket, const void* bytes, std::size_t size,
                      std::span<const int> handles = {}) noexcept;
Transfer receive_at_once(int socket, void* bytes, std::size_t size,
                         std::vector<Handle>* handles = nullptr);

bool is_socket(int handle) noexcept;
// Whether handles can go with what is sent: not over a network.
bool carries_handles(int socket) noexcept;

// Whether the other end is closed in all processes. What it has sent may still be there. Also of a
// pipe, for who writes to it.
bool is_hung_up(int handle) noexcept;

// Ends it both ways, for all who have it: who waits at it for bytes is told of the end, who waits in
// accept_from() gets an error.
void hang_up(int socket) noexcept;

// Where a socket is.
struct SocketAddress {
  std::string name{};  // a host; or a path, where one that begins with a zero byte is no file
  int port = no_port;

  static constexpr int no_port = -1;  // of a path
  bool is_path() const noexcept { return port == no_port; }
};

// The following return a negative number for a host that is not found: lookup_error() has a text
// for it. They may throw std::bad_alloc.

// Port 0 becomes one that is free.
int listen_at(SocketAddress& address, int backlog, Handle& listening);
// Waits for somebody.
int accept_from(int listening, Handle& accepted, SocketAddress& peer);
//   until  nullptr: for ever. Else EAGAIN or EINPROGRESS when nobody has taken it up by then
int connect_to(const SocketAddress& address, Handle& connected,
               const seam::clock::time_point* until = nullptr);
const char* lookup_error(int error) noexcept;

// For this user only.
int make_private_directory(const char* path) noexcept;

}  // namespace tandem::inline v1::platform
