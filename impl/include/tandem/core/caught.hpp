// What a call throws, for others to have.
#pragma once
#include <exception>

namespace tandem::inline v1::detail {

// Nothing when it returns. The catch block is over by then: who hands the exception to another
// thread has let go of it, and that thread alone destroys it. (Two threads may; but the race
// detector does not see libstdc++ count references.)
template <class Call>
std::exception_ptr caught(Call&& call) noexcept {
  try {
    call();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace tandem::inline v1::detail
