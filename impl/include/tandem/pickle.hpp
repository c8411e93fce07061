// A stand-in until pickle is here.
#pragma once
#include <cstddef>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include "tandem/core/callable.hpp"
namespace tandem::inline v1::pickle {
class Output {
 public:
  std::span<const std::byte> bytes() { return {}; }
};
class Input {
 public:
  explicit Input(std::span<const std::byte>) {}
};
class PicklingError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
template <class T>
concept Portable = true;
template <class F, class... A>
struct CheckPortable {};
template <class T>
void dump(Output&, const T&) {}
template <class T>
T load(Input&) {
  throw PicklingError("");
}
template <auto Action>
void dump_action(Output&) {}
class PortableCall {
 public:
  PortableCall() = default;
  template <class F>
    requires(std::invocable<std::decay_t<F>> && !std::same_as<std::decay_t<F>, PortableCall>)
  PortableCall(F&&) {}
};
}  // namespace tandem::inline v1::pickle
