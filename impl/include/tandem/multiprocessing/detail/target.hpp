// What a process runs: any callable, and how it crosses to another process where it can.
#pragma once
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "tandem/core/callable.hpp"

namespace tandem::inline v1::multiprocessing {

class Process;

namespace detail {

using namespace v1::detail;

class Target {  // Move-only
 public:
  Target() = default;
  template <class F>
  requires(std::invocable<std::decay_t<F>> && !std::same_as<std::decay_t<F>, Target>) Target(F&& f)
      : callable_(std::forward<F>(f)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(callable_); }
  void operator()() { callable_(); }

 private:
  Callable callable_;
};

// How an object of a subclass of Process crosses; the pointers are null where it cannot.
struct ObjectPickling {};

template <class T>
ObjectPickling object_pickling() {
  return {};
}

}  // namespace detail
}  // namespace tandem::inline v1::multiprocessing
