// How a class of one's own is pickled: Python's __reduce__ and copyreg.
//
// An aggregate of up to sixteen members that can be pickled needs nothing. For other classes there
// is one of these; the first that fits is taken:
//
//   a specialisation of pickle::reduce<T>
//       template <>
//       struct tandem::pickle::reduce<Date> {
//         static std::tuple<int, int> dump(const Date& date) { return {date.year(), date.day()}; }
//         static Date load(int year, int day) { return Date(year, day); }
//       };
//     dump() returns a tuple, or one value, that can be pickled; load() is called with the
//     elements. Without a load() the elements are given to T's constructor.
//   a member reduce()
//       std::tuple<int, int> reduce() const { return {year_, day_}; }
//     the same, for T's constructor: Python's `return Date, (year, day)`.
//   members pickle(Output&) const and static T unpickle(Input&)
//     for what consists of more than values: open files, shared memory.
//   a member or free function serialize
//       template <class Archive>
//       void serialize(Archive& archive) { archive(year_, day_); }
//     as cereal's and Boost.Serialization's (`archive & year_ & day_`, a version as the last
//     argument); also a pair save(Archive&) const, load(Archive&). T is default constructed first.
//     Neither library is needed; functions written for them work here.
//
// What is private is found by `friend class tandem::pickle::access;`.
// Spec  pickle.reduce
#pragma once
#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::pickle {

// To be specialised.
template <class T>
struct reduce {};

class OutputArchive;
class InputArchive;

// Calls what may be private. To be befriended.
class access {
 public:
  template <class T>
  static constexpr bool reduces = requires(const T& object) {
    object.reduce();
  };
  template <class T>
  static auto reduced(const T& object) {
    return object.reduce();
  }

  template <class T>
  static constexpr bool pickles = requires(const T& object, Output& output, Input& input) {
    object.pickle(output);
    { T::unpickle(input) } -> std::same_as<T>;
  };
  template <class T>
  static void pickle(const T& object, Output& output) {
    object.pickle(output);
  }
  template <class T>
  static T unpickle(Input& input) {
    return T::unpickle(input);
  }

  template <class T, class Archive>
  static constexpr bool serializes = requires(T& object, Archive& archive) {
    object.serialize(archive);
  }
  || requires(T& object, Archive& archive) { object.serialize(archive, 0U); };
  template <class T, class Archive>
  static constexpr bool serializes_freely = requires(T& object, Archive& archive) {
    serialize(archive, object);
  }
  || requires(T& object, Archive& archive) { serialize(archive, object, 0U); };
  template <class T, class Archive>
  static void serialized(T& object, Archive& archive) {
    if constexpr (requires { object.serialize(archive); })
      object.serialize(archive);
    else if constexpr (requires { object.serialize(archive, 0U); })
      object.serialize(archive, 0U);
    else if constexpr (requires { serialize(archive, object); })
      serialize(archive, object);
    else
      serialize(archive, object, 0U);
  }

  template <class T>
  static constexpr bool saves = requires(T& object, OutputArchive& to, InputArchive& from) {
    std::as_const(object).save(to);
    object.load(from);
  };
  template <class T>
  static constexpr bool saves_freely = requires(T& object, OutputArchive& to, InputArchive& from) {
    save(to, std::as_const(object));
    load(from, object);
  };
  template <class T>
  static void saved(const T& object, OutputArchive& archive) {
    if constexpr (requires { object.save(archive); })
      object.save(archive);
    else
      save(archive, object);
  }
  template <class T>
  static void loaded(T& object, InputArchive& archive) {
    if constexpr (requires { object.load(archive); })
      object.load(archive);
    else
      load(archive, object);
  }

  template <class T>
  static constexpr bool makes = requires {
    T();
  };
  template <class T>
  static T make() {
    return T();
  }
  template <class T, class... A>
  static constexpr bool makes_from = requires(A&&... arguments) {
    T(std::forward<A>(arguments)...);
  };
  template <class T, class... A>
  static T make_from(A&&... arguments) {
    return T(std::forward<A>(arguments)...);
  }
};

namespace detail {

// reduce<T> as a specialisation or as a member: what it consists of.
template <class T>
inline constexpr bool has_reduce = requires(const T& object) {
  reduce<T>::dump(object);
};
template <class T>
auto reduce_object(const T& object) {
  if constexpr (has_reduce<T>)
    return reduce<T>::dump(object);
  else
    return access::reduced(object);
}
template <class T>
using reduced_t = std::decay_t<decltype(reduce_object(std::declval<const T&>()))>;

template <class T>
inline constexpr bool is_tuple = false;
template <class... E>
inline constexpr bool is_tuple<std::tuple<E...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;

template <class T, class... E>
T rebuild_from(E&&... elements) {
  if constexpr (requires { reduce<T>::load(std::forward<E>(elements)...); })
    return reduce<T>::load(std::forward<E>(elements)...);
  else
    return access::make_from<T>(std::forward<E>(elements)...);
}
template <class T, class R>
T rebuild(R&& reduced) {
  if constexpr (is_tuple<std::decay_t<R>>)
    return std::apply(
        [](auto&&... elements) -> T {
          return rebuild_from<T>(std::forward<decltype(elements)>(elements)...);
        },
        std::forward<R>(reduced));
  else
    return rebuild_from<T>(std::forward<R>(reduced));
}

}  // namespace detail
}  // namespace tandem::inline v1::pickle
