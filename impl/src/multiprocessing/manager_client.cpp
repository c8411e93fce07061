#include "multiprocessing/manager_client.hpp"

#include <chrono>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "multiprocessing/challenge.hpp"
#include "multiprocessing/transport.hpp"
#include "platform/fork.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/os/register_at_fork.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/local.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// What keeps a session: it lives as long as this connection, or another of the same process.
struct Peer::Keeper {
  SessionId session = no_session;
  v1::detail::Mutex turn{};                // a request after the other
  std::optional<Connection> connection{};  // guarded by the book's; none: not made, or it failed
};

struct PeerBook {
  using Place = std::pair<connection::Address, std::string>;

  ForkSafeMutex mutex{ForkStage::executors};
  std::map<Place, std::weak_ptr<Peer>> peers{};  // guarded by mutex
  std::uint64_t threads = 0;                     // guarded by mutex

  static PeerBook& get() {
    static PeerBook& forever = *new PeerBook;  // never destroyed, as the book of processes
    return forever;
  }

  std::vector<std::shared_ptr<Peer>> alive() {
    const std::scoped_lock guard(mutex);
    std::vector<std::shared_ptr<Peer>> all;
    for (const auto& [place, peer] : peers)
      if (auto living = peer.lock()) all.push_back(std::move(living));
    return all;
  }

 private:
  PeerBook();
};

// A thread that has connections: they end with it.
struct ThreadEnd {
  ThreadEnd() {
    PeerBook& book = PeerBook::get();
    const std::scoped_lock guard(book.mutex);
    number = ++book.threads;
  }
  ThreadEnd(const ThreadEnd&) = delete;
  ThreadEnd& operator=(const ThreadEnd&) = delete;
  ~ThreadEnd() {
    std::vector<Connection> closed;  // when the mutex is free
    for (const auto& peer : PeerBook::get().alive()) {
      const std::scoped_lock guard(PeerBook::get().mutex);
      if (const auto own = peer->connections_.extract(number)) closed.push_back(own.mapped());
    }
  }

  std::uint64_t number;

  static const threading::local<ThreadEnd>& of_each_thread() {
    static const auto& forever = *new threading::local<ThreadEnd>;
    return forever;
  }
  static std::uint64_t of_this_thread() { return of_each_thread()->number; }
};

namespace {

// Of a server that may have stopped; the reply says nothing.
void ask_until(const Connection& connection, pickle::Output& request, Deadline until) {
  Transport& transport = ConnectionAccess::transport(connection);
  transport.distrust(until);
  send_message(connection, request);
  check_reply(Received(connection).input());
  transport.trust();
}

SessionId new_session() {
  SessionId id;
  platform::fill_randomly(&id, sizeof id);
  return id;
}

// How long a fork() waits for all the servers that its child is to be known to.
constexpr std::chrono::seconds fork_patience(5);

// While this thread forks: what becomes of the peers in the child. Null: there are none, as in most
// programs that fork.
using Prepared = std::vector<std::pair<std::shared_ptr<Peer>, std::shared_ptr<Peer::Keeper>>>;
constinit thread_local Prepared* prepared = nullptr;
[[maybe_unused]] const bool prepared_of_each_thread = seam::thread_word(prepared);

void prepare(std::shared_ptr<Peer> peer, Deadline until) {
  if (!prepared) prepared = new Prepared;
  auto keeper = peer->prepare_child(until);
  prepared->emplace_back(std::move(peer), std::move(keeper));
}
Prepared take_prepared() {
  const std::unique_ptr<Prepared> all(std::exchange(prepared, nullptr));
  return all ? std::move(*all) : Prepared();
}

// Made before there are threads: a child of fork() must not find them half-made.
[[maybe_unused]] const auto& of_each_thread_at_start = ThreadEnd::of_each_thread();
[[maybe_unused]] const PeerBook& book_at_start = PeerBook::get();

}  // namespace

PeerBook::PeerBook() {
  os::register_at_fork({
      .before =
          [] {
            const auto until = Deadline::after(fork_patience);
            for (auto& peer : get().alive()) prepare(std::move(peer), until);
          },
      .after_in_child =
          [] {
            for (auto& [peer, keeper] : take_prepared()) peer->become_child(std::move(keeper));
          },
      .after_in_parent = [] { take_prepared(); },
  });
}

Peer::Peer(connection::Address address, std::string authkey)
    : address_(std::move(address)),
      authkey_(std::move(authkey)),
      keeper_(std::make_shared<Keeper>()) {
  keeper_->session = new_session();
}
Peer::~Peer() = default;

std::shared_ptr<Peer> Peer::to(const connection::Address& address, const std::string& authkey) {
  PeerBook& book = PeerBook::get();
  const std::scoped_lock guard(book.mutex);
  auto& place = book.peers[{address, authkey}];
  auto peer = place.lock();
  if (!peer) place = peer = std::make_shared<Peer>(address, authkey);
  return peer;
}

void Peer::forget(const Peer& peer) {
  PeerBook& book = PeerBook::get();
  const std::scoped_lock guard(book.mutex);
  const auto found = book.peers.find({peer.address_, peer.authkey_});
  if (found != book.peers.end() && found->second.lock().get() == &peer) book.peers.erase(found);
}

Connection Peer::connect(SessionId session, SessionId copied, Deadline until) const {
  Connection made = connection::connect_until(address_, {.authkey = authkey_}, until);
  pickle::Output hello(pickle::Sharing::CONNECTION);
  hello.write_value(Request::HELLO);
  pickle::dump<SessionId>(hello, session);
  pickle::dump<SessionId>(hello, copied);
  ask_until(made, hello, until);
  return made;
}

std::shared_ptr<Peer::Keeper> Peer::keeper() const {
  const std::scoped_lock guard(PeerBook::get().mutex);
  return keeper_;
}
std::optional<Connection> Peer::connection_of(const Keeper& keeper) {
  const std::scoped_lock guard(PeerBook::get().mutex);
  return keeper.connection;
}

Connection Peer::connection_of_thread() {
  const auto thread = ThreadEnd::of_this_thread();
  {
    const std::scoped_lock guard(PeerBook::get().mutex);
    const auto own = connections_.find(thread);
    if (own != connections_.end()) return own->second;
  }
  Connection made = connect(keeper()->session, no_session);
  const std::scoped_lock guard(PeerBook::get().mutex);
  return connections_.emplace(thread, std::move(made)).first->second;
}

void Peer::ask(pickle::Output& request, std::optional<Received>& reply) {
  const Connection own = connection_of_thread();
  try {
    send_message(own, request);
    reply.emplace(own);
  } catch (const v1::pickle::PicklingError&) {  // nothing was sent
    throw;
  } catch (...) {
    const std::scoped_lock guard(PeerBook::get().mutex);
    connections_.erase(ThreadEnd::of_this_thread());
    throw;
  }
}

template <class R, class... A>
R Peer::ask_keeper(Request request, const A&... arguments) {
  const auto keeping = keeper();
  const std::scoped_lock turn(keeping->turn);
  auto connection = connection_of(*keeping);
  if (!connection) {
    connection = connect(keeping->session, no_session);
    const std::scoped_lock guard(PeerBook::get().mutex);
    keeping->connection = connection;
  }
  pickle::Output output(pickle::Sharing::CONNECTION);
  output.write_value(request);
  (pickle::dump<A>(output, arguments), ...);
  std::optional<Received> reply;
  try {
    send_message(*connection, output);
    reply.emplace(*connection);
  } catch (...) {
    const std::scoped_lock guard(PeerBook::get().mutex);
    keeping->connection.reset();
    throw;
  }
  check_reply(reply->input());
  if constexpr (!std::is_void_v<R>) return pickle::load<R>(reply->input());
}

void Peer::open() { ask_keeper<void>(Request::DUMMY); }
void Peer::lease(std::uint64_t id, std::uint64_t ticket) {
  ask_keeper<void>(Request::LEASE, id, ticket);
}
void Peer::release(std::uint64_t id) noexcept {
  try {
    if (!connection_of(*keeper())) return;  // the server has gone, and all leases with it
    ask_keeper<void>(Request::RELEASE, id);
  } catch (...) {
  }
}
std::uint64_t Peer::ticket(std::uint64_t id) {
  return ask_keeper<std::uint64_t>(Request::TICKET, id);
}

std::shared_ptr<Peer::Keeper> Peer::prepare_child(Deadline until) {
  const auto keeping = keeper();
  if (!connection_of(*keeping)) return nullptr;
  auto childs = std::make_shared<Keeper>();
  childs->session = new_session();
  try {
    childs->connection = connect(childs->session, keeping->session, until);
  } catch (...) {  // the server is gone, or has stopped
  }
  return childs;
}

// Only one thread is there. What others had in their hands is out of reach, and stays.
void Peer::become_child(std::shared_ptr<Keeper> childs) noexcept {
  if (keeper_->connection) keeper_->connection->close();
  for (const auto& [thread, connection] : connections_) connection.close();
  connections_.clear();
  if (!childs) {
    childs = std::make_shared<Keeper>();
    childs->session = new_session();
  }
  keeper_ = std::move(childs);
}

void ask_once(const connection::Address& address, const std::string& authkey, Request request,
              Deadline until) {
  const Connection connection = connection::connect_until(address, {.authkey = authkey}, until);
  pickle::Output output(pickle::Sharing::CONNECTION);
  output.write_value(request);
  ask_until(connection, output, until);
}

Lease::Lease(managers::Token token, std::string authkey, std::shared_ptr<Peer> peer,
             Manager manager)
    : token_(std::move(token)),
      authkey_(std::move(authkey)),
      manager_(std::move(manager)),
      peer_(std::move(peer)),
      generation_(process_generation) {}
Lease::Lease(managers::Token token, std::shared_ptr<ManagerServer> server)
    : token_(std::move(token)),
      authkey_(server->authkey()),
      server_(std::move(server)),
      generation_(process_generation) {}

Lease::~Lease() {
  if (is_servers_own())
    server_->release(token_.id);
  else if (peer_)
    peer_->release(token_.id);
}

// Its child after a fork() is no server.
bool Lease::is_servers_own() const noexcept { return server_ && generation_ == process_generation; }

std::shared_ptr<Peer> Lease::peer() const {
  return peer_ ? peer_ : Peer::to(token_.address, authkey_);
}

std::uint64_t Lease::ticket() const noexcept {
  try {
    return is_servers_own() ? server_->ticket(token_.id) : peer()->ticket(token_.id);
  } catch (...) {
    return 0;
  }
}

}  // namespace tandem::inline v1::multiprocessing::detail
