// dump(), kind by kind. load.hpp is its mirror.
#pragma once
#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

#include "tandem/pickle/detail/archive.hpp"
#include "tandem/pickle/detail/kind.hpp"
#include "tandem/pickle/detail/type.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::pickle {

namespace detail {

TANDEM_API void dump_exception(Output& output, const std::exception_ptr& exception);
[[noreturn]] TANDEM_API void cannot_pickle(const std::type_info& type, const char* why);
// For the bytes of a closure.
//   has_gaps  what lies between its captures may be anything
// Throws PicklingError: one of the words is an address.
TANDEM_API void write_closure(Output& output, const void* closure, std::size_t size,
                              const std::type_info& type, bool has_gaps);
// The bytes between its captures mean nothing, and may look like an address. Who compiles this can
// clear them or not (clang 19), whoever has compiled the library.
template <class F>
void write_closure(Output& output, const F& closure) {
  std::remove_const_t<F> copy(closure);
  bool has_gaps = true;
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(std::addressof(copy));
  has_gaps = false;
#endif
#endif
  write_closure(output, std::addressof(copy), sizeof copy, typeid(F), has_gaps);
}

TANDEM_API void write_function(Output& output, void (*function)());

template <class T>
void dump_value(Output& output, const T& value);

// An element of a container takes a byte at least, so that their number can be checked.
template <class T>
void dump_element(Output& output, const T& value) {
  dump_value<T>(output, value);
  if constexpr (least_size<T>() == 0) output.write_value('\0');
}

// Whether pointers to T may point to objects of other classes.
template <class T>
void check_dynamic_type(const T& object) {
  if constexpr (std::is_polymorphic_v<T>) {
    const std::type_info& type = typeid(object);
    if (type != typeid(T)) cannot_pickle(type, "it is derived from what the pointer says");
  }
}

template <class T>
void dump_sequence(Output& output, const T& sequence) {
  using E = typename T::value_type;
  if constexpr (requires { sequence.size(); }) {
    output.write_size(sequence.size());
  } else {  // a forward_list
    std::size_t size = 0;
    for (auto it = sequence.begin(); it != sequence.end(); ++it) ++size;
    output.write_size(size);
  }
  if constexpr (is_plain<E>() && requires { sequence.data(); }) {
    output.write_block(sequence.data(), sequence.size() * sizeof(E));
  } else {
    const Output::Nested nested(output);
    for (auto&& element : sequence) dump_element<E>(output, element);
  }
}

template <class T>
void dump_array(Output& output, const T& array) {
  using E = std::remove_cv_t<typename Shape<T>::element>;
  if constexpr (Shape<T>::size == 0)
    return;
  else if constexpr (is_plain<E>())
    output.write_block(std::addressof(array[0]), Shape<T>::size * sizeof(E));
  else
    for (const auto& element : array) dump_value<E>(output, element);
}

template <class T>
void dump_shared(Output& output, const T& pointer) {
  using E = std::remove_cv_t<typename T::element_type>;
  if (!pointer) return output.write_value('\0');
  check_dynamic_type<E>(*pointer);
  const std::shared_ptr<const void> object = pointer;
  if (!output.write_shared(object, hash_of_type<E>(), is_made_first<E>())) return;
  const Output::Nested nested(output);
  dump_value<E>(output, *pointer);
  output.shared_is_complete(object.get());
}

template <class T>
void dump_value(Output& output, const T& value) {
  constexpr Kind k = kind<T>;
  if constexpr (k == Kind::reduced) {
    const Output::Nested nested(output);
    const Output::Copying copying(output);
    dump_value<reduced_t<T>>(output, reduce_object(value));
  } else if constexpr (k == Kind::pickled) {
    const Output::Nested nested(output);
    const Output::Copying copying(output);
    access::pickle(value, output);
  } else if constexpr (k == Kind::serialized) {
    const Output::Nested nested(output);
    const Output::Copying copying(output);
    OutputArchive archive(output);
    access::serialized(const_cast<T&>(value), archive);  // saves only
  } else if constexpr (k == Kind::saved) {
    const Output::Nested nested(output);
    const Output::Copying copying(output);
    OutputArchive archive(output);
    access::saved(value, archive);
  } else if constexpr (is_plain<T>() && !std::is_array_v<T>) {
    output.write_value(value);
  } else if constexpr (k == Kind::boolean) {
    output.write_value(static_cast<char>(value));
  } else if constexpr (k == Kind::extended) {
    unsigned char bytes[sizeof value] = {};
    std::memcpy(bytes, &value, std::numeric_limits<T>::digits == 64 ? 10 : sizeof value);
    output.write_value(bytes);
  } else if constexpr (k == Kind::enumeration) {
    dump_value<std::underlying_type_t<T>>(output, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (k == Kind::unit) {
  } else if constexpr (k == Kind::function) {
    write_function(output, reinterpret_cast<void (*)()>(value));
  } else if constexpr (k == Kind::exception) {
    dump_exception(output, value);
  } else if constexpr (k == Kind::text) {
    output.write_size(value.size());
    output.write_block(value.data(), value.size() * sizeof(typename T::value_type));
  } else if constexpr (k == Kind::array) {
    dump_array(output, value);
  } else if constexpr (k == Kind::tuple) {
    std::apply([&]<class... E>(const E&... elements) { (dump_value<E>(output, elements), ...); },
               value);
  } else if constexpr (k == Kind::optional) {
    output.write_value(static_cast<char>(value.has_value()));
    if (value) dump_value<typename T::value_type>(output, *value);
  } else if constexpr (k == Kind::variant) {
    if (value.valueless_by_exception()) cannot_pickle(typeid(T), "it has no value");
    output.write_size(value.index());
    std::visit([&]<class E>(const E& element) { dump_value<E>(output, element); }, value);
  } else if constexpr (k == Kind::unique) {
    using E = std::remove_cv_t<typename T::element_type>;
    output.write_value(static_cast<char>(value != nullptr));
    if (!value) return;
    check_dynamic_type<E>(*value);
    const Output::Nested nested(output);
    dump_value<E>(output, *value);
  } else if constexpr (k == Kind::shared) {
    dump_shared(output, value);
  } else if constexpr (k == Kind::duration) {
    dump_value<typename T::rep>(output, value.count());
  } else if constexpr (k == Kind::time_point) {
    dump_value<typename T::duration>(output, value.time_since_epoch());
  } else if constexpr (k == Kind::complex) {
    dump_value<typename T::value_type>(output, value.real());
    dump_value<typename T::value_type>(output, value.imag());
  } else if constexpr (k == Kind::path) {
    dump_value<typename T::string_type>(output, value.native());
  } else if constexpr (k == Kind::bits) {
    dump_value<std::string>(output, value.to_string());
  } else if constexpr (k == Kind::sequence) {
    dump_sequence(output, value);
  } else if constexpr (k == Kind::set) {
    const Output::Nested nested(output);
    output.write_size(value.size());
    for (const auto& element : value) dump_element<typename T::value_type>(output, element);
  } else if constexpr (k == Kind::closure) {
    write_closure(output, value);
  } else {
    static_assert(k == Kind::aggregate);
    visit_members(value,
                  [&]<class... M>(const M&... members) { (dump_value<M>(output, members), ...); });
  }
}

}  // namespace detail
}  // namespace tandem::inline v1::pickle
