// A transcript: the ordered log of what a case saw, in the words in which Python prints it.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::conformance {

using Transcript = std::vector<std::string>;

template <typename T>
std::string repr(const T& value);

namespace detail {

std::string repr_of_float(double value);
std::string repr_of_text(std::string_view text);
std::string without_addresses(std::string line);
std::string describe_current_exception();

/// Appends a line; any thread may call it.
void append_line(std::string line);
void clear_transcript();
Transcript current_transcript();

template <typename T>
concept Text = std::convertible_to<const T&, std::string_view>;

template <typename T>
concept Nothing = std::same_as<T, std::nullopt_t> || std::same_as<T, std::nullptr_t> ||
    std::same_as<T, std::monostate>;

template <typename T>
concept Range = requires(const T& range) {
  std::begin(range) != std::end(range);
};

template <typename T>
concept SetLike = Range<T> && requires {
  typename T::key_type;
};

template <typename T>
concept MapLike = SetLike<T> && requires {
  typename T::mapped_type;
};

template <typename T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
}
&&!Range<T>;

template <typename T>
concept Named = requires(const T& value) {
  { to_string(value) } -> std::convertible_to<std::string>;
};

template <typename Items, typename Print>
std::string joined(const Items& items, Print print) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ", ";
    text += print(item);
  }
  return text;
}

template <typename Items>
std::string repr_of_range(const Items& items) {
  using std::begin;
  using std::end;
  if constexpr (MapLike<Items>) {
    return "{" +
           joined(items,
                  [](const auto& item) { return repr(item.first) + ": " + repr(item.second); }) +
           "}";
  } else if constexpr (SetLike<Items>) {
    if (begin(items) == end(items)) return "set()";
    return "{" + joined(items, [](const auto& item) { return repr(item); }) + "}";
  } else {
    using Item = typename std::iterator_traits<decltype(begin(items))>::value_type;
    // The cast serves vector<bool>, whose elements are proxies.
    return "[" +
           joined(items, [](const auto& item) { return repr(static_cast<const Item&>(item)); }) +
           "]";
  }
}

template <typename Tuple>
std::string repr_of_tuple(const Tuple& tuple) {
  std::string text = std::apply(
      [](const auto&... parts) {
        std::string inner;
        ((inner += inner.empty() ? repr(parts) : ", " + repr(parts)), ...);
        return inner;
      },
      tuple);
  return std::tuple_size_v<Tuple> == 1 ? "(" + text + ",)" : "(" + text + ")";
}

template <typename T>
std::string repr_of_other(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace detail

/// The value as Python's repr() prints it: True, None, 1.5, 'text', [1, 2], (1, 'a'), {1: 'a'}.
/// Other types by their own `to_string` or `operator<<`.
template <typename T>
std::string repr(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "True" : "False";
  } else if constexpr (detail::Nothing<T>) {
    return "None";
  } else if constexpr (std::same_as<T, char>) {
    return detail::repr_of_text(std::string_view(&value, 1));
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::floating_point<T>) {
    return detail::repr_of_float(static_cast<double>(value));
  } else if constexpr (detail::Text<T>) {
    return detail::repr_of_text(std::string_view(value));
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? repr(*value) : "None";
  } else if constexpr (detail::Named<T>) {
    return to_string(value);
  } else if constexpr (detail::Range<T>) {
    return detail::repr_of_range(value);
  } else if constexpr (detail::TupleLike<T>) {
    return detail::repr_of_tuple(value);
  } else {
    return detail::repr_of_other(value);
  }
}

/// The value as Python's str() prints it: text is itself, all else is its repr().
template <typename T>
std::string str(const T& value) {
  if constexpr (detail::Nothing<T>) {
    return "None";
  } else if constexpr (detail::Text<T>) {
    return std::string(std::string_view(value));
  } else if constexpr (std::same_as<T, char>) {
    return std::string(1, value);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? str(*value) : "None";
  } else if constexpr (detail::Named<T>) {
    return to_string(value);  // the type's own repr() may be another
  } else {
    return repr(value);
  }
}

/// Appends one line to the transcript: the values as Python's str() prints them, joined by a space.
/// Addresses (0x7f…) become 0x... on both sides. Any thread may log; the order between threads is
/// the case's affair.
template <typename... Values>
void log(const Values&... values) {
  std::string line;
  [[maybe_unused]] bool first = true;
  ((line += (std::exchange(first, false) ? "" : " ") + str(values)), ...);
  detail::append_line(detail::without_addresses(std::move(line)));
}

/// `Log{q.get(), q.qsize()};` is log(), but its arguments are evaluated from left to right, as
/// Python does it and a function call in C++ does not.
struct Log {
  template <typename... Values>
  explicit Log(const Values&... values) {
    log(values...);
  }
};

/// Calls `act` and says what left it: "Empty", "ValueError: 'timeout' must be a non-negative
/// number", or "nothing".
template <typename Act>
std::string raised(Act&& act) {
  try {
    static_cast<void>(std::forward<Act>(act)());
  } catch (...) {
    return detail::describe_current_exception();
  }
  return "nothing";
}

}  // namespace tandem::conformance
