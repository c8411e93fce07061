// What a thread runs, and the name that it has, if any.
#pragma once
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tandem/core/callable.hpp"
#include "tandem/core/fn.hpp"

namespace tandem::inline v1::detail {

template <class F>
inline constexpr std::string_view target_name{};
template <auto F>
inline constexpr std::string_view target_name<Fn<F>> = Fn<F>::name();
template <class F, class... A>
inline constexpr std::string_view target_name<Call<F, A...>> = target_name<F>;

class Target {  // Move-only
 public:
  Target() = default;
  template <class F>
    requires(std::invocable<std::decay_t<F>> && !std::same_as<std::decay_t<F>, Target>)
  Target(F&& f) : callable_(std::forward<F>(f)), name_(target_name<std::decay_t<F>>) {}

  explicit operator bool() const noexcept { return static_cast<bool>(callable_); }
  void operator()() { callable_(); }
  std::string_view name() const noexcept { return name_; }

 private:
  Callable callable_;
  std::string_view name_;
};

}  // namespace tandem::inline v1::detail
