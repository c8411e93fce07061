// Python's multiprocessing.managers: objects that live in a process of their own, and are used by
// others through proxies.
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/container_proxies.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/target.hpp"
#include "tandem/multiprocessing/pool_proxy.hpp"
#include "tandem/multiprocessing/proxy.hpp"
#include "tandem/multiprocessing/shared_memory.hpp"
#include "tandem/multiprocessing/sync_proxies.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

struct ManagerState;  // what the copies of a manager share
class ManagerServer;  // what a server is
using Manager = std::shared_ptr<ManagerState>;

// A request for an object, and its proxy's lease.
class TANDEM_API CreateExchange {
 public:
  //   creation  0: there is only what the server has registered
  CreateExchange(Manager manager, std::string type, std::uint64_t arguments,
                 std::uint64_t creation);
  CreateExchange(const CreateExchange&) = delete;
  CreateExchange& operator=(const CreateExchange&) = delete;
  ~CreateExchange();

  pickle::Output& request() noexcept { return request_; }
  // Throws   managers::RemoteError (no such typeid, the object could not be made); OSError,
  // EOFError
  //          (the server is gone).
  std::shared_ptr<const Lease> reply();

 private:
  const Manager manager_;
  const std::string typeid_;
  pickle::Output request_{pickle::Sharing::CONNECTION};
  std::optional<pickle::Output::Message> message_{};
};

TANDEM_API void register_type(const Manager& manager, std::string typeid_,
                              std::shared_ptr<const Maker> maker);

template <class T, class... M>
struct ProxyFor {
  using type = managers::AutoProxy<T, M...>;
};
template <std::derived_from<managers::BaseProxy> P>
struct ProxyFor<P> {
  using type = P;
};

template <class T>
inline constexpr bool is_method = false;
template <auto F, class Kept>
inline constexpr bool is_method<managers::Method<F, Kept>> = true;

}  // namespace detail

namespace managers {

// Python's keyword arguments of BaseManager(); there is one serializer, pickle.
struct ManagerOptions {
  std::optional<Address> address{};      // none: a file of its own
  std::optional<std::string> authkey{};  // none: current_process().authkey()
  std::optional<Context> ctx{};          // none: get_context()
  // How long shutdown() waits for the server to answer, to end, and after SIGTERM. Then comes
  // SIGKILL.
  Timeout shutdown_timeout = std::chrono::seconds(1);
};

// What register_() returns: makes objects of the type in the manager's server, as Python's
// manager.Maths(…).
template <class P, class Arguments = void>
class Registered {
 public:
  using proxy = P;
  // Throws   AssertionError (the server is not started); RemoteError, which has nested what the
  //          constructor or the callable has thrown; OSError, EOFError (the server is gone).
  template <class... A>
  P operator()(A&&... args) const {
    using Given = std::tuple<v1::detail::bound_t<A>...>;
    using Sent = std::conditional_t<std::is_void_v<Arguments>, Given, Arguments>;
    detail::CreateExchange exchange(manager_, typeid_, v1::pickle::type_hash<Sent>(),
                                    detail::creation_hash<P, v1::detail::bound_t<A>...>());
    v1::pickle::dump<Sent>(exchange.request(), Sent(std::forward<A>(args)...));
    return P(exchange.reply());
  }

 private:
  friend class BaseManager;
  friend class SyncManager;
  friend class SharedMemoryManager;
  Registered(detail::Manager manager, std::string type)
      : manager_(std::move(manager)), typeid_(std::move(type)) {}

  detail::Manager manager_;
  std::string typeid_;
};

// A server in this process: for who does not want start() to have it in a process of its own.
// Spec     multiprocessing.managers.get-server
class TANDEM_API Server {
 public:
  Address address() const;
  // Serves until a client has asked for shutdown; then returns (Python's raises SystemExit). All
  // clients are cut off then, and their threads have ended; but for those in methods that do not
  // end within seconds, which keep the server's objects.
  void serve_forever() const;

 private:
  friend class BaseManager;
  explicit Server(std::shared_ptr<detail::ManagerServer> server) noexcept
      : server_(std::move(server)) {}
  std::shared_ptr<detail::ManagerServer> server_;
};

// A handle on a server and on the types of which it makes objects: a copy is the same manager. The
// server that it has started ends with the last handle, proxies that were made through it
// included, or by shutdown(); as the end of `with` does.
//
// In Python types are registered with a class of managers, here with the manager: a class of one's
// own does so in its constructor.
//
//   managers::BaseManager manager;
//   const auto Maths = manager.register_<Calculator>("Maths", method<&Calculator::add>);
//   manager.start();
//   std::cout << Maths().call<&Calculator::add>(4, 3);
//
// The methods of an object are called by several threads of the server at once, one for each
// thread that uses proxies: it has to stand that, as in Python. What a method returns is copied.
// Whoever connects has to know the authkey, and may then call what is registered.
// Threads  any number at once.
// Spec     multiprocessing.managers
class TANDEM_API BaseManager {
 public:
  explicit BaseManager(ManagerOptions options = {});
  BaseManager(const BaseManager&);
  BaseManager& operator=(const BaseManager&);
  virtual ~BaseManager();

  // Types that the server makes objects of, made of the arguments that the call is given; and the
  // methods that proxies have. T may be a class of proxies itself: Python's proxytype. Before
  // start() or get_server(); in a client any time.
  // Spec     multiprocessing.managers.register
  template <class T, auto... F, class... Kept>
  auto register_(std::string typeid_, Method<F, Kept>...) const {
    using P = typename detail::ProxyFor<T, Method<F, Kept>...>::type;
    detail::register_type(state_, typeid_, nullptr);
    return Registered<P>(state_, std::move(typeid_));
  }
  // The same, with a callable that the server calls for an object: a T, a std::shared_ptr<T>, or a
  // T& that lives as long as the server. When the server is not forked it has to be portable.
  template <class T, class C, auto... F, class... Kept>
  requires(!detail::is_method<C>) auto register_(std::string typeid_, C callable,
                                                 Method<F, Kept>...) const {
    using P = typename detail::ProxyFor<T, Method<F, Kept>...>::type;
    detail::register_type(state_, typeid_,
                          std::make_shared<const detail::CallableMaker<P, C>>(std::move(callable)));
    return Registered<P, typename detail::SignatureOf<C>::arguments>(state_, std::move(typeid_));
  }

  // Starts the server in a new process, where the initializer is called first.
  // Throws   ProcessError (started or shut down already); EOFError (the server has ended before it
  //          served); what start() of a Process throws.
  // Spec     multiprocessing.managers.start
  void start(detail::Target initializer = {}) const;
  // Uses a server that there is at the address.
  // Throws   as connection::Client().
  // Spec     multiprocessing.managers.connect
  void connect() const;
  // A server to be run here.
  // Throws   ProcessError (started or shut down already); what a Listener throws.
  Server get_server() const;
  // Ends the server that was started. May be called again.
  // Throws   AttributeError (none was started).
  // Spec     multiprocessing.managers.shutdown
  void shutdown() const;
  // Waits until that server has ended.
  // Throws   AttributeError (none was started).
  void join(Timeout timeout = {}) const;
  // Where the server listens; none: not started, and none given.
  std::optional<Address> address() const;

  // How many objects the server holds, and which; Python's private functions for tests.
  std::size_t _number_of_objects() const;
  std::string _debug_info() const;

  // The same manager.
  friend bool operator==(const BaseManager& a, const BaseManager& b) noexcept {
    return a.state_ == b.state_;
  }

 protected:
  detail::Manager state_;  // never null
};

// A manager that has Python's own types.
//   SyncManager manager = Manager();
//   auto squares = manager.dict<int, long>();
// Spec     multiprocessing.managers.sync-manager
class TANDEM_API SyncManager : public BaseManager {
 public:
  explicit SyncManager(ManagerOptions options = {});

  template <class T>
  ListProxy<T> list(std::vector<T> values = {}) const {
    return make<ListProxy<T>>("list", std::move(values));
  }
  template <class K, class V>
  DictProxy<K, V> dict(std::vector<std::pair<K, V>> items = {}) const {
    return make<DictProxy<K, V>>("dict", std::move(items));
  }
  NamespaceProxy Namespace() const;
  template <class T>
  ValueProxy<T> Value(T value) const {
    return make<ValueProxy<T>>("Value", std::move(value));
  }
  template <class T>
  ArrayProxy<T> Array(std::vector<T> values) const {
    return make<ArrayProxy<T>>("Array", std::move(values));
  }
  template <class T>
  QueueProxy<T> Queue(std::ptrdiff_t maxsize = 0) const {
    return make<QueueProxy<T>>("Queue", maxsize);
  }
  template <class T>
  QueueProxy<T> JoinableQueue(std::ptrdiff_t maxsize = 0) const {
    return make<QueueProxy<T>>("JoinableQueue", maxsize);
  }
  EventProxy Event() const;
  AcquirerProxy Lock() const;
  AcquirerProxy RLock() const;
  AcquirerProxy Semaphore(std::int64_t value = 1) const;
  AcquirerProxy BoundedSemaphore(std::int64_t value = 1) const;
  // Over an RLock of its own, or over a lock of the same server.
  ConditionProxy Condition() const;
  ConditionProxy Condition(const AcquirerProxy& lock) const;
  //   action  called in the server each time all have come
  BarrierProxy Barrier(std::int64_t parties, v1::pickle::PortableCall action = {},
                       Timeout timeout = {}) const;
  // Its workers are children of the server. As the options of multiprocessing::Pool.
  PoolProxy Pool(std::optional<int> processes = {}, v1::pickle::PortableCall initializer = {},
                 std::optional<int> maxtasksperchild = {}) const;

 private:
  template <class P, class... A>
  P make(const char* typeid_, A... args) const {
    return Registered<P>(state_, typeid_)(std::move(args)...);
  }
};

// A manager of shared memory: what is made through it is unlinked when its server ends.
//   SharedMemoryManager manager;
//   manager.start();
//   const auto memory = manager.SharedMemory(128);
// Throws   as SyncManager, SharedMemory and ShareableList.
// Spec     multiprocessing.managers.shared-memory
class TANDEM_API SharedMemoryManager : public BaseManager {
 public:
  explicit SharedMemoryManager(ManagerOptions options = {});
  shared_memory::SharedMemory SharedMemory(std::int64_t size) const;
  shared_memory::ShareableList ShareableList(std::vector<shared_memory::Shareable> sequence) const;

 private:
  void track(const shared_memory::SharedMemory& memory) const;
};

}  // namespace managers

// A SyncManager whose server runs.
TANDEM_API managers::SyncManager Manager();

inline auto Context::Manager() const {
  managers::SyncManager manager({.ctx = *this});
  manager.start();
  return manager;
}

}  // namespace tandem::inline v1::multiprocessing
