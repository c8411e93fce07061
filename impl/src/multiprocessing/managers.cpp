#include "tandem/multiprocessing/managers.hpp"

#include <array>
#include <filesystem>
#include <functional>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <utility>
#include <vector>

#include "multiprocessing/finalizer.hpp"
#include "multiprocessing/manager_client.hpp"
#include "multiprocessing/manager_server.hpp"
#include "multiprocessing/manager_wire.hpp"
#include "multiprocessing/process_state.hpp"
#include "multiprocessing/segments.hpp"
#include "multiprocessing/turns.hpp"
#include "platform/fork.hpp"
#include "platform/network.hpp"
#include "platform/poll.hpp"
#include "platform/system.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/exceptions.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

namespace {

enum class Phase { INITIAL, STARTED, SHUTDOWN };

// What start() was given: any call under fork, a portable one otherwise.
class Initializer {
 public:
  explicit Initializer(Target target) : target_(std::make_shared<Target>(std::move(target))) {}
  void operator()() const {
    if (*target_) (*target_)();
  }
  void pickle(v1::pickle::Output& output) const {
    v1::pickle::dump<bool>(output, static_cast<bool>(*target_));
    if (*target_) target_->encode(output);
  }
  static Initializer unpickle(v1::pickle::Input& input) {
    if (!v1::pickle::load<bool>(input)) return Initializer({});
    const v1::pickle::Input::Message message(input);
    return Initializer(
        [call = v1::pickle::detail::read_action(input).load(input)] { call->call(); });
  }

 private:
  std::shared_ptr<Target> target_;
};

// What the server's process does.
void run_server(const Registry& registry, const std::optional<connection::Address>& address,
                const std::string& authkey, const Connection& ready,
                const Initializer& initializer) {
  platform::ignore_interrupts(true);
  initializer();
  const auto server = std::make_shared<ManagerServer>(registry, address, authkey);
  ready.send(server->address());
  ready.close();
  server->serve_forever(true);
}

// A server that was killed has not removed the file where it listened.
void remove_socket(const connection::Address& address) noexcept {
  if (!address.is_path() || address.path().starts_with('\0')) return;
  platform::remove_file(address.path());
  try {
    std::error_code ignored;
    const auto folder = std::filesystem::path(address.path()).parent_path();
    if (folder.filename().string().starts_with("pymp-")) std::filesystem::remove(folder, ignored);
  } catch (const std::bad_alloc&) {  // an empty folder stays
  }
}

// The message in which a server says where it listens. It takes no memory to receive: what fails
// afterwards knows that there is a server, and perhaps a file.
class Whereabouts {
 public:
  // Waits until the server has said it, or has ended.
  //   handle  of the connection
  // Throws   EOFError (it has ended).
  void receive(const Connection& connection, int handle, const Process& server) {
    // Whoever was forked meanwhile may have the other end, too.
    platform::Polled news[] = {{handle}, {server.sentinel()}};
    platform::poll(news, nullptr);
    if (!connection.poll()) throw EOFError();
    length_ = connection.recv_bytes_into(bytes_);
  }
  explicit operator bool() const noexcept { return length_ > 0; }
  connection::Address address() const {
    return v1::pickle::loads<connection::Address>(std::string_view(bytes_.data(), length_));
  }

 private:
  std::array<char, 1024> bytes_;  // a path has 107 at most, a host's name 255
  std::size_t length_ = 0;
};

// Guards what managers know. A manager that was being started is whole in a child of fork(), and
// was not started there.
using ManagersMutex = ForkSafeMutexOf<ForkStage::executors, ManagerState>;

}  // namespace

struct ManagerState {
  explicit ManagerState(managers::ManagerOptions options)
      : authkey(options.authkey ? std::move(*options.authkey) : current_process().authkey()),
        context(options.ctx ? *options.ctx : get_context()),
        shutdown_timeout(options.shutdown_timeout),
        address(std::move(options.address)) {}
  ManagerState(const ManagerState&) = delete;
  ManagerState& operator=(const ManagerState&) = delete;
  ~ManagerState() {
    finalizer.reset();
    end_server();
  }

  bool is_started_here() const noexcept {
    return process.has_value() && creator == platform::process_id();
  }

  // Python's _finalize_manager. In a child of fork() it is the parent's business.
  void end_server() noexcept {
    {
      const std::scoped_lock guard(ManagersMutex::get());
      if (!is_started_here() || phase == Phase::SHUTDOWN) return;
      phase = Phase::SHUTDOWN;
    }
    try {
      if (process->is_alive()) ask_to_end();
    } catch (...) {  // a process that cannot be waited for
    }
    if (peer) Peer::forget(*peer);
    if (is_own_file) remove_socket(*address);
  }
  void ask_to_end() {
    try {
      ask_once(*address, authkey, Request::SHUTDOWN, Deadline::after(shutdown_timeout));
    } catch (...) {  // it ends already, or does not answer
    }
    process->join(shutdown_timeout);
    if (!process->is_alive()) return;
    process->terminate();
    process->join(shutdown_timeout);
    if (!process->is_alive()) return;
    process->kill();
    process->join();
  }

  // What a server is made of.
  std::pair<Registry, std::optional<connection::Address>> to_serve() const {
    const std::scoped_lock guard(ManagersMutex::get());
    if (phase == Phase::STARTED) throw ProcessError("Already started server");
    if (phase == Phase::SHUTDOWN) throw ProcessError("Manager has shut down");
    return {registry, address};
  }
  void becomes_started(const Process& server, connection::Address where) {
    auto way = Peer::to(where, authkey);
    const std::scoped_lock guard(ManagersMutex::get());
    is_own_file = !address;
    address = std::move(where);
    process = server;
    creator = platform::process_id();
    peer = std::move(way);
    phase = Phase::STARTED;
  }
  void becomes_connected() {
    const auto where = known_address();
    if (!where) throw TypeError("there is no address to connect to");
    auto way = Peer::to(*where, authkey);
    way->open();
    const std::scoped_lock guard(ManagersMutex::get());
    peer = std::move(way);
    phase = Phase::STARTED;
  }
  std::optional<connection::Address> known_address() const {
    const std::scoped_lock guard(ManagersMutex::get());
    return address;
  }

  // The way to the server.
  std::shared_ptr<Peer> started_peer() {
    const std::scoped_lock guard(ManagersMutex::get());
    if (phase != Phase::STARTED) throw AssertionError("server not yet started");
    return peer;
  }

  const std::string authkey;
  const Context context;
  const Timeout shutdown_timeout;

  Turns turns{};  // of start(), connect() and shutdown()
  std::optional<Finalizer> finalizer{};

  // ---- guarded by ManagersMutex::get(), written in one's turn ----
  std::optional<connection::Address> address;
  Registry registry{};
  Phase phase = Phase::INITIAL;
  bool is_own_file = false;  // nobody gave the address
  std::optional<Process> process{};
  int creator = 0;
  std::shared_ptr<Peer> peer{};
};

void register_type(const Manager& manager, std::string typeid_,
                   std::shared_ptr<const Maker> maker) {
  const std::scoped_lock guard(ManagersMutex::get());
  // A former one is destroyed when the mutex is free.
  manager->registry.makers[std::move(typeid_)].swap(maker);
}

CreateExchange::CreateExchange(Manager manager, std::string type, std::uint64_t arguments,
                               std::uint64_t creation)
    : manager_(std::move(manager)), typeid_(std::move(type)) {
  message_.emplace(request_);
  request_.write_value(Request::CREATE);
  pickle::dump<std::string>(request_, typeid_);
  pickle::dump<std::uint64_t>(request_, arguments);
  pickle::dump<std::uint64_t>(request_, creation);
}
CreateExchange::~CreateExchange() = default;

std::shared_ptr<const Lease> CreateExchange::reply() {
  auto peer = manager_->started_peer();
  peer->open();
  std::optional<Received> reply;
  peer->ask(request_, reply);
  check_reply(reply->input());
  const auto id = pickle::load<std::uint64_t>(reply->input());
  return std::make_shared<const Lease>(
      managers::Token{typeid_, manager_->known_address().value(), id}, manager_->authkey,
      std::move(peer), manager_);
}

}  // namespace detail

namespace managers {

connection::Address Server::address() const { return server_->address(); }
void Server::serve_forever() const { server_->serve_forever(false); }

BaseManager::BaseManager(ManagerOptions options)
    : state_(std::make_shared<detail::ManagerState>(std::move(options))) {}
BaseManager::BaseManager(const BaseManager&) = default;
BaseManager& BaseManager::operator=(const BaseManager&) = default;
BaseManager::~BaseManager() = default;

void BaseManager::start(detail::Target initializer) const {
  auto& state = *state_;
  const std::scoped_lock turn(state.turns.get());
  const auto [registry, place] = state.to_serve();
  const auto [reader, writer] = multiprocessing::Pipe(false);
  const Process process =
      state.context.Process(&detail::run_server, registry, place, state.authkey, writer,
                            detail::Initializer(std::move(initializer)));
  std::string name = detail::bare_name(typeid(*this));
  char before = '-';
  for (const int number : detail::ProcessAccess::state(process)->identity) {
    name += before + std::to_string(number);
    before = ':';
  }
  process.name(name);
  // What follows the start either needs no memory or leaves no server, nor a file that was given.
  const int handle = reader.fileno();
  std::optional<Address> address = place;
  detail::Whereabouts whereabouts;
  process.start();
  writer.close();
  try {
    whereabouts.receive(reader, handle, process);
    address = whereabouts.address();
    state.finalizer.emplace(0, [&state] { state.end_server(); });
    state.becomes_started(process, *address);
  } catch (...) {
    state.finalizer.reset();
    process.kill();  // it may serve, until this process has ended
    process.join();
    if (whereabouts && address) detail::remove_socket(*address);
    throw;
  }
}

void BaseManager::connect() const {
  const std::scoped_lock turn(state_->turns.get());
  state_->becomes_connected();
}

Server BaseManager::get_server() const {
  auto [registry, address] = state_->to_serve();
  return Server(std::make_shared<detail::ManagerServer>(std::move(registry), std::move(address),
                                                        state_->authkey));
}

void BaseManager::shutdown() const {
  auto& state = *state_;
  const std::scoped_lock turn(state.turns.get());
  if (!state.is_started_here())
    throw AttributeError("'" + detail::bare_name(typeid(*this)) +
                         "' object has no attribute 'shutdown'");
  state.finalizer.reset();
  state.end_server();
}

void BaseManager::join(Timeout timeout) const {
  std::optional<Process> process;
  {
    const std::scoped_lock guard(detail::ManagersMutex::get());
    process = state_->process;
  }
  if (!process)
    throw AttributeError("'" + detail::bare_name(typeid(*this)) +
                         "' object has no attribute '_process'");
  process->join(timeout);
}

std::optional<Address> BaseManager::address() const { return state_->known_address(); }

std::size_t BaseManager::_number_of_objects() const {
  return state_->started_peer()->ask<std::size_t>(detail::Request::COUNT);
}
std::string BaseManager::_debug_info() const {
  return state_->started_peer()->ask<std::string>(detail::Request::DEBUG);
}

namespace {

template <detail::LockKind kind>
std::shared_ptr<detail::ManagedLock> make_lock() {
  return detail::make_managed_lock(kind, 1);
}
template <detail::LockKind kind>
std::shared_ptr<detail::ManagedLock> make_semaphore(std::int64_t value) {
  return detail::make_managed_lock(kind, value);
}
using OptionalLock = std::optional<AcquirerProxy>;
std::shared_ptr<detail::ManagedCondition> make_condition(const OptionalLock& lock) {
  return std::make_shared<detail::ManagedCondition>(lock ? lock->_own_lock() : nullptr);
}

}  // namespace

SyncManager::SyncManager(ManagerOptions options) : BaseManager(std::move(options)) {
  using detail::LockKind;
  for (const char* const name : {"Queue", "JoinableQueue", "list", "dict", "Value", "Array",
                                 "Namespace", "Pool", "Event", "Barrier"})
    detail::register_type(state_, name, nullptr);
  register_<AcquirerProxy>("Lock", &make_lock<LockKind::LOCK>);
  register_<AcquirerProxy>("RLock", &make_lock<LockKind::RLOCK>);
  register_<AcquirerProxy>("Semaphore", &make_semaphore<LockKind::SEMAPHORE>);
  register_<AcquirerProxy>("BoundedSemaphore", &make_semaphore<LockKind::BOUNDED_SEMAPHORE>);
  register_<ConditionProxy>("Condition", &make_condition);
}

NamespaceProxy SyncManager::Namespace() const { return make<NamespaceProxy>("Namespace"); }
EventProxy SyncManager::Event() const { return make<EventProxy>("Event"); }
AcquirerProxy SyncManager::Lock() const {
  return Registered<AcquirerProxy, std::tuple<>>(state_, "Lock")();
}
AcquirerProxy SyncManager::RLock() const {
  return Registered<AcquirerProxy, std::tuple<>>(state_, "RLock")();
}
AcquirerProxy SyncManager::Semaphore(std::int64_t value) const {
  return Registered<AcquirerProxy, std::tuple<std::int64_t>>(state_, "Semaphore")(value);
}
AcquirerProxy SyncManager::BoundedSemaphore(std::int64_t value) const {
  return Registered<AcquirerProxy, std::tuple<std::int64_t>>(state_, "BoundedSemaphore")(value);
}
ConditionProxy SyncManager::Condition() const {
  return Registered<ConditionProxy, std::tuple<OptionalLock>>(state_, "Condition")(OptionalLock());
}
ConditionProxy SyncManager::Condition(const AcquirerProxy& lock) const {
  return Registered<ConditionProxy, std::tuple<OptionalLock>>(state_,
                                                              "Condition")(OptionalLock(lock));
}
BarrierProxy SyncManager::Barrier(std::int64_t parties, v1::pickle::PortableCall action,
                                  Timeout timeout) const {
  return make<BarrierProxy>("Barrier", parties, std::move(action), detail::to_send(timeout));
}

PoolProxy SyncManager::Pool(std::optional<int> processes, v1::pickle::PortableCall initializer,
                            std::optional<int> maxtasksperchild) const {
  return make<PoolProxy>("Pool", processes, std::move(initializer), maxtasksperchild);
}

namespace {

// Those of the server.
detail::Segments& segments() {
  static detail::Segments forever;  // destroyed when the process ends
  return forever;
}
using SegmentsProxy = Proxy<detail::Segments, &detail::Segments::track>;

}  // namespace

SharedMemoryManager::SharedMemoryManager(ManagerOptions options) : BaseManager(std::move(options)) {
  register_<SegmentsProxy>("track_segment", &segments);
}
void SharedMemoryManager::track(const shared_memory::SharedMemory& memory) const {
  try {
    Registered<SegmentsProxy, std::tuple<>>(state_, "track_segment")()
        .call<&detail::Segments::track>(memory.name());
  } catch (...) {
    memory.unlink();
    throw;
  }
}
shared_memory::SharedMemory SharedMemoryManager::SharedMemory(std::int64_t size) const {
  shared_memory::SharedMemory memory({.create = true, .size = size});
  track(memory);
  return memory;
}
shared_memory::ShareableList SharedMemoryManager::ShareableList(
    std::vector<shared_memory::Shareable> sequence) const {
  shared_memory::ShareableList list(std::move(sequence));
  track(list.shm());
  return list;
}

}  // namespace managers

managers::SyncManager Manager() { return get_context().Manager(); }

}  // namespace tandem::inline v1::multiprocessing
