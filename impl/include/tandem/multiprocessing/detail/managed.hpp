// What a manager's server knows of the types of its objects: their methods by name, and how objects
// are made. All of it is made by templates, in every process of the program.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/fn.hpp"
#include "tandem/core/value_repr.hpp"
#include "tandem/multiprocessing/detail/target.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

// How far a request has come: what is thrown means another thing each time.
enum class Step : unsigned char {
  REQUEST,  // it is read
  CALL,     // the object's method runs
  RESULT,   // what it returned is written
};

// ---- methods ----

struct ManagedMethod {
  std::string_view name;
  std::uint64_t (*signature)() noexcept;
  void (*run)(void* object, pickle::Input& request, pickle::Output& reply, Step& step);
};

struct ManagedType {
  const std::type_info* type;
  std::span<const ManagedMethod> methods;
  std::string (*repr)(const void* object);
};

// An object in the server, and what can be done with it.
struct Managed {
  std::shared_ptr<void> object;
  const ManagedType* type;
};

// The parameters of a callable, of a method those behind its object.
template <class F>
struct SignatureOf : SignatureOf<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature {
  using result = R;
  using arguments = std::tuple<std::decay_t<A>...>;
  // Calls f(before, args…) as its parameters ask for them.
  template <class F, class... Before>
  static decltype(auto) apply(F& f, arguments& args, Before&... before) {
    return apply_at(std::index_sequence_for<A...>(), f, args, before...);
  }

 private:
  template <std::size_t... i, class F, class... Before>
  static decltype(auto) apply_at(std::index_sequence<i...>, F& f, [[maybe_unused]] arguments& args,
                                 Before&... before) {
    return std::invoke(f, before..., static_cast<A&&>(std::get<i>(args))...);
  }
};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...)> : Signature<R, A...> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) const> : Signature<R, A...> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) noexcept> : Signature<R, A...> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) const noexcept> : Signature<R, A...> {};
template <class R, class... A>
struct SignatureOf<R (*)(A...)> : Signature<R, A...> {};
template <class R, class... A>
struct SignatureOf<R (*)(A...) noexcept> : Signature<R, A...> {};

// Of a method that is a function the first parameter is the object.
template <class F>
struct MethodSignature : SignatureOf<F> {};
template <class R, class C, class... A>
struct MethodSignature<R (*)(C, A...)> : Signature<R, A...> {};
template <class R, class C, class... A>
struct MethodSignature<R (*)(C, A...) noexcept> : Signature<R, A...> {};

// What both sides have to agree about.
template <class R, class Arguments>
std::uint64_t signature_hash() noexcept {
  return pickle::type_hash<std::pair<R*, Arguments>>();
}

}  // namespace tandem::inline v1::multiprocessing::detail

namespace tandem::inline v1::multiprocessing::managers {

// A method that proxies may call: method<&Maths::add>. A function whose first parameter is the
// object will do as well.
//   Kept  a proxy: the result stays in the server, and this refers to it (Python's
//         method_to_typeid)
template <auto F, class Kept = void>
struct Method {
  using signature = multiprocessing::detail::MethodSignature<decltype(F)>;
  using arguments = typename signature::arguments;
  using result =
      std::conditional_t<std::is_void_v<Kept>, std::decay_t<typename signature::result>, Kept>;
  static constexpr std::string_view name() { return v1::detail::function_name<F>(); }
  static std::uint64_t hash() noexcept {
    return multiprocessing::detail::signature_hash<result, arguments>();
  }
};
template <auto F, class Kept = void>
inline constexpr Method<F, Kept> method{};

}  // namespace tandem::inline v1::multiprocessing::managers

namespace tandem::inline v1::multiprocessing::detail {

// A result that is kept: the proxy of it.
template <class P, class R>
P keep_result(R&& result);  // in proxy.hpp

// The error that is to be read; what goes on only if it returns true says nothing more.
template <class M>
consteval bool check_method() {
  using Result = typename M::result;
  constexpr bool is_portable =
      pickle::Portable<typename M::arguments> &&
      pickle::Portable<std::conditional_t<std::is_void_v<Result>, char, Result>>;
  static_assert(is_portable,
                "tandem: a parameter or the result of this method cannot be sent to another "
                "process; pointers, references and views mean nothing there");
  return is_portable;
}

template <class T, class M>
struct RunMethod;
template <class T, auto F, class Kept>
struct RunMethod<T, managers::Method<F, Kept>> {
  using M = managers::Method<F, Kept>;
  using Result = typename M::result;

  static void run([[maybe_unused]] void* object, [[maybe_unused]] pickle::Input& request,
                  [[maybe_unused]] pickle::Output& reply, [[maybe_unused]] Step& step) {
    if constexpr (check_method<M>()) run_checked(object, request, reply, step);
  }

 private:
  static void run_checked(void* object, pickle::Input& request, pickle::Output& reply, Step& step) {
    auto args = pickle::load<typename M::arguments>(request);
    step = Step::CALL;
    auto f = F;
    auto& self = *static_cast<T*>(object);
    if constexpr (std::is_void_v<Result>) {
      M::signature::apply(f, args, self);
    } else if constexpr (std::is_void_v<Kept>) {
      const Result result = M::signature::apply(f, args, self);
      step = Step::RESULT;
      pickle::dump<Result>(reply, result);
    } else {
      const Result proxy = keep_result<Kept>(M::signature::apply(f, args, self));
      step = Step::RESULT;
      pickle::dump<Result>(reply, proxy);
    }
  }
};

// Python's '#GETVALUE': a copy of the object.
template <class T>
inline constexpr bool has_value = std::copy_constructible<T>&& pickle::Portable<T>;
template <class T>
void run_getvalue(void* object, pickle::Input&, pickle::Output& reply, Step& step) {
  step = Step::RESULT;
  pickle::dump<T>(reply, *static_cast<const T*>(object));
}

template <class T, class... M>
constexpr auto managed_methods() {
  constexpr std::size_t count = sizeof...(M) + (has_value<T> ? 1 : 0);
  if constexpr (has_value<T>)
    return std::array<ManagedMethod, count>{
        ManagedMethod{M::name(), &M::hash, &RunMethod<T, M>::run}...,
        ManagedMethod{"#GETVALUE", &signature_hash<T, std::tuple<>>, &run_getvalue<T>}};
  else
    return std::array<ManagedMethod, count>{
        ManagedMethod{M::name(), &M::hash, &RunMethod<T, M>::run}...};
}

// Constants: nothing that a fork() may come in between of.
template <class T, class... M>
const ManagedType& managed_type() {
  static constexpr auto methods = managed_methods<T, M...>();
  static constexpr ManagedType type{&typeid(T), methods, [](const void* object) {
                                      return value_repr(*static_cast<const T*>(object));
                                    }};
  return type;
}

// ---- making objects ----

// What makes objects of one type from arguments of these types: registered before main.
class TANDEM_API CreationNode {
 public:
  using Make = Managed (*)(pickle::Input& request, Step& step);
  CreationNode(std::uint64_t creation_hash, Make creation_make) noexcept;
  CreationNode(const CreationNode&) = delete;
  CreationNode& operator=(const CreationNode&) = delete;

  const std::uint64_t hash;
  const Make make;
  const CreationNode* next;
};

template <class P, class... A>
struct Creation {
  using T = typename P::referent;
  static Managed make(pickle::Input& request, Step& step) {
    auto args = pickle::load<std::tuple<A...>>(request);
    step = Step::CALL;
    return {std::apply(
                [](A&... each) -> std::shared_ptr<void> {
                  return std::make_shared<T>(std::move(each)...);
                },
                args),
            &P::type()};
  }
  static inline const CreationNode node{pickle::type_hash<Creation>(), &make};
};
// 0: there is none, since a T is not made of these.
template <class P, class... A>
std::uint64_t creation_hash() {
  if constexpr (std::constructible_from<typename P::referent, A...>)
    return Creation<P, A...>::node.hash;
  else
    return 0;
}

// Python's callable of register().
class TANDEM_API Maker {
 public:
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  virtual ~Maker();
  // What its arguments are.
  virtual std::uint64_t arguments() const noexcept = 0;
  virtual Managed make(pickle::Input& request, Step& step) const = 0;
  // Throws   PicklingError (it cannot cross).
  virtual void encode(pickle::Output& output) const = 0;

 protected:
  Maker() = default;
};
using LoadMaker = std::shared_ptr<const Maker> (*)(pickle::Input& input);

template <class T>
std::shared_ptr<void> as_shared(std::shared_ptr<T> object) {
  return object;
}
template <class T>
std::shared_ptr<void> as_shared(T& object) {  // it is somebody else's
  return std::shared_ptr<void>(std::shared_ptr<void>(), &object);
}
template <class T>
requires(!std::is_lvalue_reference_v<T>) std::shared_ptr<void> as_shared(T&& object) {
  return std::make_shared<T>(std::forward<T>(object));
}

template <class P, class F>
class CallableMaker final : public Maker {
 public:
  template <class G>
  explicit CallableMaker(G&& f) : f_(std::forward<G>(f)) {}

  std::uint64_t arguments() const noexcept override { return pickle::type_hash<Arguments>(); }
  Managed make(pickle::Input& request, Step& step) const override {
    auto args = pickle::load<Arguments>(request);
    step = Step::CALL;
    return {as_shared(SignatureOf<F>::apply(f_, args)), &P::type()};
  }
  void encode([[maybe_unused]] pickle::Output& output) const override {
    if constexpr (pickle::PortableCallable<F>) {
      pickle::dump<LoadMaker>(output, &load);
      pickle::detail::dump_function<F>(output, f_);
    } else {
      refuse_to_pickle(typeid(F));
    }
  }

 private:
  using Arguments = typename SignatureOf<F>::arguments;
  static std::shared_ptr<const Maker> load([[maybe_unused]] pickle::Input& input) {
    if constexpr (pickle::PortableCallable<F>)
      return std::make_shared<const CallableMaker>(pickle::detail::load_function<F>(input));
    else
      return nullptr;
  }

  F f_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
