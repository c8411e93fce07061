// A manager's server: the objects, and who has proxies of them.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "multiprocessing/manager_wire.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/listener.hpp"
#include "tandem/threading/event.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Threads  any number at once.
class ManagerServer : public std::enable_shared_from_this<ManagerServer> {
 public:
  // How long who has connected may take to show that he has the key.
  static constexpr std::chrono::seconds challenge_patience{10};

  ManagerServer(Registry registry, std::optional<connection::Address> address, std::string authkey,
                Timeout patience = challenge_patience);

  connection::Address address() const { return address_; }
  const std::string& authkey() const noexcept { return authkey_; }

  // Until a client has asked for shutdown. Any number at once, as CPython's.
  //   ends_with_parent  or the parent has ended, and no client is left
  void serve_forever(bool ends_with_parent);

  // The one of this process that serves there; null: there is none.
  static std::shared_ptr<ManagerServer> serving(const connection::Address& address);
  // Any of this process.
  static std::shared_ptr<ManagerServer> serving();

  // Of objects that this process itself refers to.
  // Throws   KeyError (there is no such object).
  std::uint64_t hold(const Managed& object);
  void lease(std::uint64_t id, std::uint64_t ticket);
  void release(std::uint64_t id) noexcept;
  std::uint64_t ticket(std::uint64_t id);
  Managed object(std::uint64_t id);

  // Guards what the server has. No lock of the same or an earlier stage of fork() is taken under
  // it.
  v1::detail::Mutex& mutex() const noexcept { return mutex_; }
  // In a child of fork(), which is no server.
  void forget() noexcept;

 private:
  struct Entry {
    Managed object;
    std::size_t references = 0;
  };
  struct Session {
    std::map<std::uint64_t, std::size_t> leases{};
    std::size_t connections = 0;
  };
  class Client;

  void accept_all();
  void attach(const Connection& connection);
  void detach(std::size_t number);
  void hang_up_on_listener();
  void hang_up_on_all();
  void serve(const Connection& connection);
  void stop_when_orphaned();
  bool is_anybody_there() const;

  Entry& entry(std::uint64_t id);
  std::uint64_t add(const Managed& object);
  // Hands out what is to be destroyed when the mutex is free.
  void drop(std::uint64_t id, std::size_t references, std::vector<Managed>& dropped) noexcept;
  void join_session(SessionId id, SessionId copied);
  void leave_session(SessionId id) noexcept;

  const Registry registry_;
  const std::string authkey_;
  const Timeout patience_;
  const connection::Listener listener_;
  const connection::Address address_;
  threading::Event stop_;
  threading::Event nobody_is_left_;  // once it has hung up

  mutable v1::detail::Mutex mutex_;
  std::map<std::uint64_t, Entry> entries_;          // guarded by mutex_
  std::map<const void*, std::uint64_t> places_;     // guarded by mutex_: which object is where
  std::map<SessionId, Session> sessions_;           // guarded by mutex_
  std::map<std::uint64_t, std::uint64_t> tickets_;  // guarded by mutex_: of which object
  std::map<std::size_t, Connection> connections_;   // guarded by mutex_
  std::uint64_t last_id_;                           // guarded by mutex_; never given again
  std::uint64_t last_ticket_ = 0;                   // guarded by mutex_
  std::size_t last_connection_ = 0;                 // guarded by mutex_
  bool orphaned_ = false;                           // guarded by mutex_
  bool is_deaf_ = false;                            // guarded by mutex_: it accepts nobody
};

}  // namespace tandem::inline v1::multiprocessing::detail
