// A value that asks for more alignment than operator new gives by itself.
#pragma once

#include <cstdint>

namespace tandem::conformance {

struct alignas(4096) Aligned {
  int number = 0;

  bool stands_right() const {
    // Not for the compiler to decide, which takes it for granted.
    const volatile auto address = reinterpret_cast<std::uintptr_t>(this);
    return address % alignof(Aligned) == 0;
  }
};

}  // namespace tandem::conformance
