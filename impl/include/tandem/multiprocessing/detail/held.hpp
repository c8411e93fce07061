// A value of any type, in a process that need not have heard of the type before: what a Namespace
// holds.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include "tandem/core/export.hpp"
#include "tandem/core/value_repr.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

// A type that is held somewhere in this program: registered before main.
class TANDEM_API HeldType {
 public:
  using Load = std::shared_ptr<const void> (*)(pickle::Input& input);
  using Dump = void (*)(pickle::Output& output, const void* value);
  using Repr = std::string (*)(const void* value);
  HeldType(const pickle::detail::KnownType& held_type, Load held_load, Dump held_dump,
           Repr held_repr) noexcept;
  HeldType(const HeldType&) = delete;
  HeldType& operator=(const HeldType&) = delete;

  const pickle::detail::KnownType& type;
  const Load load;
  const Dump dump;
  const Repr repr;
  const HeldType* next;
};

template <class T>
struct HeldTypeOf {
  static inline const HeldType node{
      pickle::detail::known_type<T>(),
      [](pickle::Input& input) -> std::shared_ptr<const void> {
        return std::make_shared<const T>(pickle::load<T>(input));
      },
      [](pickle::Output& output, const void* value) {
        pickle::dump<T>(output, *static_cast<const T*>(value));
      },
      [](const void* value) { return value_repr(*static_cast<const T*>(value)); }};
};

class TANDEM_API Held {
 public:
  template <class T>
  static Held of(T value) {
    return Held(HeldTypeOf<T>::node, std::make_shared<const T>(std::move(value)));
  }
  // Throws   UnpicklingError (it is of another type: both are named).
  template <class T>
  const T& as() const {
    check(HeldTypeOf<T>::node);
    return *static_cast<const T*>(value_.get());
  }
  std::string repr() const { return type_->repr(value_.get()); }

  void pickle(v1::pickle::Output& output) const;
  // Throws   UnpicklingError (nobody in this program holds such a type).
  static Held unpickle(v1::pickle::Input& input);

 private:
  Held(const HeldType& type, std::shared_ptr<const void> value) noexcept
      : type_(&type), value_(std::move(value)) {}
  void check(const HeldType& expected) const;

  const HeldType* type_;
  std::shared_ptr<const void> value_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
