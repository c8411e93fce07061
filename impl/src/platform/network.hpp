// Neutral contract: sockets that never wait, and where they are. Whatever is made here is not
// inherited by children. Functions that can fail return 0 or the error number of the system.
//
// What sends and receives is in socket.hpp.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/handle.hpp"
#include "platform/pipe.hpp"

namespace tandem::inline v1::platform {

enum class Family { any, ipv4, ipv6, local };

// An address as the system has it. A value.
class NetworkAddress {
 public:
  static constexpr std::size_t capacity = 128;

  std::size_t size() const noexcept { return size_; }
  void resize(std::size_t size) noexcept { size_ = size; }
  void* data() noexcept { return bytes_.data(); }
  const void* data() const noexcept { return bytes_.data(); }
  Family family() const noexcept;
  friend bool operator==(const NetworkAddress& a, const NetworkAddress& b) noexcept;

 private:
  alignas(8) std::array<unsigned char, capacity> bytes_{};
  std::size_t size_ = capacity;
};

// The same for people.
struct AddressParts {
  Family family = Family::any;
  std::string name{};  // a host by its number; or a path, where one with a leading zero is no file
  int port = 0;
  std::uint32_t flow = 0, scope = 0;  // of ipv6
};
AddressParts parts_of(const NetworkAddress& address);

int path_address(std::string_view path, NetworkAddress& address) noexcept;
// Of a host by its number: nobody has to be asked. False: it is a name.
bool numeric_address(const std::string& host, int port, Family family,
                     NetworkAddress& address) noexcept;
// May wait for long.
//   host  nullptr: this machine, or of a passive one all of its addresses
// Returns a negative number for a host that is not found: lookup_error() of socket.hpp has a text.
int look_up(const char* host, int port, Family family, bool passive,
            std::vector<NetworkAddress>& found);

// A stream, which does not wait.
int open_stream(Family family, Handle& handle) noexcept;
// EINPROGRESS: when it can be written to, pending_error() says how it has ended.
int begin_connect(int socket, const NetworkAddress& address) noexcept;
int pending_error(int socket) noexcept;
int bind_to(int socket, const NetworkAddress& address) noexcept;
int listen_on(int socket, int backlog) noexcept;
// EAGAIN: nobody is there. What is accepted does not wait.
int accept_at_once(int listening, Handle& accepted, NetworkAddress& peer) noexcept;
int address_of(int socket, NetworkAddress& address) noexcept;
int peer_of(int socket, NetworkAddress& address) noexcept;
// None: it is no socket, or none for streams.
std::optional<Family> family_of_stream(int socket) noexcept;

int reuse_address(int socket) noexcept;  // also one that was used a moment ago
int share_port(int socket) noexcept;
int keep_alive(int socket) noexcept;
int only_ipv6(int socket) noexcept;
void send_small_at_once(int socket) noexcept;  // no waiting for more; where there is such a thing
int end_sending(int socket) noexcept;          // the peer reads the end

// As send_at_once(), of several pieces.
Transfer send_pieces_at_once(int socket, std::span<const std::string_view> pieces) noexcept;

// ---- files that are listened at, or written to ----

enum class FileKind { pipe, socket, terminal, other };
FileKind kind_of(int handle) noexcept;

// None: nothing is there.
std::optional<std::uint64_t> identity_of_file(const std::string& path) noexcept;
bool is_socket_file(const std::string& path) noexcept;
int remove_file(const std::string& path) noexcept;

}  // namespace tandem::inline v1::platform
