// Python's repr of values, whatever they are made of.
#pragma once
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "tandem/core/repr.hpp"

namespace tandem::inline v1::detail {

template <class T>
std::string value_repr(const T& value);

template <class T>
concept HasRepr = requires(const T& value) {
  { value.repr() } -> std::convertible_to<std::string>;
};
template <class T>
concept HasToString = requires(const T& value) {
  { to_string(value) } -> std::convertible_to<std::string>;
};
template <class T>
concept ValueRange = requires(const T& values) {
  values.begin() != values.end();
  // A path is made of paths.
  { *values.begin() } -> std::convertible_to<const typename T::value_type&>;
};

template <class T>
inline constexpr bool is_optional_value = false;
template <class T>
inline constexpr bool is_optional_value<std::optional<T>> = true;
template <class T>
inline constexpr bool is_tuple_value = false;
template <class... E>
inline constexpr bool is_tuple_value<std::tuple<E...>> = true;
template <class A, class B>
inline constexpr bool is_tuple_value<std::pair<A, B>> = true;
template <class T>
inline constexpr bool is_variant_value = false;
template <class... E>
inline constexpr bool is_variant_value<std::variant<E...>> = true;

inline void append_joined(std::string& text, const std::string& part) {
  if (text.size() > 1) text += ", ";
  text += part;
}

template <class T>
std::string tuple_repr(const T& values) {
  std::string text = "(";
  std::apply([&](const auto&... each) { (append_joined(text, value_repr(each)), ...); }, values);
  return text + (std::tuple_size_v<T> == 1 ? ",)" : ")");
}

template <class T>
std::string range_repr(const T& values) {
  constexpr bool is_dict = requires { typename T::mapped_type; };
  constexpr bool is_set = !is_dict && requires { typename T::key_type; };
  if constexpr (is_set)
    if (!(values.begin() != values.end())) return "set()";
  std::string text = is_dict || is_set ? "{" : "[";
  for (const auto& each : values) {
    if constexpr (is_dict)
      append_joined(text, value_repr(each.first) + ": " + value_repr(each.second));
    else
      append_joined(text, value_repr<typename T::value_type>(each));
  }
  return text + (is_dict || is_set ? "}" : "]");
}

template <class T>
std::string value_repr(const T& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value ? "True" : "False";
  else if constexpr (std::is_same_v<T, char>)
    return string_repr(std::string_view(&value, 1));
  else if constexpr (std::is_integral_v<T>)
    return std::to_string(value);
  else if constexpr (std::is_floating_point_v<T>)
    return float_repr(static_cast<double>(value));
  else if constexpr (std::is_same_v<T, std::monostate> || std::is_null_pointer_v<T>)
    return "None";
  else if constexpr (std::convertible_to<const T&, std::string_view>)
    return string_repr(value);
  else if constexpr (is_optional_value<T>)
    return value ? value_repr(*value) : "None";
  else if constexpr (is_tuple_value<T>)
    return tuple_repr(value);
  else if constexpr (is_variant_value<T>)
    return std::visit([](const auto& held) { return value_repr(held); }, value);
  else if constexpr (HasRepr<T>)
    return value.repr();
  else if constexpr (HasToString<T>)
    return to_string(value);
  else if constexpr (ValueRange<T>)
    return range_repr(value);
  else
    // (Of "<" + a temporary g++ 12 warns, in the program that includes this.)
    return std::string("<") + type_name(typeid(T)) + " object at " + address_text(&value) + ">";
}

}  // namespace tandem::inline v1::detail
