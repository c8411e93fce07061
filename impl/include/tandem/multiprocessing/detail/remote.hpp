// The actions that workers run: a call, and many calls of one function.
#pragma once
#include <cstddef>
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
#include <vector>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

// What stands for a result that is kept: Python's None is a monostate, and a reference into the
// worker is nothing here.
template <class T>
using kept_t = std::conditional_t<std::is_void_v<T>, std::monostate, std::decay_t<T>>;

// The result of f(args...), where all of it may travel.
template <class F, class... A>
using remote_result_t = pickle::portable_result_t<F, A...>;

// What stands for the result of f(element) in a list.
template <class F, class R>
using pool_mapped_t = kept_t<pickle::portable_mapped_t<F, R>>;

// The same of f(*element).
template <class F, class A, class I = std::make_index_sequence<std::tuple_size_v<A>>>
struct PoolStarmapped;
template <class F, class A, std::size_t... i>
struct PoolStarmapped<F, A, std::index_sequence<i...>> {
  using type = kept_t<pickle::portable_mapped_t<F, std::vector<std::tuple_element_t<i, A>>...>>;
};
template <class F, class R>
using pool_starmapped_t = typename PoolStarmapped<F, std::ranges::range_value_t<R>>::type;

// As many workers as somebody asks for; the rest is the business of who checks them.
template <Count N>
constexpr int clamped_count(N n) {
  if (std::cmp_less(n, 1)) return 0;
  return std::cmp_greater(n, 1 << 30) ? 1 << 30 : static_cast<int>(n);
}

// A result that cannot be sent: the worker tells what it was and why.
struct ResultNotSent {
  std::string value;
  std::exception_ptr reason;
};

template <class T>
void send_result(pickle::Output& out, const T& result) {
  try {
    if constexpr (pickle::Portable<T>) pickle::dump(out, result);  // else an error was reported
  } catch (...) {
    throw ResultNotSent{type_name<T>(), std::current_exception()};
  }
}

template <class F, class... A>
void send_result_of(pickle::Output& out, F&& f, A&&... args) {
  using Result = std::invoke_result_t<F, A...>;
  // Of a monostate there is nothing to send: it stands for void.
  if constexpr (std::is_same_v<kept_t<Result>, std::monostate>)
    std::invoke(std::forward<F>(f), std::forward<A>(args)...);
  else
    send_result<std::decay_t<Result>>(out,
                                      std::invoke(std::forward<F>(f), std::forward<A>(args)...));
}

// T may be void.
template <class T>
kept_t<T> receive_result(pickle::Input& in) {
  if constexpr (std::is_same_v<kept_t<T>, std::monostate> || !pickle::Portable<kept_t<T>>)
    return {};
  else
    return pickle::load<kept_t<T>>(in);
}

// What is registered of an action that is only ever run.
[[noreturn]] TANDEM_API std::shared_ptr<const pickle::detail::BoundCall> load_no_call(
    pickle::Input& in);

// A call(f, args...).
template <class C>
struct RemoteCall;
template <class F, class... A>
struct RemoteCall<Call<F, A...>> {
  static void encode(pickle::Output& out, const Call<F, A...>& call) {
    if constexpr (pickle::check_portable_call<F, A...>()) {
      pickle::detail::write_action(out, node);
      pickle::detail::dump_function<F>(out, call.function());
      pickle::dump<std::tuple<A...>>(out, call.arguments());
    }
  }
  static void run(pickle::Input& in, pickle::Output& out, bool&) {
    F f = pickle::detail::load_function<F>(in);
    auto arguments = pickle::load<std::tuple<A...>>(in);
    std::apply([&](A&... args) { send_result_of(out, std::move(f), std::move(args)...); },
               arguments);
  }
  static inline const pickle::detail::ActionNode node{pickle::type_hash<RemoteCall>(),
                                                      typeid(RemoteCall), &run, &load_no_call};
};

// f(element), or f(*element), for each element of a chunk.
template <class F, class A, bool star>
struct RemoteChunk {
  // at(i) is the element.
  template <class At>
  static void encode(pickle::Output& out, const F& f, std::size_t first, std::size_t end, At at) {
    pickle::detail::write_action(out, node);
    pickle::detail::dump_function<F>(out, f);
    out.write_size(end - first);
    for (std::size_t i = first; i < end; ++i) pickle::dump<A>(out, at(i));
  }
  static void run(pickle::Input& in, pickle::Output& out, bool&) {
    F f = pickle::detail::load_function<F>(in);
    for (std::size_t left = in.read_size(); left > 0; --left) {
      A element = pickle::load<A>(in);
      if constexpr (star)
        std::apply([&](auto&... args) { send_result_of(out, f, std::move(args)...); }, element);
      else
        send_result_of(out, f, std::move(element));
    }
  }
  static inline const pickle::detail::ActionNode node{pickle::type_hash<RemoteChunk>(),
                                                      typeid(RemoteChunk), &run, &load_no_call};
};

}  // namespace tandem::inline v1::multiprocessing::detail
