// A process' way to a manager's server: a connection for each thread, and one that keeps the
// session, on which leases come and go.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "multiprocessing/manager_server.hpp"
#include "multiprocessing/manager_wire.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/managers.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Threads  any number at once.
class Peer {
 public:
  Peer(connection::Address address, std::string authkey);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  // That of this process for the server there.
  static std::shared_ptr<Peer> to(const connection::Address& address, const std::string& authkey);
  // That server is gone; another that comes to be there is another one.
  static void forget(const Peer& peer);

  // A message and its reply, on the calling thread's connection. A connection that fails is given
  // up; the next request makes another.
  // Throws   OSError, EOFError, AuthenticationError.
  void ask(pickle::Output& request, std::optional<Received>& reply);
  // The same, where the reply says no more than that, for requests that the server answers at once.
  // Throws   also what the reply says.
  template <class R, class... A>
  R ask(Request request, const A&... arguments);

  // Makes sure of the session.
  void open();
  void lease(std::uint64_t id, std::uint64_t ticket);
  void release(std::uint64_t id) noexcept;
  std::uint64_t ticket(std::uint64_t id);

  struct Keeper;
  // Around a fork(): a connection for the child, with a session that has what this one has; none
  // if the server does not answer until then.
  std::shared_ptr<Keeper> prepare_child(v1::detail::Deadline until);
  void become_child(std::shared_ptr<Keeper> keeper) noexcept;

 private:
  friend struct ThreadEnd;
  friend struct PeerBook;

  Connection connect(SessionId session, SessionId copied, v1::detail::Deadline until = {}) const;
  Connection connection_of_thread();
  template <class R, class... A>
  R ask_keeper(Request request, const A&... arguments);
  std::shared_ptr<Keeper> keeper() const;
  static std::optional<Connection> connection_of(const Keeper& keeper);

  const connection::Address address_;
  const std::string authkey_;
  std::shared_ptr<Keeper> keeper_;                     // guarded by the book's mutex
  std::map<std::uint64_t, Connection> connections_{};  // the same: by threads
};

// Sends a request on a connection of its own and waits for the reply, until then.
void ask_once(const connection::Address& address, const std::string& authkey, Request request,
              v1::detail::Deadline until = {});

// What the copies of a proxy share.
class Lease {
 public:
  // One that there is already.
  Lease(managers::Token token, std::string authkey, std::shared_ptr<Peer> peer, Manager manager);
  // In the server's process.
  Lease(managers::Token token, std::shared_ptr<ManagerServer> server);
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  const managers::Token& token() const noexcept { return token_; }
  const std::string& authkey() const noexcept { return authkey_; }
  std::shared_ptr<Peer> peer() const;
  // Null: it is a client's.
  const std::shared_ptr<ManagerServer>& server() const noexcept { return server_; }
  // 0: there is none to be had.
  std::uint64_t ticket() const noexcept;

 private:
  bool is_servers_own() const noexcept;

  const managers::Token token_;
  const std::string authkey_;
  const Manager manager_;  // it lives as long; before the peer, so it ends after the lease
  const std::shared_ptr<Peer> peer_;
  const std::shared_ptr<ManagerServer> server_;
  const std::uint32_t generation_;
};

template <class R, class... A>
R Peer::ask(Request request, const A&... arguments) {
  pickle::Output output(pickle::Sharing::CONNECTION);
  output.write_value(request);
  (pickle::dump<A>(output, arguments), ...);
  std::optional<Received> reply;
  ask(output, reply);
  check_reply(reply->input());
  if constexpr (!std::is_void_v<R>) return pickle::load<R>(reply->input());
}

}  // namespace tandem::inline v1::multiprocessing::detail
