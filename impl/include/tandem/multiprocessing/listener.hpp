// Python's multiprocessing.connection.Listener and Client: connections between processes that are
// not related.
#pragma once
#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

#include "tandem/core/export.hpp"
#include "tandem/multiprocessing/connection.hpp"

namespace tandem::inline v1::multiprocessing::connection {

// Where somebody listens. A value.
//   "/tmp/socket"         a file, for this machine: family AF_UNIX; a name that begins with a zero
//                         byte is no file, and seen by nobody who looks for files
//   {"localhost", 25000}  a host and its port: AF_INET. Port 0: one that is free
class Address {
 public:
  using Place = std::variant<std::string, std::pair<std::string, int>>;

  Address(std::string path) : place_(std::move(path)) {}
  Address(const char* path) : place_(path) {}
  Address(std::string host, int port) : place_(std::pair(std::move(host), port)) {}

  bool is_path() const noexcept { return place_.index() == 0; }
  const std::string& path() const { return std::get<0>(place_); }
  const std::string& host() const { return std::get<1>(place_).first; }
  int port() const { return std::get<1>(place_).second; }

  friend bool operator==(const Address&, const Address&) = default;
  friend auto operator<=>(const Address&, const Address&) = default;
  // Python's repr: "'/tmp/socket'", "('127.0.0.1', 25000)".
  TANDEM_API friend std::string to_string(const Address& address);
  friend std::ostream& operator<<(std::ostream& out, const Address& address) {
    return out << to_string(address);
  }

  Place reduce() const { return place_; }  // how it is pickled

 private:
  friend class v1::pickle::access;
  explicit Address(Place place) : place_(std::move(place)) {}

  Place place_;
};

// Python's keyword arguments of Listener().
struct ListenerOptions {
  std::optional<Address> address{};     // none: a file of its own, or a free port of localhost
  std::optional<std::string> family{};  // "AF_INET", "AF_UNIX"; none: what the address says
  int backlog = 1;                      // how many may wait for accept()
  // Who connects has to know it, and the other way round; it does not cross itself: each side
  // answers a challenge of the other (HMAC with SHA-256, as CPython's from 3.12 on; who is older
  // answers with MD5, and is refused). None: everybody is let in, and can then send what he likes.
  std::optional<std::string> authkey{};
};

// Waits for those who connect. A handle, as Connection; closed with the last one.
// Throws   the constructor: OSError; ValueError (the family is not known); TypeError (the address
// is
//          of another family).
// Threads  any number at once. close() wakes nobody.
// Spec     multiprocessing.listener
class TANDEM_API Listener {
 public:
  explicit Listener(ListenerOptions options = {});
  explicit Listener(Address address) : Listener(ListenerOptions{.address = std::move(address)}) {}

  // Waits for the next one.
  // Throws   OSError (the listener is closed, …); AuthenticationError (he has another key) and
  //          EOFError (he left before he was asked): he is disconnected.
  Connection accept() const;
  // The file, if it made one, is removed; by the process that made it only.
  void close() const;
  // As it is: with the port that was free.
  // Throws   AttributeError (the listener is closed), as both below.
  Address address() const;
  // Of the one who was accepted last: of AF_UNIX mostly ''. None: nobody was yet.
  std::optional<Address> last_accepted() const;
  // Readable while somebody waits to be accepted: for connection::wait(). Ours.
  int fileno() const;

  friend bool operator==(const Listener&, const Listener&) noexcept = default;

 private:
  friend struct std::hash<Listener>;
  struct State;

  std::shared_ptr<State> state_;
};

// Python's keyword arguments of Client().
struct ClientOptions {
  std::optional<std::string> family{};
  std::optional<std::string> authkey{};
};

// Connects to a Listener.
// Throws   OSError (ConnectionRefusedError, FileNotFoundError, …: nobody listens); ValueError (the
//          family is not known); AuthenticationError (the listener has another key).
// Threads  any number at once.
// Spec     multiprocessing.listener.client
TANDEM_API Connection Client(Address address, ClientOptions options = {});

}  // namespace tandem::inline v1::multiprocessing::connection

template <>
struct std::hash<tandem::multiprocessing::connection::Listener> {
  std::size_t operator()(
      const tandem::multiprocessing::connection::Listener& listener) const noexcept {
    return std::hash<std::shared_ptr<tandem::multiprocessing::connection::Listener::State>>()(
        listener.state_);
  }
};
