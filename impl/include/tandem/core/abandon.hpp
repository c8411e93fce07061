// What becomes of the threads that still run when the program has come to its end.
//
// The program does not wait for daemons: its statics are destroyed while they run. So they are
// abandoned: from then on none of them comes back from waiting in a primitive, and what a primitive
// consists of is left as it is when the primitive is destroyed (Abandonable).
#pragma once
#include <memory>
#include <utility>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::detail {

// Abandons all threads but the calling one.
void abandon_threads() noexcept;
TANDEM_API bool has_abandoned_threads() noexcept;
// Where a thread begins to wait, and where it comes back: an abandoned one stays here for ever.
void stay_if_abandoned() noexcept;

// A part of a primitive that an abandoned thread may be in: then it is never destroyed.
template <class T>
class Abandonable {
 public:
  template <class... A>
  explicit Abandonable(A&&... args) : value_(std::forward<A>(args)...) {}
  Abandonable(const Abandonable&) = delete;
  Abandonable& operator=(const Abandonable&) = delete;
  ~Abandonable() {
    if (!has_abandoned_threads()) std::destroy_at(&value_);
  }

  // A smart pointer in here is used as that pointer.
  auto operator->() noexcept { return arrow(value_); }
  auto operator->() const noexcept { return arrow(value_); }

 private:
  template <class U>
  static auto arrow(U& value) noexcept {
    if constexpr (requires { value.operator->(); })
      return value.operator->();
    else
      return &value;
  }

  union {
    T value_;
  };
};

}  // namespace tandem::inline v1::detail
