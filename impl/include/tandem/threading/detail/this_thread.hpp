// What the library keeps for each thread: plain words, so that they can be read until the thread's
// very end, and changed by whoever lets several threads run in one. They are defined in one place,
// with the thread's state, in impl/src/threading/registry.cpp.
#pragma once
#include <cstdint>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::detail {

class LocalTable;

// get_ident() of this thread; 0 until it was asked for.
extern TANDEM_API constinit thread_local std::uint64_t this_thread_ident;
// This thread's values of every local; null until there is one.
extern TANDEM_API constinit thread_local LocalTable* this_thread_locals;

TANDEM_API std::uint64_t learn_this_thread_ident() noexcept;

inline std::uint64_t get_this_thread_ident() noexcept {
  const std::uint64_t ident = this_thread_ident;
  return ident != 0 ? ident : learn_this_thread_ident();
}

}  // namespace tandem::inline v1::detail
