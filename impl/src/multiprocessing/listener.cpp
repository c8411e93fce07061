// A server and its client, before their first message:
//
//      Listener, in accept()                          Client()
//        #CHALLENGE#{sha256}<40 random bytes>  ──►
//                                              ◄──    {sha256}<HMAC of key and challenge>
//        #WELCOME# or #FAILURE#                ──►
//                                              ◄──    #CHALLENGE#…, and the same the other way
//                                              round
#include "tandem/multiprocessing/listener.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <string_view>

#include "multiprocessing/challenge.hpp"
#include "multiprocessing/digest.hpp"
#include "multiprocessing/finalizer.hpp"
#include "multiprocessing/ring.hpp"
#include "multiprocessing/transport.hpp"
#include "platform/fork.hpp"
#include "platform/network.hpp"
#include "platform/socket.hpp"
#include "platform/system.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/exceptions.hpp"

namespace tandem::inline v1::multiprocessing::connection {

namespace {

using platform::SocketAddress;

constexpr std::string_view challenge_word = "#CHALLENGE#", welcome_word = "#WELCOME#",
                           failure_word = "#FAILURE#", digest_name = "sha256";
constexpr std::size_t random_size = 40, shortest_challenge = 20, longest_message = 256;

std::string bracketed(std::string_view name) { return "{" + std::string(name) + "}"; }

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  platform::fill_randomly(bytes.data(), bytes.size());
  return bytes;
}

std::string random_name() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  std::string name = random_bytes(8);
  for (char& c : name) c = letters[static_cast<unsigned char>(c) % letters.size()];
  return name;
}

// What a challenge or an answer begins with, as CPython reads it, and the rest. Empty: none, as of
// CPython before 3.12.
std::pair<std::string, std::string_view> split_digest(std::string_view message) {
  constexpr std::array<std::string_view, 5> known{"md5", "sha256", "sha384", "sha3_256",
                                                  "sha3_384"};
  if (message.size() == 16 || message.size() == 20) return {"", message};
  for (const std::string_view name : known)
    if (message.starts_with(bracketed(name)))
      return {std::string(name), message.substr(name.size() + 2)};
  throw AuthenticationError(
      "unsupported message length, missing digest prefix, or unsupported digest: message=" +
      v1::detail::bytes_repr(message));
}

void verify(std::string_view key, std::string_view challenge, std::string_view answer) {
  const auto [name, digest] = split_digest(answer);
  if (name != digest_name)
    throw AuthenticationError(
        "response_digest=" + v1::detail::string_repr(name.empty() ? "md5" : name) + " unsupported");
  const std::string expected = multiprocessing::detail::hmac_sha256(key, challenge);
  if (digest.size() != expected.size())
    throw AuthenticationError("expected 'sha256' of length " + std::to_string(expected.size()) +
                              " got " + std::to_string(digest.size()));
  if (!multiprocessing::detail::is_same_digest(digest, expected))
    throw AuthenticationError("digest received was wrong");
}

}  // namespace

void deliver_challenge(const Connection& connection, std::string_view key) {
  const std::string challenge = bracketed(digest_name) + random_bytes(random_size);
  connection.send_bytes(std::string(challenge_word) + challenge);
  const std::string answer = connection.recv_bytes(longest_message);
  try {
    verify(key, challenge, answer);
  } catch (const AuthenticationError&) {
    connection.send_bytes(failure_word);
    throw;
  }
  connection.send_bytes(welcome_word);
}

void answer_challenge(const Connection& connection, std::string_view key) {
  const std::string message = connection.recv_bytes(longest_message);
  if (!message.starts_with(challenge_word))
    throw AuthenticationError("Protocol error, expected challenge: message=" +
                              v1::detail::bytes_repr(message));
  const std::string_view challenge = std::string_view(message).substr(challenge_word.size());
  if (challenge.size() < shortest_challenge)
    throw AuthenticationError("challenge too short: " + std::to_string(challenge.size()) +
                              " bytes");
  const std::string name = split_digest(challenge).first;
  if (!name.empty() && name != digest_name)
    throw AuthenticationError("digest " + v1::detail::string_repr(name) + " unsupported");
  connection.send_bytes(bracketed(digest_name) +
                        multiprocessing::detail::hmac_sha256(key, challenge));
  if (connection.recv_bytes(longest_message) != welcome_word)
    throw AuthenticationError("digest sent was rejected");
}

namespace {

[[noreturn]] void fail(int error) {
  if (error == ENAMETOOLONG) throw OSError("AF_UNIX path too long");
  if (error < 0)
    throw OSError("[Errno " + std::to_string(error) + "] " + platform::lookup_error(error));
  v1::detail::throw_os_error(error);
}

SocketAddress to_socket(const Address& address) {
  if (address.is_path()) return {.name = address.path()};
  if (address.port() < 0 || address.port() > 65535)
    throw OverflowError("bind(): port must be 0-65535.");
  return {.name = address.host(), .port = address.port()};
}
Address from_socket(const SocketAddress& address) {
  return address.is_path() ? Address(address.name) : Address(address.name, address.port);
}

std::string family_of(const Address& address) {
  if (!address.is_path()) return "AF_INET";
  return address.path().starts_with("\\\\") ? "AF_PIPE" : "AF_UNIX";
}
void refuse_pipe(const std::string& family) {
  if (family == "AF_PIPE") throw ValueError("Family AF_PIPE is not recognized.");
}

// Guards whom each listener has accepted last.
using AcceptingMutex = v1::detail::ForkSafeMutexOf<v1::detail::ForkStage::core, Listener>;

Connection over(platform::Handle handle) {
  return multiprocessing::detail::ConnectionAccess::make(
      multiprocessing::detail::make_stream_transport(std::move(handle), true, true));
}
multiprocessing::detail::Transport& transport_of(const Connection& connection) {
  return multiprocessing::detail::ConnectionAccess::transport(connection);
}

}  // namespace

std::string to_string(const Address& address) {
  if (address.is_path())
    return address.path().starts_with('\0') ? v1::detail::bytes_repr(address.path())
                                            : v1::detail::string_repr(address.path());
  return "(" + v1::detail::string_repr(address.host()) + ", " + std::to_string(address.port()) +
         ")";
}

struct Listener::State {
  explicit State(ListenerOptions options) : key(std::move(options.authkey)) {
    const std::string family = options.family    ? *options.family
                               : options.address ? family_of(*options.address)
                                                 : "AF_UNIX";
    SocketAddress place = options.address ? to_socket(*options.address) : arbitrary(family);
    refuse_pipe(family);
    if (family != "AF_UNIX" && family != "AF_INET")
      throw AttributeError("module 'socket' has no attribute " + v1::detail::string_repr(family));
    if (family == "AF_INET" && place.is_path())
      throw TypeError("bind(): AF_INET address must be tuple, not str");
    if (family == "AF_UNIX" && !place.is_path())
      throw TypeError("a bytes-like object is required, not 'tuple'");
    platform::Handle made;
    if (const int error = platform::listen_at(place, options.backlog, made)) {
      remove_directory();
      fail(error);
    }
    const bool is_file = place.is_path() && !place.name.starts_with('\0');
    try {
      listening.emplace(std::move(made));
      address.emplace(from_socket(place));
      if (is_file) cleaner.emplace(0, [this] { remove_files(); });
    } catch (...) {
      if (is_file) platform::remove_file(place.name);
      remove_directory();
      throw;
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { close(); }

  void close() noexcept {
    if (!listening->close()) return;
    if (!cleaner) return;
    if (maker == platform::process_id()) remove_files();
    cleaner.reset();
  }

  SocketAddress arbitrary(const std::string& family) {
    refuse_pipe(family);
    if (family == "AF_INET") return {.name = "localhost", .port = 0};
    if (family != "AF_UNIX") throw ValueError("unrecognized family");
    directory = std::filesystem::temp_directory_path() / ("pymp-" + random_name());
    SocketAddress place{.name = directory / ("listener-" + random_name())};
    if (const int error = platform::make_private_directory(directory.c_str())) fail(error);
    return place;
  }

  void remove_files() noexcept {
    platform::remove_file(address->path());
    remove_directory();
  }
  void remove_directory() noexcept {
    std::error_code ignored;
    if (!directory.empty()) std::filesystem::remove(directory, ignored);
  }

  const std::optional<std::string> key;
  std::filesystem::path directory{};  // empty: the address was given
  std::optional<multiprocessing::detail::SharedHandle> listening{};
  std::optional<Address> address{};
  const int maker = platform::process_id();
  std::optional<multiprocessing::detail::Finalizer> cleaner{};  // where there is a file
  std::optional<Address> last_accepted{};                       // guarded by AcceptingMutex::get()
};

Listener::Listener(ListenerOptions options) : state_(std::make_shared<State>(std::move(options))) {}

Connection Listener::accept() const {
  platform::Handle accepted;
  {
    const multiprocessing::detail::SharedHandle::Use use(*state_->listening);
    if (!use) throw OSError("listener is closed");
    SocketAddress peer;
    const v1::detail::ParkedInSystem parked;
    if (const int error = platform::accept_from(use.get(), accepted, peer)) fail(error);
    std::optional<Address> from(from_socket(peer));
    const std::scoped_lock guard(AcceptingMutex::get());
    state_->last_accepted.swap(from);
  }
  Connection connection = over(std::move(accepted));
  if (state_->key) admit(connection, *state_->key, v1::detail::Deadline::never());
  return connection;
}

void Listener::close() const { state_->close(); }

Address Listener::address() const {
  const multiprocessing::detail::SharedHandle::Use use(*state_->listening);
  if (!use) throw AttributeError("'NoneType' object has no attribute '_address'");
  return *state_->address;
}

std::optional<Address> Listener::last_accepted() const {
  const multiprocessing::detail::SharedHandle::Use use(*state_->listening);
  if (!use) throw AttributeError("'NoneType' object has no attribute '_last_accepted'");
  const std::scoped_lock guard(AcceptingMutex::get());
  return state_->last_accepted;
}

int Listener::fileno() const {
  const multiprocessing::detail::SharedHandle::Use use(*state_->listening);
  if (!use) throw AttributeError("'NoneType' object has no attribute '_socket'");
  return use.get();
}

void admit(const Connection& connection, std::string_view key, v1::detail::Deadline until) {
  transport_of(connection).distrust(until);
  deliver_challenge(connection, key);
  answer_challenge(connection, key);
  transport_of(connection).trust();
}

Connection connect_until(const Address& address, const ClientOptions& options,
                         v1::detail::Deadline until) {
  refuse_pipe(options.family.value_or(family_of(address)));
  platform::Handle connected;
  const auto when = until.when();
  const auto* const limit = until.is_never() ? nullptr : &when;
  if (const int error = platform::connect_to(to_socket(address), connected, limit)) fail(error);
  Connection connection = over(std::move(connected));
  if (options.authkey) {
    transport_of(connection).distrust(until);
    answer_challenge(connection, *options.authkey);
    deliver_challenge(connection, *options.authkey);
    transport_of(connection).trust();
  }
  return connection;
}

Connection Client(Address address, ClientOptions options) {
  return connect_until(address, options, v1::detail::Deadline::never());
}

}  // namespace tandem::inline v1::multiprocessing::connection
