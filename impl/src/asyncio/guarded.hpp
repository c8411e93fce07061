// The user's code, called by a loop that goes on whatever it throws.
#pragma once
#include <exception>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio::detail {

// In a catch block: what was caught. KeyboardInterrupt and SystemExit are thrown on: they end the
// loop.
inline std::exception_ptr caught_by_loop() {
  try {
    throw;
  } catch (const KeyboardInterrupt&) {
    throw;
  } catch (const SystemExit&) {
    throw;
  } catch (...) {
    return std::current_exception();
  }
}

// What the call has thrown, unless it ends the loop; null: nothing.
template <class Call>
std::exception_ptr guarded(Call&& call) {
  try {
    call();
    return nullptr;
  } catch (...) {
    return caught_by_loop();
  }
}

}  // namespace tandem::inline v1::asyncio::detail
