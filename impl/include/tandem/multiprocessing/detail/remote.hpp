// The actions that workers run: a call, and many calls of one function.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

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

// The result of f(args...), once all of it may travel.
template <class F, class... A>
struct RemoteResult : pickle::CheckPortable<F, bound_t<A>...> {
  using type = std::decay_t<result_of_call_t<F, A...>>;
};
template <class F, class... A>
using remote_result_t = typename RemoteResult<F, A...>::type;

// What stands for the result of f(element) in a list.
template <class F, class A>
struct PoolMapped : pickle::CheckPortable<F, A> {
  using type = kept_t<std::invoke_result_t<F&, A>>;
};
template <class F, class R>
using pool_mapped_t = typename PoolMapped<F, std::ranges::range_value_t<R>>::type;

// The same of f(*element).
template <class F, class A>
struct PoolStarmapped : pickle::CheckPortable<F, A> {
  using type = kept_t<decltype(std::apply(std::declval<F&>(), std::declval<A>()))>;
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
    pickle::dump(out, result);
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
  if constexpr (std::is_same_v<kept_t<T>, std::monostate>)
    return {};
  else
    return pickle::load<kept_t<T>>(in);
}

// A call(f, args...), as one value.
template <class C>
struct RemoteCall {
  static void encode(pickle::Output& out, const C& call) {
    pickle::dump_action<&run>(out);
    pickle::dump(out, call);
  }
  static void run(pickle::Input& in, pickle::Output& out) {
    send_result_of(out, pickle::load<C>(in));
  }
};

// f(element), or f(*element), for each element of a chunk.
template <class F, class A, bool star>
struct RemoteChunk {
  // at(i) is the element.
  template <class At>
  static void encode(pickle::Output& out, const F& f, std::size_t first, std::size_t end, At at) {
    pickle::dump_action<&run>(out);
    pickle::dump(out, f);
    pickle::dump(out, static_cast<std::uint64_t>(end - first));
    for (std::size_t i = first; i < end; ++i) pickle::dump(out, static_cast<const A&>(at(i)));
  }
  static void run(pickle::Input& in, pickle::Output& out) {
    F f = pickle::load<F>(in);
    for (auto left = pickle::load<std::uint64_t>(in); left > 0; --left) {
      A element = pickle::load<A>(in);
      if constexpr (star)
        std::apply([&](auto&&... args) { send_result_of(out, f, std::move(args)...); },
                   std::move(element));
      else
        send_result_of(out, f, std::move(element));
    }
  }
};

}  // namespace tandem::inline v1::multiprocessing::detail
