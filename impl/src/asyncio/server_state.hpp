// What all handles on a server share.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "asyncio/transport_state.hpp"
#include "tandem/asyncio/transports.hpp"

namespace tandem::inline v1::asyncio::detail {

// CPython's Server. It knows its clients, and they keep it; what it listens at is watched by the
// loop, which keeps it, too.
class ServerState final : public std::enable_shared_from_this<ServerState>, private Resource {
 public:
  // A socket, and the file of it that close() is to remove.
  struct Listening {
    std::shared_ptr<SocketFile> file;
    std::optional<std::pair<std::string, std::uint64_t>> path{};
  };

  ServerState(const EventLoop& loop, std::vector<Listening> sockets, ProtocolFactory factory,
              int backlog);
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;
  ~ServerState();

  void attach(SocketTransport& transport) { clients_.insert(&transport); }
  void detach(SocketTransport& transport) noexcept;

  const EventLoop& loop() const noexcept { return loop_; }
  bool is_serving() const noexcept { return serving_; }
  std::vector<TransportSocket> sockets() const;
  void start_serving();
  void close();
  void close_clients(void (SocketTransport::*end)());
  std::string to_string() const;

  // Each keeps the state.
  static Coroutine<> serve_forever(std::shared_ptr<ServerState> self);
  static Coroutine<> wait_closed(std::shared_ptr<ServerState> self);

 private:
  void watch(const Listening& listening);
  void accept(const Listening& listening);
  void stop(const Listening& listening);
  void wake_waiters() noexcept;
  void let_go() noexcept override;
  static Coroutine<> begin(std::shared_ptr<ServerState> self, platform::Handle socket,
                           Address peer);

  const EventLoop loop_;
  std::optional<std::vector<Listening>> sockets_;   // none: closed
  std::shared_ptr<const ProtocolFactory> factory_;  // null: closed, or its loop is
  const int backlog_;
  std::set<SocketTransport*> clients_;
  std::optional<std::vector<Future<>>> waiters_{std::in_place};  // none: closed, and no client left
  bool serving_ = false;
  std::optional<Future<>> forever_;
};

}  // namespace tandem::inline v1::asyncio::detail
