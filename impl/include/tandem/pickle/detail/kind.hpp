// What a type is to pickle: decided once for each type, from its shape where that says enough, so
// that no header of a container has to be included for it.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "tandem/pickle/detail/aggregate.hpp"
#include "tandem/pickle/reduce.hpp"

namespace tandem::inline v1::pickle {

class PortableCall;

namespace detail {

enum class Kind {
  none,
  reduced,     // the user's word, as in reduce.hpp
  pickled,     //
  serialized,  //
  saved,       //
  boolean,
  number,
  extended,  // long double: some of its bytes may mean nothing
  enumeration,
  unit,  // nothing inside: a monostate, a lambda that captures nothing
  function,
  exception,
  text,
  array,
  tuple,
  optional,
  variant,
  unique,
  shared,
  duration,
  time_point,
  complex,
  path,
  bits,
  sequence,
  set,  // and map: what has keys
  closure,
  aggregate,
};

template <class T>
struct Shape {  // what is not told by name
  static constexpr Kind kind = Kind::none;
};
template <class C, class Traits, class A>
struct Shape<std::basic_string<C, Traits, A>> {
  static constexpr Kind kind = Kind::text;
};
template <class T, std::size_t N>
struct Shape<T[N]> {
  static constexpr Kind kind = Kind::array;
  using element = T;
  static constexpr std::size_t size = N;
};
template <class T, std::size_t N>
struct Shape<std::array<T, N>> {
  static constexpr Kind kind = Kind::array;
  using element = T;
  static constexpr std::size_t size = N;
};
template <class... E>
struct Shape<std::tuple<E...>> {
  static constexpr Kind kind = Kind::tuple;
  using elements = Types<E...>;
};
template <class A, class B>
struct Shape<std::pair<A, B>> {
  static constexpr Kind kind = Kind::tuple;
  using elements = Types<A, B>;
};
template <class T>
struct Shape<std::optional<T>> {
  static constexpr Kind kind = Kind::optional;
};
template <class... E>
struct Shape<std::variant<E...>> {
  static constexpr Kind kind = Kind::variant;
  using elements = Types<E...>;
};
template <class T>
requires(!std::is_array_v<T>) struct Shape<std::unique_ptr<T>> {
  static constexpr Kind kind = Kind::unique;
};
template <class T>
requires(!std::is_array_v<T>) struct Shape<std::shared_ptr<T>> {
  static constexpr Kind kind = Kind::shared;
};
template <>
struct Shape<std::exception_ptr> {
  static constexpr Kind kind = Kind::exception;
};
template <class R, class... A>
struct Shape<R (*)(A...)> {
  static constexpr Kind kind = Kind::function;
};
template <class R, class... A>
struct Shape<R (*)(A...) noexcept> {
  static constexpr Kind kind = Kind::function;
};

// Bytes that may be copied as they are, out and in.
template <class T>
concept Duration = requires(const T& duration) {
  typename T::rep;
  typename T::period;
  { duration.count() } -> std::convertible_to<typename T::rep>;
};
template <class T>
concept TimePoint = requires(const T& point) {
  typename T::clock;
  requires Duration<typename T::duration>;
  { point.time_since_epoch() } -> std::same_as<typename T::duration>;
};
template <class T>
concept Complex = std::is_trivially_copyable_v<T> && requires(const T& number) {
  requires std::floating_point<typename T::value_type>;
  { number.real() } -> std::same_as<typename T::value_type>;
  { number.imag() } -> std::same_as<typename T::value_type>;
};
template <class T>
concept Path = requires(const T& path) {
  typename T::string_type;
  T::preferred_separator;
  { path.native() } -> std::same_as<const typename T::string_type&>;
  requires std::constructible_from<T, typename T::string_type>;
};
template <class T>
concept Bits = requires(T& bits) {
  { std::as_const(bits).to_string() } -> std::same_as<std::string>;
  bits.flip(0U);
  requires std::constructible_from<T, std::string>;
};
// The containers are known by what they can do; but only as templates of their elements, since a
// class that is derived from one has more to it.
template <class T>
inline constexpr bool first_argument_is_key = false;
template <template <class...> class C, class E, class... A>
inline constexpr bool first_argument_is_key<C<E, A...>> =
    std::is_same_v<typename C<E, A...>::key_type, E>;
template <class T>
inline constexpr bool first_argument_is_element = false;
template <template <class...> class C, class E, class... A>
inline constexpr bool first_argument_is_element<C<E, A...>> =
    std::is_same_v<typename C<E, A...>::value_type, E>;
template <class T>
concept Set = requires(T& set, typename T::value_type& value) {
  typename T::key_type;
  requires first_argument_is_key<T>;
  set.insert(set.end(), std::move(value));
  set.size();
  requires std::default_initializable<T>;
};
template <class T>
concept Sequence = requires(T& sequence, typename T::value_type& value) {
  requires first_argument_is_element<T>;
  sequence.begin() != sequence.end();
  requires std::default_initializable<T>;
  requires requires { sequence.push_back(std::move(value)); } || requires {
    sequence.insert_after(sequence.before_begin(), std::move(value));
  };
};
// A function object with data: they are taken as they are, so there may be no reference among them,
// which makes the layout of a lambda no standard one, and nothing that copying would miss.
template <class T>
concept Closure = std::is_class_v<T> && std::is_trivially_copyable_v<T> &&
    std::is_standard_layout_v<T> && !std::is_aggregate_v<T>;

template <class T>
consteval Kind kind_of() {
  if constexpr (has_reduce<T> || access::reduces<T>)
    return Kind::reduced;
  else if constexpr (access::pickles<T>)
    return Kind::pickled;
  else if constexpr (access::serializes<T, OutputArchive> ||
                     access::serializes_freely<T, OutputArchive>)
    return Kind::serialized;
  else if constexpr (access::saves<T> || access::saves_freely<T>)
    return Kind::saved;
  else if constexpr (std::is_same_v<T, bool>)
    return Kind::boolean;
  else if constexpr (std::is_same_v<T, long double>)
    return Kind::extended;
  else if constexpr (std::is_arithmetic_v<T>)
    return Kind::number;
  else if constexpr (std::is_enum_v<T>)
    return Kind::enumeration;
  else if constexpr (std::is_null_pointer_v<T>)
    return Kind::unit;
  else if constexpr (Shape<T>::kind != Kind::none)
    return Shape<T>::kind;
  else if constexpr (!std::is_class_v<T>)
    return Kind::none;
  else if constexpr (std::is_empty_v<T> && std::is_trivially_copyable_v<T> &&
                     std::is_default_constructible_v<T>)
    return Kind::unit;
  else if constexpr (Duration<T>)
    return Kind::duration;
  else if constexpr (TimePoint<T>)
    return Kind::time_point;
  else if constexpr (Complex<T>)
    return Kind::complex;
  else if constexpr (Path<T>)
    return Kind::path;
  else if constexpr (Set<T>)
    return Kind::set;
  else if constexpr (Sequence<T>)
    return Kind::sequence;
  else if constexpr (Bits<T>)
    return Kind::bits;
  else if constexpr (Closure<T> && requires { &T::operator(); })
    return Kind::closure;
  else if constexpr (std::is_aggregate_v<T> && !has_bases<T> && member_count<T> != 0)
    return Kind::aggregate;
  else
    return Kind::none;
}
template <class T>
inline constexpr Kind kind = kind_of<T>();

template <class T, class... Inside>
consteval bool is_portable();

template <class... Inside, class... E>
consteval bool are_portable(Types<E...>) {
  return (is_portable<std::remove_cv_t<E>, Inside...>() && ...);
}
// Classes may contain themselves, by way of containers and pointers: `Inside` are those looked at.
template <class T, class... Inside>
consteval bool is_portable() {
  constexpr Kind k = kind<T>;
  if constexpr ((std::is_same_v<T, Inside> || ...))
    return true;
  else if constexpr (k == Kind::none)
    return false;
  else if constexpr (k == Kind::reduced)
    return is_portable<reduced_t<T>, T, Inside...>();
  else if constexpr (k == Kind::array)
    return is_portable<std::remove_cv_t<typename Shape<T>::element>, Inside...>();
  else if constexpr (k == Kind::tuple || k == Kind::variant)
    return are_portable<Inside...>(typename Shape<T>::elements{});
  else if constexpr (k == Kind::optional || k == Kind::sequence)
    return is_portable<typename T::value_type, Inside...>();
  else if constexpr (k == Kind::set)
    return are_portable<Inside...>(Types<typename T::value_type>{});
  else if constexpr (k == Kind::unique || k == Kind::shared)
    return is_portable<std::remove_cv_t<typename T::element_type>, Inside...>();
  else if constexpr (k == Kind::duration)
    return is_portable<typename T::rep, Inside...>();
  else if constexpr (k == Kind::aggregate)
    return are_portable<T, Inside...>(members_t<T>{});
  else
    return true;
}

// The least that one takes, in bytes; what is not known is 0.
template <class T, class... Inside>
consteval std::size_t least_size();
template <class... Inside, class... E>
consteval std::size_t least_sizes(Types<E...>) {
  return (0 + ... + least_size<std::remove_cv_t<E>, Inside...>());
}
template <class T, class... Inside>
consteval std::size_t least_size() {
  constexpr Kind k = kind<T>;
  if constexpr ((std::is_same_v<T, Inside> || ...) || k <= Kind::saved || k == Kind::unit)
    return 0;
  else if constexpr (k == Kind::number || k == Kind::extended || k == Kind::enumeration ||
                     k == Kind::complex || k == Kind::closure)
    return sizeof(T);
  else if constexpr (k == Kind::duration)
    return least_size<typename T::rep>();
  else if constexpr (k == Kind::time_point)
    return least_size<typename T::duration>();
  else if constexpr (k == Kind::array)
    return Shape<T>::size * least_size<std::remove_cv_t<typename Shape<T>::element>, Inside...>();
  else if constexpr (k == Kind::tuple)
    return least_sizes<Inside...>(typename Shape<T>::elements{});
  else if constexpr (k == Kind::aggregate)
    return least_sizes<T, Inside...>(members_t<T>{});
  else
    return 1;
}

// Whether a row of them is copied as it lies in memory: no padding, nothing to be checked.
template <class T>
consteval bool is_plain();
template <class T, class... M>
consteval bool are_plain(Types<M...>) {
  return (is_plain<std::remove_cv_t<M>>() && ...) && (0 + ... + sizeof(M)) == sizeof(T);
}
template <class T>
consteval bool is_plain() {
  constexpr Kind k = kind<T>;
  if constexpr (k == Kind::number || k == Kind::complex)
    return !std::is_same_v<T, long double>;
  else if constexpr (k == Kind::enumeration)
    return !std::is_same_v<std::underlying_type_t<T>, bool>;
  else if constexpr (k == Kind::array)
    return is_plain<std::remove_cv_t<typename Shape<T>::element>>();
  else if constexpr (k == Kind::duration && std::is_trivially_copyable_v<T>)
    return is_plain<typename T::rep>() && sizeof(T) == sizeof(typename T::rep);
  else if constexpr (k == Kind::aggregate && std::is_trivially_copyable_v<T>)
    return are_plain<T>(members_t<T>{});
  else
    return false;
}

// Whether an object is made before what is in it: only then may a pointer in there lead back to it.
template <class T>
consteval bool is_made_first() {
  if constexpr (kind<T> == Kind::serialized || kind<T> == Kind::saved)
    return access::makes<T>;
  else if constexpr (kind<T> == Kind::aggregate)
    return std::is_default_constructible_v<T> && std::is_move_assignable_v<T> && !is_plain<T>();
  else
    return false;
}
template <class... M>
consteval bool is_array_among(Types<M...>) {
  return (std::is_array_v<M> || ...);
}

}  // namespace detail

// Whether values of T can be sent to another process. Numbers, enums, strings, containers, pairs,
// tuples, arrays, optional, variant, durations and time points, paths, unique_ptr and shared_ptr,
// exception_ptr, functions, lambdas that capture nothing or plain values, aggregates of up to
// sixteen of these, and classes that say how (pickle/reduce.hpp). Pointers, references and views
// mean nothing elsewhere.
// Spec  pickle.dumps, pickle.reduce.unsaid
template <class T>
concept Portable = detail::is_portable<std::remove_cv_t<T>>();

}  // namespace tandem::inline v1::pickle
