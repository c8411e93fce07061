// Calls that are made in another process: the function by its identity, its data as a pickle.
//
// What may be sent as a function:
//   a function, fn<&f>, fn<&C::method>
//   a lambda that captures nothing, or copies of what consists of plain values
//   a function object that can be pickled, as any class
//   call(f, args…) of these
// It names the same function in a process that runs the same program: one that was forked, or
// started from the same executable (see modules.hpp). Whatever else comes in is refused before
// anything is called.
// Spec  pickle.callable
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/fn.hpp"
#include "tandem/pickle/dumps.hpp"
#include "tandem/pickle/exception.hpp"

namespace tandem::inline v1::pickle {

namespace detail {

template <class T>
inline constexpr bool is_reference_wrapper = false;
template <class T>
inline constexpr bool is_reference_wrapper<std::reference_wrapper<T>> = true;

}  // namespace detail

// Whether another process can be told to call an F.
// Spec  pickle.callable.kinds
template <class F>
concept PortableCallable = Portable<F> ||(detail::Closure<F> && !detail::is_reference_wrapper<F>);

namespace detail {

template <class F, class... A>
struct CallCheck {
  static consteval bool run() {
    // Not in the assertions: the compiler would go on about concepts.
    constexpr bool is_callable = PortableCallable<F>;
    constexpr bool are_arguments = (Portable<A> && ...);
    static_assert(is_callable,
                  "tandem: this callable cannot be sent to another process; pass a function or a "
                  "lambda that captures nothing, and its data as arguments");
    static_assert(are_arguments,
                  "tandem: an argument cannot be sent to another process; pointers, references and "
                  "views mean nothing there");
    return is_callable && are_arguments;
  }
};
template <class F, class... A>
struct CallCheck<Call<F, A...>> : CallCheck<F, A...> {};

}  // namespace detail

// Says in two lines what is wrong with f(a…) as a call for another process. F and A are decayed.
// What goes on only if it returns true says nothing more: see check_portable().
template <class F, class... A>
consteval bool check_portable_call() {
  return detail::CallCheck<F, A...>::run();
}

namespace detail {

template <class R>
using or_monostate_t = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

//   is_call  false: an error was reported
template <bool is_call, class R>
consteval bool check_result() {
  constexpr bool is_result = !is_call || Portable<or_monostate_t<R>>;
  static_assert(is_result,
                "tandem: the result of this call cannot be sent back from another process");
  return is_result;
}
template <bool is_checked, class R>
struct Checked {
  using type = R;
};
template <bool is_call, class R>
using checked_result_t = typename Checked<check_result<is_call, R>(), R>::type;

}  // namespace detail

// The result of call(f, a…) in another process; void, where it is. An error when it cannot be sent
// there or back.
template <class F, class... A>
using portable_result_t =
    detail::checked_result_t<check_portable_call<std::decay_t<F>, tandem::detail::bound_t<A>...>(),
                             std::decay_t<tandem::detail::result_of_call_t<F, A...>>>;
// The same of f for the elements of ranges.
template <class F, class... R>
using portable_mapped_t = detail::checked_result_t<
    check_portable_call<std::decay_t<F>, std::ranges::range_value_t<R>...>(),
    std::decay_t<std::invoke_result_t<std::decay_t<F>&, std::ranges::range_value_t<R>...>>>;

// What became of a call in another process.
enum class Outcome : unsigned char {
  VALUE,       // its result follows
  EXCEPTION,   // what it threw follows
  UNSENDABLE,  // it returned, but its result could not be pickled: why follows, as an exception
};

// Appends a call for invoke(): f(args…), by value.
// Throws   as dump(); PicklingError (a lambda captured what looks like an address; of 64 bits, one
//          from 4 GiB on: a program linked with -no-pie may have some below, which pass).
// Spec     pickle.callable, pickle.callable.foreign
template <class F, class... A>
void encode_call(Output& output, const F& f, const A&... args);
template <class F, class... A>
void encode_call(Output& output, const Call<F, A...>& call);

// Makes the call and appends what became of it, which decode_outcome() reads. What is no call of
// this program gives an EXCEPTION, an UnpicklingError.
//   returns  what it was
// Throws   std::bad_alloc only.
TANDEM_API Outcome invoke(Input& call, Output& outcome);

// The result of a call that invoke() has made.
// Throws   what the call threw, with a RemoteTraceback nested in it; what the result could not be
//          pickled for; UnpicklingError (it is nothing of that kind).
template <class R>
R decode_outcome(Input& outcome);
// The same in two steps: the exception, or null and the input stands where the result begins.
//   what  is set
TANDEM_API std::exception_ptr decode_outcome(Input& outcome, Outcome& what);

namespace detail {

// A call with its data, not yet made.
class TANDEM_API BoundCall {
 public:
  virtual ~BoundCall();
  virtual void call() const = 0;
  virtual void encode(Output& output) const = 0;
};

// A kind of call that this program makes in other processes: registered before main. What is sent
// is where it lies in which module, which no other has; and what comes in is compared with those
// that there are.
class TANDEM_API ActionNode {
 public:
  using Run = void (*)(Input& call, Output& outcome, bool& has_returned);
  using Load = std::shared_ptr<const BoundCall> (*)(Input& call);
  ActionNode(std::uint64_t action_hash, const std::type_info& action_type, Run action_run,
             Load action_load) noexcept;
  ActionNode(const ActionNode&) = delete;
  ActionNode& operator=(const ActionNode&) = delete;

  const std::uint64_t hash;
  const std::type_info& type;
  const Run run;
  const Load load;
  const ActionNode* next;
};
TANDEM_API void write_action(Output& output, const ActionNode& action);
TANDEM_API const ActionNode& read_action(Input& input);
// A function that will be called.
// Throws TypeError: it is null.
TANDEM_API void write_callee(Output& output, void (*function)());
TANDEM_API void (*read_callee(Input& input))();

template <class F>
void dump_function(Output& output, const F& f) {
  if constexpr (kind<F> == Kind::function)
    write_callee(output, reinterpret_cast<void (*)()>(f));
  else if constexpr (Portable<F>)
    dump_value<F>(output, f);
  else
    write_closure(output, f);
}
template <class F>
F load_function(Input& input) {
  if constexpr (kind<F> == Kind::function) {
    return reinterpret_cast<F>(read_callee(input));
  } else if constexpr (Portable<F>) {
    return load_value<F>(input);
  } else {
    std::array<std::byte, sizeof(F)> bytes;
    std::memcpy(bytes.data(), input.read(sizeof(F)), sizeof(F));
    return std::bit_cast<F>(bytes);
  }
}

template <class F, class... A>
struct Action {
  static void run(Input& input, Output& output, bool& has_returned);
  static std::shared_ptr<const BoundCall> load(Input& input);
  static inline const ActionNode node{hash_of_type<Action>(), typeid(Action), &run, &load};

  static void encode(Output& output, const F& f, const std::tuple<A...>& args) {
    const Output::Message message(output);
    write_action(output, node);
    dump_function<F>(output, f);
    dump_value<std::tuple<A...>>(output, args);
  }
};

template <class F, class... A>
class BoundAction final : public BoundCall {
 public:
  template <class G, class T>
  BoundAction(G&& f, T&& args) : f_(std::forward<G>(f)), args_(std::forward<T>(args)) {}

  void call() const override {
    if constexpr (std::copy_constructible<F> && (std::copy_constructible<A> && ...)) {
      F f(f_);
      std::apply(std::move(f), std::tuple<A...>(args_));
    } else {
      Output copy;
      encode(copy);
      Input input(copy.bytes());
      const Input::Message message(input);
      Output ignored;
      bool has_returned = false;
      read_action(input).run(input, ignored, has_returned);
    }
  }
  void encode(Output& output) const override { Action<F, A...>::encode(output, f_, args_); }

 private:
  F f_;
  std::tuple<A...> args_;
};

template <class F, class... A>
void Action<F, A...>::run(Input& input, Output& output, bool& has_returned) {
  F f = load_function<F>(input);
  auto args = load_value<std::tuple<A...>>(input);
  using R = std::decay_t<std::invoke_result_t<F, A...>>;
  if constexpr (std::is_void_v<R> || !Portable<or_monostate_t<R>>) {
    std::apply(std::move(f), std::move(args));
    has_returned = true;
  } else {
    const R result = std::apply(std::move(f), std::move(args));
    has_returned = true;
    dump<R>(output, result);
  }
}
template <class F, class... A>
std::shared_ptr<const BoundCall> Action<F, A...>::load(Input& input) {
  F f = load_function<F>(input);
  return std::make_shared<const BoundAction<F, A...>>(std::move(f),
                                                      load_value<std::tuple<A...>>(input));
}

template <class F>
struct BoundOf {
  template <class G>
  static std::shared_ptr<const BoundCall> make(G&& f) {
    return std::make_shared<const BoundAction<F>>(std::forward<G>(f), std::tuple<>());
  }
};
template <class F, class... A>
struct BoundOf<Call<F, A...>> {
  template <class G>
  static std::shared_ptr<const BoundCall> make(G&& call) {
    auto&& f = std::forward<G>(call).function();
    return std::make_shared<const BoundAction<F, A...>>(std::forward<decltype(f)>(f),
                                                        std::forward<G>(call).arguments());
  }
};

}  // namespace detail

// A call(f, args…), or a function without parameters, that may be sent; checked when compiled. A
// value; a copy shares what is bound, which nobody changes. Can itself be pickled. Spec
// pickle.callable.portable-call
class TANDEM_API PortableCall {
 public:
  PortableCall() = default;  // nothing
  template <class F>
  requires(std::invocable<std::decay_t<F>> && !std::same_as<std::decay_t<F>, PortableCall>)
      PortableCall(F&& f) {
    if constexpr (check_portable_call<std::decay_t<F>>())
      bound_ = detail::BoundOf<std::decay_t<F>>::make(std::forward<F>(f));
  }

  explicit operator bool() const noexcept { return bound_ != nullptr; }
  // Makes the call here, with copies of what is bound.
  void operator()() const { bound_->call(); }
  // Appends it for invoke().
  void encode(Output& output) const { bound_->encode(output); }

  void pickle(Output& output) const;
  static PortableCall unpickle(Input& input);

 private:
  std::shared_ptr<const detail::BoundCall> bound_;
};

// A call(f, args…) as an argument of another.
template <class F, class... A>
struct reduce<Call<F, A...>> {
  static std::tuple<F, A...> dump(const Call<F, A...>& call) {
    return std::tuple_cat(std::tuple<F>(call.function()), call.arguments());
  }
  static Call<F, A...> load(F f, A... args) {
    return Call<F, A...>(std::in_place, std::move(f), std::move(args)...);
  }
};

template <class F, class... A>
void encode_call(Output& output, const F& f, const A&... args) {
  if constexpr (check_portable_call<std::decay_t<const F&>, tandem::detail::bound_t<const A&>...>())
    detail::Action<std::decay_t<const F&>, tandem::detail::bound_t<const A&>...>::encode(output, f,
                                                                                         {args...});
}
template <class F, class... A>
void encode_call(Output& output, const Call<F, A...>& call) {
  if constexpr (check_portable_call<F, A...>())
    detail::Action<F, A...>::encode(output, call.function(), call.arguments());
}

template <class R>
R decode_outcome(Input& outcome) {
  const Input::Message message(outcome);
  Outcome what;
  if (const std::exception_ptr exception = decode_outcome(outcome, what))
    std::rethrow_exception(exception);
  if constexpr (!std::is_void_v<R>) return load<R>(outcome);
}

}  // namespace tandem::inline v1::pickle
