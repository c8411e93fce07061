// The members of an aggregate, without a word from whoever wrote it: how many there are is found by
// trying how many initialisers it takes, and structured bindings name them.
//
// Boost.PFR does the same; the releases of Boost that it came with cannot be installed beside the
// one that others depend on, and what is needed here is this little.
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

namespace tandem::inline v1::pickle::detail {

struct Anything {
  template <class T>
  operator T() const noexcept {  // never called
    __builtin_unreachable();
  }
};

inline constexpr std::size_t max_members = 16;
inline constexpr std::size_t max_initializers =
    64;  // those of a member that is an array count each

template <class T, std::size_t... B>
consteval bool takes(std::index_sequence<B...>) {
  return requires { T{(void(B), Anything{})...}; };
}
template <class T, std::size_t N>
inline constexpr bool takes_initializers = takes<T>(std::make_index_sequence<N>{});

// The least number that T cannot do without, from there up; then the most it takes.
template <class T, std::size_t N = 0>
consteval std::size_t least_initializers() {
  if constexpr (N > max_initializers || takes_initializers<T, N>)
    return N;
  else
    return least_initializers<T, N + 1>();
}
template <class T, std::size_t N = least_initializers<T>()>
consteval std::size_t most_initializers() {
  if constexpr (N > max_initializers)
    return 0;
  else if constexpr (takes_initializers<T, N + 1>)
    return most_initializers<T, N + 1>();
  else
    return N;
}

// Whether, after `Before` initialisers, one in braces and `After` more are taken.
template <class T, std::size_t... B, std::size_t... A>
consteval bool takes_braces(std::index_sequence<B...>, std::index_sequence<A...>) {
  if constexpr (requires { T{(void(B), Anything{})..., {}, (void(A), Anything{})...}; })
    return true;
  else  // no member that can be had from nothing
    return requires { T{(void(B), Anything{})..., {Anything{}}, (void(A), Anything{})...}; };
}
// How many of `Left` initialisers the member takes that begins with the one after `Before`: more
// than one when it is an array, whose braces were left out.
template <class T, std::size_t Before, std::size_t Left, std::size_t Taken = 1>
consteval std::size_t taken_by_member() {
  if constexpr (Taken > Left)
    return 1;
  else if constexpr (takes_braces<T>(std::make_index_sequence<Before>{},
                                     std::make_index_sequence<Left - Taken>{}))
    return Taken;
  else
    return taken_by_member<T, Before, Left, Taken + 1>();
}
template <class T, std::size_t Before, std::size_t Left>
consteval std::size_t count_members() {
  if constexpr (Left == 0) {
    return 0;
  } else {
    constexpr std::size_t taken = taken_by_member<T, Before, Left>();
    return 1 + count_members<T, Before + taken, Left - taken>();
  }
}

template <class T>
struct AnyBase {
  template <class B>
  requires(std::is_base_of_v<B, T> && !std::is_same_v<B, T>) operator B() const noexcept {
    __builtin_unreachable();
  }
};
template <class T>
inline constexpr bool has_bases = requires {
  T{AnyBase<T>{}};
};

// How many members T has; 0: none, too many, or not to be told.
template <class T>
inline constexpr std::size_t member_count = [] {
  constexpr std::size_t count = count_members<T, 0, most_initializers<T>()>();
  return count > max_members ? 0 : count;
}();

// f(members…), of an object that may be const.
template <class T, class F>
constexpr decltype(auto) visit_members(T& object, F&& f) {
  constexpr std::size_t count = member_count<std::remove_const_t<T>>;
  if constexpr (count == 1) {
    auto& [m1] = object;
    return f(m1);
  } else if constexpr (count == 2) {
    auto& [m1, m2] = object;
    return f(m1, m2);
  } else if constexpr (count == 3) {
    auto& [m1, m2, m3] = object;
    return f(m1, m2, m3);
  } else if constexpr (count == 4) {
    auto& [m1, m2, m3, m4] = object;
    return f(m1, m2, m3, m4);
  } else if constexpr (count == 5) {
    auto& [m1, m2, m3, m4, m5] = object;
    return f(m1, m2, m3, m4, m5);
  } else if constexpr (count == 6) {
    auto& [m1, m2, m3, m4, m5, m6] = object;
    return f(m1, m2, m3, m4, m5, m6);
  } else if constexpr (count == 7) {
    auto& [m1, m2, m3, m4, m5, m6, m7] = object;
    return f(m1, m2, m3, m4, m5, m6, m7);
  } else if constexpr (count == 8) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8);
  } else if constexpr (count == 9) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9);
  } else if constexpr (count == 10) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10);
  } else if constexpr (count == 11) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11);
  } else if constexpr (count == 12) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
  } else if constexpr (count == 13) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
  } else if constexpr (count == 14) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14);
  } else if constexpr (count == 15) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15);
  } else if constexpr (count == 16) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = object;
    return f(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16);
  }
}

template <class... M>
struct Types {};

// The types of the members.
template <class T>
using members_t = decltype(visit_members(std::declval<const T&>(),
                                         []<class... M>(const M&...) { return Types<M...>{}; }));

}  // namespace tandem::inline v1::pickle::detail
