// fn<&f>: a function as a type of its own, so that it has a name: Python's f.__name__.
#pragma once
#include <concepts>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tandem::inline v1 {

namespace detail {

template <auto F>
constexpr std::string_view spelling_of() {
  return __PRETTY_FUNCTION__;  // gcc: "… [with auto F = f; …]", clang: "… [F = &f]"
}

// The last part of the function's name: "f" for &module::f.
template <auto F>
constexpr std::string_view function_name() {
  std::string_view text = spelling_of<F>();
  text.remove_prefix(text.find("F = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  const auto last = text.find_last_not_of(" )");
  text = text.substr(0, last + 1);
  const auto before = text.find_last_of(":& (");
  return before == text.npos ? text : text.substr(before + 1);
}

}  // namespace detail

// Called as F is.
template <auto F>
struct Fn {
  static constexpr std::string_view name() { return detail::function_name<F>(); }

  template <class... A>
  requires std::invocable<decltype(F), A...>
  constexpr decltype(auto) operator()(A&&... args) const {
    return std::invoke(F, std::forward<A>(args)...);
  }
};

template <auto F>
inline constexpr Fn<F> fn{};

}  // namespace tandem::inline v1
