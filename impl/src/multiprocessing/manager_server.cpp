#include "multiprocessing/manager_server.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "multiprocessing/challenge.hpp"
#include "multiprocessing/transport.hpp"
#include "platform/fork.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/detail/caller.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

// How long serve_forever() waits for methods that still run. In a process that ends with it nobody
// has to wait for them.
constexpr std::chrono::seconds parting_patience(5);
// How often a server without a parent looks for its clients.
constexpr std::chrono::seconds orphan_interval(1);
// After no client could be taken.
constexpr std::chrono::milliseconds accept_pause(100);

seam::atomic<const CreationNode*> last_creation{nullptr};

const CreationNode& creation_of(std::uint64_t hash, const std::string& typeid_) {
  for (const CreationNode* node = last_creation.load(); node; node = node->next)
    if (node->hash == hash) return *node;
  throw TypeError(string_repr(typeid_) + " cannot be made of such arguments");
}

// The servers of this process. A fork() takes its mutex and theirs: the child closes what they have
// open, and finds it whole.
struct Serving final : private ForkAware {
  struct Server {
    std::shared_ptr<ManagerServer> server;
    std::size_t times = 0;  // it serves
  };
  v1::detail::Mutex mutex{};
  std::vector<Server> servers{};  // guarded by mutex; each once

  static Serving& get() {
    static Serving& forever = *new Serving;  // never destroyed, as the book of processes
    return forever;
  }
  // With nobody else there.
  void forget() noexcept {
    for (const auto& [server, times] : servers) server->forget();
    servers.clear();
  }

 private:
  Serving() : ForkAware(ForkStage::executors) {}

  void before_fork() noexcept override {
    mutex.lock();
    for (const auto& [server, times] : servers) server->mutex().lock();
  }
  void after_fork_in_parent() noexcept override {
    for (const auto& [server, times] : servers) server->mutex().unlock();
    mutex.unlock();
  }
  void after_fork_in_child() noexcept override { after_fork_in_parent(); }
};
[[maybe_unused]] const Serving& serving_at_start = Serving::get();
const ForkReset forget_servers{ForkStage::users, [] { Serving::get().forget(); }};

class ServingHere {
 public:
  explicit ServingHere(std::shared_ptr<ManagerServer> server) : server_(std::move(server)) {
    auto& servers = Serving::get().servers;
    const std::scoped_lock guard(Serving::get().mutex);
    auto place = std::ranges::find(servers, server_, &Serving::Server::server);
    if (place == servers.end()) place = servers.insert(place, Serving::Server{server_});
    ++place->times;
    std::rotate(place, place + 1, servers.end());  // serving() is who began last
  }
  ServingHere(const ServingHere&) = delete;
  ServingHere& operator=(const ServingHere&) = delete;
  ~ServingHere() {
    auto& servers = Serving::get().servers;
    const std::scoped_lock guard(Serving::get().mutex);
    const auto place = std::ranges::find(servers, server_, &Serving::Server::server);
    if (place != servers.end() && --place->times == 0) servers.erase(place);
  }

 private:
  const std::shared_ptr<ManagerServer> server_;
};

// Of the exception being handled.
void write_failure(pickle::Output& reply, Step step) {
  const auto exception = std::current_exception();
  if (step == Step::CALL) {
    reply.write_value(Reply::ERROR);
    return pickle::encode_exception(exception, reply);
  }
  const std::string traceback = pickle::format_exception(exception);
  reply.write_value(step == Step::RESULT ? Reply::UNSERIALIZABLE : Reply::TRACEBACK);
  pickle::dump<std::string>(
      reply, step == Step::RESULT ? "Unserializable message: " + traceback + "\n" : traceback);
  pickle::encode_exception(exception, reply);
}

// The address of a server that has ended may be another's: who still has proxies of the former
// one's objects is not to meet the latter's. As long as an address, as Python's are.
std::uint64_t first_id() {
  std::uint64_t id;
  platform::fill_randomly(&id, sizeof id);
  return id >> 16;
}

int socket_of(const Connection& connection) {
  return ConnectionAccess::transport(connection).fileno();
}

void send_reply(const Connection& connection, pickle::Output& reply) {
  try {
    send_message(connection, reply);
  } catch (const pickle::PicklingError&) {  // open files do not go everywhere
    reply.clear();
    write_failure(reply, Step::RESULT);
    send_message(connection, reply);
  }
}

const ManagedMethod& method_of(const ManagedType& type, const std::string& name) {
  std::string exposed;
  for (const ManagedMethod& method : type.methods) {
    if (method.name == name) return method;
    exposed += (exposed.empty() ? "'" : ", '") + std::string(method.name) + "'";
  }
  throw AttributeError("method " + string_repr(name) + " of <class '" + type_name(*type.type) +
                       "'> object is not in exposed={" + exposed + "}");
}

}  // namespace

CreationNode::CreationNode(std::uint64_t creation_hash, Make creation_make) noexcept
    : hash(creation_hash), make(creation_make), next(last_creation.load()) {
  while (!last_creation.compare_exchange_weak(next, this)) {
  }
}

Maker::~Maker() = default;

// One connection: what its requests mean.
class ManagerServer::Client final : public Caller {
 public:
  Client(ManagerServer& server, const Connection& connection) noexcept
      : server_(server), connection_(connection) {}
  ~Client() override {
    give_back();
    if (session_ != no_session) server_.leave_session(session_);
  }

  // Returns false: that was the last.
  bool answer(pickle::Input& input, pickle::Output& reply) {
    const pickle::Input::Message request_message(input);
    const pickle::Output::Message reply_message(reply);
    Step step = Step::REQUEST;
    reply.write_value(Reply::RETURN);
    try {
      return answer(
          static_cast<Request>(input.read_choice(static_cast<unsigned char>(last_request))), input,
          reply, step);
    } catch (const BaseException&) {  // as Python's `except Exception`
      throw;
    } catch (...) {
      input.forget();
      reply.clear();
      write_failure(reply, step);
      return true;
    }
  }

  // Throws   BrokenPipeError, OSError (the client is gone).
  void deliver(pickle::Output& reply) {
    if (has_taken())
      check();
    else
      called_ = {};
    send_reply(connection_, reply);
    keep();
    called_ = {};
  }

 private:
  bool is_gone() const noexcept override { return platform::is_hung_up(socket_of(connection_)); }

  bool answer(Request request, pickle::Input& input, pickle::Output& reply, Step& step) {
    switch (request) {
      case Request::HELLO:
        hello(input);
        break;
      case Request::CALL:
        call(input, reply, step);
        break;
      case Request::CREATE:
        pickle::dump<std::uint64_t>(reply, create(input));
        break;
      case Request::LEASE: {
        const auto id = pickle::load<std::uint64_t>(input);
        lease(id, pickle::load<std::uint64_t>(input));
        break;
      }
      case Request::RELEASE:
        release(pickle::load<std::uint64_t>(input));
        break;
      case Request::TICKET:
        pickle::dump<std::uint64_t>(reply, server_.ticket(pickle::load<std::uint64_t>(input)));
        break;
      case Request::REPR: {
        const Managed found = server_.object(pickle::load<std::uint64_t>(input));
        pickle::dump<std::string>(reply, found.type->repr(found.object.get()));
        break;
      }
      case Request::COUNT:
        pickle::dump<std::size_t>(reply, count());
        break;
      case Request::DEBUG:
        pickle::dump<std::string>(reply, describe());
        break;
      case Request::DUMMY:
        break;
      case Request::SHUTDOWN:
        return false;
    }
    return true;
  }

  void hello(pickle::Input& input) {
    if (session_ != no_session) throw RuntimeError("the session is known already");
    const auto session = pickle::load<SessionId>(input);
    server_.join_session(session, pickle::load<SessionId>(input));
    session_ = session;
  }

  void call(pickle::Input& input, pickle::Output& reply, Step& step) {
    const Managed found = server_.object(pickle::load<std::uint64_t>(input));
    const auto name = pickle::load<std::string>(input);
    const ManagedMethod& method = method_of(*found.type, name);
    if (pickle::load<std::uint64_t>(input) != method.signature())
      throw TypeError("method " + string_repr(name) + " has other parameters here");
    called_ = found;
    method.run(found.object.get(), input, reply, step);
  }

  std::uint64_t create(pickle::Input& input) {
    const auto typeid_ = pickle::load<std::string>(input);
    const auto arguments = pickle::load<std::uint64_t>(input);
    const auto creation = pickle::load<std::uint64_t>(input);
    const auto registered = server_.registry_.makers.find(typeid_);
    if (registered == server_.registry_.makers.end()) throw KeyError(typeid_);
    const auto& maker = registered->second;
    if (maker && maker->arguments() != arguments)
      throw TypeError(string_repr(typeid_) + " cannot be made of such arguments");
    Step step{};
    const Managed made =
        maker ? maker->make(input, step) : creation_of(creation, typeid_).make(input, step);
    const std::scoped_lock guard(server_.mutex_);
    const auto id = server_.add(made);
    count_lease(id);
    return id;
  }

  void lease(std::uint64_t id, std::uint64_t ticket) {
    server_.lease(id, ticket);
    const std::scoped_lock guard(server_.mutex_);
    ++server_.sessions_[session_].leases[id];
  }
  // With the mutex held.
  void count_lease(std::uint64_t id) {
    ++server_.entry(id).references;
    ++server_.sessions_[session_].leases[id];
  }
  void release(std::uint64_t id) {
    {
      const std::scoped_lock guard(server_.mutex_);
      auto& leases = server_.sessions_[session_].leases;
      const auto found = leases.find(id);
      if (found == leases.end())
        throw AssertionError("Id " + id_text(id) + " has no reference of this process");
      if (--found->second == 0) leases.erase(found);
    }
    server_.release(id);
  }

  std::size_t count() const {
    const std::scoped_lock guard(server_.mutex_);
    return server_.entries_.size();
  }
  std::string describe() const {
    std::vector<std::pair<std::uint64_t, Entry>> entries;
    {
      const std::scoped_lock guard(server_.mutex_);
      entries.assign(server_.entries_.begin(), server_.entries_.end());
    }
    std::string text;
    for (const auto& [id, entry] : entries) {
      if (!text.empty()) text += '\n';
      text += "  " + id_text(id) + ":       refcount=" + std::to_string(entry.references) +
              "\n    " + entry.object.type->repr(entry.object.object.get()).substr(0, 75);
    }
    return text;
  }

  ManagerServer& server_;
  const Connection connection_;
  SessionId session_ = no_session;
  Managed called_{};  // until the reply is delivered
};

ManagerServer::ManagerServer(Registry registry, std::optional<connection::Address> address,
                             std::string authkey, Timeout patience)
    : registry_(std::move(registry)),
      authkey_(std::move(authkey)),
      patience_(patience),
      listener_({.address = std::move(address), .backlog = 128}),
      address_(listener_.address()),
      last_id_(first_id()) {}

std::shared_ptr<ManagerServer> ManagerServer::serving(const connection::Address& address) {
  Serving& here = Serving::get();
  const std::scoped_lock guard(here.mutex);
  for (const auto& [server, times] : here.servers)
    if (server->address_ == address) return server;
  return nullptr;
}
std::shared_ptr<ManagerServer> ManagerServer::serving() {
  Serving& here = Serving::get();
  const std::scoped_lock guard(here.mutex);
  return here.servers.empty() ? nullptr : here.servers.back().server;
}

void ManagerServer::serve_forever(bool ends_with_parent) {
  const auto self = shared_from_this();
  const ServingHere here(self);
  threading::Thread accepter({.target = [self] { self->accept_all(); }, .daemon = true});
  accepter.start();
  if (ends_with_parent)
    threading::Thread({.target = [self] { self->stop_when_orphaned(); }, .daemon = true}).start();
  stop_.wait();
  hang_up_on_listener();
  accepter.join();
  listener_.close();
  hang_up_on_all();
  if (!ends_with_parent) nobody_is_left_.wait(parting_patience);
}

void ManagerServer::accept_all() {
  while (!stop_.is_set()) {
    try {
      attach(listener_.accept());
    } catch (const std::exception&) {  // for now there is no descriptor, or no thread for a client
      stop_.wait(accept_pause);
    }
  }
}

void ManagerServer::attach(const Connection& connection) {
  std::size_t number = 0;
  {
    const std::scoped_lock guard(mutex_);
    number = ++last_connection_;
    connections_.emplace(number, connection);
  }
  const auto serve_it = [self = shared_from_this(), number, connection] {
    self->serve(connection);
    self->detach(number);
    connection.close();
  };
  try {
    threading::Thread({.target = serve_it, .daemon = true}).start();
  } catch (...) {
    detach(number);
    throw;
  }
}

void ManagerServer::detach(std::size_t number) {
  const std::scoped_lock guard(mutex_);
  connections_.erase(number);
  if (!connections_.empty()) return;
  nobody_is_left_.set();
  if (orphaned_) stop_.set();
}

// Wakes all accepters. Of several serve_forever() the first one does it, before any closes it.
void ManagerServer::hang_up_on_listener() {
  const std::scoped_lock guard(mutex_);
  if (!std::exchange(is_deaf_, true)) platform::hang_up(listener_.fileno());
}

// What clients do here ends; but a method that runs goes on.
void ManagerServer::hang_up_on_all() {
  const std::scoped_lock guard(mutex_);
  for (const auto& [number, connection] : connections_) platform::hang_up(socket_of(connection));
  nobody_is_left_.clear();
  if (connections_.empty()) nobody_is_left_.set();
}

void ManagerServer::serve(const Connection& connection) {
  bool is_last = false;  // it was told to stop, whether or not somebody hears the answer
  try {
    connection::admit(connection, authkey_, Deadline::after(patience_));
    Client client(*this, connection);
    while (!is_last && !stop_.is_set()) {
      Received request(connection);
      pickle::Output reply(pickle::Sharing::CONNECTION);
      is_last = !client.answer(request.input(), reply);
      client.deliver(reply);
    }
  } catch (...) {  // the client is gone, or has another key
  }
  if (is_last) stop_.set();
}

void ManagerServer::stop_when_orphaned() {
  if (const auto parent = parent_process()) parent->join();
  {
    const std::scoped_lock guard(mutex_);
    orphaned_ = true;
  }
  while (is_anybody_there()) {
    if (stop_.wait(orphan_interval)) return;
  }
  stop_.set();
}

// Some are gone, though the methods that they have called still wait.
bool ManagerServer::is_anybody_there() const {
  const std::scoped_lock guard(mutex_);
  return std::ranges::any_of(connections_, [](const auto& client) {
    return !platform::is_hung_up(socket_of(client.second));
  });
}

void ManagerServer::forget() noexcept {
  listener_.close();
  for (const auto& [number, connection] : connections_) connection.close();
}

// ---- objects: with the mutex held ----

ManagerServer::Entry& ManagerServer::entry(std::uint64_t id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) throw KeyError(id_text(id));
  return found->second;
}

// An object that is there already keeps its number.
std::uint64_t ManagerServer::add(const Managed& object) {
  const auto place = places_.find(object.object.get());
  if (place != places_.end() &&
      *entries_.at(place->second).object.type->type == *object.type->type) {
    entries_.at(place->second).object.type = object.type;
    return place->second;
  }
  const auto id = ++last_id_;
  entries_.emplace(id, Entry{object});
  places_[object.object.get()] = id;
  return id;
}

void ManagerServer::drop(std::uint64_t id, std::size_t references,
                         std::vector<Managed>& dropped) noexcept {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.references -= std::min(references, entry.references);
  if (entry.references != 0) return;
  const auto place = places_.find(entry.object.object.get());
  if (place != places_.end() && place->second == id) places_.erase(place);
  dropped.push_back(std::move(entry.object));
  entries_.erase(found);
}

void ManagerServer::join_session(SessionId id, SessionId copied) {
  const std::scoped_lock guard(mutex_);
  Session& session = sessions_[id];
  ++session.connections;
  const auto original = sessions_.find(copied);
  if (original == sessions_.end()) return;
  for (const auto& [object, count] : original->second.leases) {
    entry(object).references += count;
    session.leases[object] += count;
  }
}

void ManagerServer::leave_session(SessionId id) noexcept {
  std::vector<Managed> dropped;  // destroyed when the mutex is free again
  const std::scoped_lock guard(mutex_);
  const auto session = sessions_.find(id);
  if (--session->second.connections != 0) return;
  for (const auto& [object, count] : session->second.leases) drop(object, count, dropped);
  sessions_.erase(session);
}

// ---- without it ----

std::uint64_t ManagerServer::hold(const Managed& object) {
  const std::scoped_lock guard(mutex_);
  const auto id = add(object);
  ++entry(id).references;
  return id;
}

void ManagerServer::lease(std::uint64_t id, std::uint64_t ticket) {
  const std::scoped_lock guard(mutex_);
  const auto found = tickets_.find(ticket);
  if (found != tickets_.end() && found->second == id)
    tickets_.erase(found);  // the ticket's reference is the lease's now
  else
    ++entry(id).references;
}

void ManagerServer::release(std::uint64_t id) noexcept {
  std::vector<Managed> dropped;
  const std::scoped_lock guard(mutex_);
  drop(id, 1, dropped);
}

std::uint64_t ManagerServer::ticket(std::uint64_t id) {
  const std::scoped_lock guard(mutex_);
  ++entry(id).references;
  tickets_.emplace(++last_ticket_, id);
  return last_ticket_;
}

Managed ManagerServer::object(std::uint64_t id) {
  const std::scoped_lock guard(mutex_);
  return entry(id).object;
}

}  // namespace tandem::inline v1::multiprocessing::detail
