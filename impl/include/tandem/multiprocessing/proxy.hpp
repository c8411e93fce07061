// Python's BaseProxy and AutoProxy: objects that live in a manager's server.
#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/multiprocessing/connection.hpp"
#include "tandem/multiprocessing/detail/managed.hpp"
#include "tandem/multiprocessing/listener.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

class Lease;  // what the copies of a proxy share; the referent lives as long as one of them

// A request to a server on the calling thread's connection, and its answer.
class TANDEM_API Exchange {
 public:
  Exchange(const Lease& lease, std::string_view method, std::uint64_t signature);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  // Where the arguments go.
  pickle::Output& request() noexcept { return request_; }
  // Sends it, and waits for what the method returned.
  // Throws   what the method has thrown; managers::RemoteError; OSError, EOFError (the server is
  //          gone).
  pickle::Input& reply();

 private:
  const Lease& lease_;
  pickle::Output request_{pickle::Sharing::CONNECTION};
  std::optional<pickle::Output::Message> request_message_{};
  std::optional<Received> reply_{};
  std::optional<pickle::Input::Message> reply_message_{};
};

template <class R, class... A>
R call_method(const Lease& lease, std::string_view method, std::uint64_t signature,
              const std::tuple<A...>& arguments) {
  Exchange exchange(lease, method, signature);
  pickle::dump<std::tuple<A...>>(exchange.request(), arguments);
  [[maybe_unused]] pickle::Input& reply = exchange.reply();
  if constexpr (!std::is_void_v<R>) return pickle::load<R>(reply);
}

// In a server's own process: an object that is to live in it.
// Throws   RuntimeError (no server runs here).
TANDEM_API std::shared_ptr<const Lease> keep_object(const Managed& object, std::string typeid_);
// In the process of its server: the object itself; null elsewhere, or if it is of another type.
TANDEM_API std::shared_ptr<void> own_object(const Lease& lease, const std::type_info& type);

}  // namespace detail

namespace managers {

using connection::Address;

// Which object in which server. A value.
struct TANDEM_API Token {
  std::string typeid_;
  Address address;
  std::uint64_t id;

  friend bool operator==(const Token&, const Token&) = default;
  // Python's repr: "Token(typeid='list', address='/tmp/…', id='2a')".
  TANDEM_API friend std::string to_string(const Token& token);
  friend std::ostream& operator<<(std::ostream& out, const Token& token) {
    return out << to_string(token);
  }
};

// What went wrong in the server, but in no method: there is no such object any more, the object
// could not be made, the result could not be sent. What was thrown is nested in it.
//   what()  Python's text: the server's traceback between lines of dashes
// Spec     multiprocessing.managers.remote-error
class TANDEM_API RemoteError : public std::runtime_error {
 public:
  explicit RemoteError(const std::string& traceback);
};

// The base of all proxies. A handle: a copy refers to the same object; the object lives as long as
// any process has a proxy of it, or another object in the server has. A process that is killed has
// none any more.
// Proxies can be sent to other processes, as arguments, through queues and connections, to other
// objects of the server; on the way the object stays alive (if it never arrives, as long as the
// server). What is sent otherwise than to a process that is being started goes without the authkey:
// who receives it has to have the same, in current_process().authkey().
// A call waits for as long as the server takes, as in Python: for ever, if the server is stopped.
// When the process that has called is killed, what waits for it in the server is given up; but not
// at a Barrier, in join() of a Pool, and in a method of a class of one's own.
// Throws   all methods: what the method has thrown in the server, with a RemoteTraceback nested in
//          it; RemoteError; OSError or EOFError (the server is gone); AuthenticationError.
// Threads  any number at once. Each thread has a connection and a thread of the server to itself.
// Order    as of the object's own methods.
// Spec     multiprocessing.managers.proxy
class TANDEM_API BaseProxy {
 public:
  BaseProxy(const BaseProxy&);
  BaseProxy& operator=(const BaseProxy&);
  ~BaseProxy();

  // Which object it is. Python's _token.
  const Token& _token() const noexcept;
  // Calls a method by its name. The types are those of the method's result and parameters.
  template <class R = void, class... A>
  R _callmethod(std::string_view method, A&&... args) const {
    using Arguments = std::tuple<v1::detail::bound_t<A>...>;
    return detail::call_method<R>(*lease_, method, detail::signature_hash<R, Arguments>(),
                                  Arguments(std::forward<A>(args)...));
  }

  // Python's repr: "<ListProxy object, typeid 'list' at 0x7f12ab>".
  std::string repr() const;
  // Python's str: the repr of the object itself. "<… ; '__str__()' failed>": it cannot be asked.
  TANDEM_API friend std::string to_string(const BaseProxy& proxy);
  friend std::ostream& operator<<(std::ostream& out, const BaseProxy& proxy) {
    return out << to_string(proxy);
  }
  // Of the same object.
  TANDEM_API friend bool operator==(const BaseProxy& a, const BaseProxy& b) noexcept;

  // Not for users: how it crosses to another process.
  void pickle(v1::pickle::Output& output) const;

 protected:
  using Lease = std::shared_ptr<const detail::Lease>;
  // class_name  of a static text; empty: AutoProxy[…]
  BaseProxy(Lease lease, std::string_view class_name) noexcept;
  // Throws   what connecting throws; RemoteError (there is no such object any more).
  static Lease load(v1::pickle::Input& input);
  const detail::Lease& lease() const noexcept { return *lease_; }

  template <class M, class... A>
  typename M::result call_registered(A&&... args) const {
    if constexpr (detail::check_method<M>())
      return detail::call_method<typename M::result>(
          *lease_, M::name(), M::hash(), typename M::arguments(std::forward<A>(args)...));
  }

 private:
  Lease lease_;
  std::string_view class_name_;
};

// The proxy of a T that has the methods M and no others: what is not registered does not compile.
//   maths.call<&Maths::add>(4, 3)     Python's maths.add(4, 3)
// A class derived from it can give the methods their own names.
// Spec     multiprocessing.managers.register
template <class T, class... M>
class AutoProxy : public BaseProxy {
 public:
  using referent = T;

  explicit AutoProxy(Lease lease, std::string_view class_name = {}) noexcept
      : BaseProxy(std::move(lease), class_name) {}

  template <auto F, class... A>
  auto call(A&&... args) const {
    using Called = typename Find<F>::type;
    static_assert(!std::is_void_v<Called>,
                  "tandem: this method is not registered: see register_() of the manager");
    if constexpr (!std::is_void_v<Called>) return call_registered<Called>(std::forward<A>(args)...);
  }

  // A copy of the object.
  auto _getvalue() const requires detail::has_value<T> {
    return this->template _callmethod<T>("#GETVALUE");
  }

  // Not for users.
  static AutoProxy unpickle(v1::pickle::Input& input) { return AutoProxy(load(input)); }
  static const detail::ManagedType& type() { return detail::managed_type<T, M...>(); }

 private:
  template <auto F>
  struct Constant {};
  template <auto F, class... Left>
  struct FindIn {
    using type = void;
  };
  template <auto F, auto G, class Kept, class... Left>
  struct FindIn<F, Method<G, Kept>, Left...> {
    using type =
        typename std::conditional_t<std::is_same_v<Constant<F>, Constant<G>>,
                                    std::type_identity<Method<G, Kept>>, FindIn<F, Left...>>::type;
  };
  template <auto F>
  using Find = FindIn<F, M...>;
};

// The same for who names the type of a proxy: Proxy<Maths, &Maths::add, &Maths::mul>.
template <class T, auto... F>
using Proxy = AutoProxy<T, Method<F>...>;

}  // namespace managers

namespace detail {

template <class P, class R>
P keep_result(R&& result) {
  return P(keep_object({as_shared(std::forward<R>(result)), &P::type()},
                       type_name<typename P::referent>()));
}

}  // namespace detail
}  // namespace tandem::inline v1::multiprocessing
