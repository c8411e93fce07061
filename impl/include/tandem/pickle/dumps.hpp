// Python's pickle.dumps and pickle.loads, for values of types that are known on both sides.
//
// A pickle is for other processes of the same program on the same machine: numbers are as the
// processor has them. It is never executed. Bytes that somebody has tampered with give an
// UnpicklingError, or some value of the type asked for; they are no more than that, but for
// functions: so a pickle that may contain functions is taken from the own processes only, or from
// authenticated ones.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/pickle/detail/archive.hpp"
#include "tandem/pickle/detail/kind.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"
#include "tandem/pickle/reduce.hpp"

namespace tandem::inline v1::pickle {

// The same in all processes of a program.
template <class T>
std::uint64_t type_hash() noexcept;
// "std::vector<int, std::allocator<int> >"
template <class T>
std::string type_name();
// The name of the type of that hash, as far as this process knows it; else "an unknown type".
TANDEM_API std::string type_name_of(std::uint64_t hash);

// Appends the value to the output, without a word about its type.
// Throws   PicklingError (its contents cannot be sent); RecursionError (deeper than MAX_DEPTH; also
//          what contains itself); whatever the functions of users throw. What has been written
//          until then stays: see Output::rewind().
// Spec     pickle.dumps
template <Portable T>
void dump(Output& output, const T& value);

// Takes what dump() of the same type has written from the input.
// Throws   UnpicklingError (it is no such pickle, or ends too early).
// Spec     pickle.loads
template <Portable T>
T load(Input& input);

// A message: the value, and before it the hash of its type. Objects that several shared_ptrs in it
// share are sent once, and are shared there.
// Throws   as dump() and load(); load_message() also UnpicklingError (the message is of another
//          type; what() names both) and EOFError("Ran out of input") (there is nothing at all).
// Spec     pickle.loads.type-checked, pickle.dumps.shared
template <Portable T>
void dump_message(Output& output, const T& value);
template <Portable T>
T load_message(Input& input);

// The message in a string, and the value that it is. Bytes behind the message are ignored, as
// Python does. A literal is dumped as a std::string. Throws   as dump_message() and load_message().
// Threads  any number at once, as far as reading the value allows it.
// Spec     pickle.dumps, pickle.loads
template <class T>
std::string dumps(const T& value);
template <class T>
T loads(std::string_view bytes);

// The error that is to be read, wherever something of the type T is to be sent. What goes on only
// if it returns true says nothing more. (A function: of a class in which an assertion has failed
// clang knows nothing any more, and says that, too.)
template <class T>
consteval bool check_portable() {
  constexpr bool is_portable = Portable<T>;
  static_assert(
      is_portable,
      "tandem: this type cannot be pickled; pointers, references and views mean nothing in "
      "another process, and a class has to say how (see pickle/reduce.hpp)");
  return is_portable;
}

}  // namespace tandem::inline v1::pickle

#include "tandem/pickle/detail/dump.hpp"
#include "tandem/pickle/detail/load.hpp"
#include "tandem/pickle/detail/type.hpp"

namespace tandem::inline v1::pickle {

template <class T>
std::uint64_t type_hash() noexcept {
  return detail::hash_of_type<std::remove_cv_t<T>>();
}
template <class T>
std::string type_name() {
  return detail::name_of_type(typeid(T));
}

template <Portable T>
void dump(Output& output, const T& value) {
  detail::dump_value<T>(output, value);
}
template <Portable T>
T load(Input& input) {
  try {
    return detail::load_value<std::remove_cv_t<T>>(input);
  } catch (...) {
    input.forget();
    throw;
  }
}

template <Portable T>
void dump_message(Output& output, const T& value) {
  const Output::Message message(output);
  output.write_value(detail::known_type<T>().hash);
  dump(output, value);
}
template <Portable T>
T load_message(Input& input) {
  const Input::Message message(input);
  detail::expect_type(input, detail::known_type<T>());
  return load<T>(input);
}

template <class T>
std::string dumps(const T& value) {
  using D = tandem::detail::bound_t<const T&>;
  Output output;
  output.borrows(true);
  if constexpr (check_portable<D>()) dump_message<D>(output, value);
  return output.text();
}
template <class T>
T loads(std::string_view bytes) {
  Input input(bytes);
  if constexpr (check_portable<T>())
    return load_message<T>(input);
  else
    Input::truncated();
}

template <class T>
void OutputArchive::save(const T& value) {
  if constexpr (Portable<T>)
    dump(output_, value);
  else if constexpr (requires { value.base_ptr; })  // cereal's base_class
    save(*value.base_ptr);
  else if constexpr (requires { value.name, value.value; })  // cereal's name and value
    save(value.value);
  else if constexpr (requires { value.name(), value.value(); })  // Boost's
    save(value.value());
  else
    check_portable<T>();
}
template <class T>
void InputArchive::load(T& value) {
  if constexpr (Portable<T>)
    detail::load_into(input_, value);
  else if constexpr (requires { value.base_ptr; })
    load(*value.base_ptr);
  else if constexpr (requires { value.name, value.value; })
    load(value.value);
  else if constexpr (requires { value.name(), value.value(); })
    load(value.value());
  else
    check_portable<T>();
}

}  // namespace tandem::inline v1::pickle
