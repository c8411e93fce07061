// What asyncio raises.
#pragma once
#include <stdexcept>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

using v1::TimeoutError;

// The future or task was cancelled. Outside of std::exception, so that a careless catch cannot
// swallow a cancellation. what() is the message that was given to cancel().
// Spec     asyncio.exceptions.cancelled-error
class TANDEM_API CancelledError : public BaseException {
 public:
  using BaseException::BaseException;
};

// The operation is not allowed in this state.
// Spec     asyncio.exceptions.invalid-state-error
class TANDEM_API InvalidStateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace tandem::inline v1::asyncio
