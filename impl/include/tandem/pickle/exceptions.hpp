// What goes wrong when something is pickled or unpickled.
#pragma once
#include <stdexcept>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"

namespace tandem::inline v1::pickle {

class TANDEM_API PickleError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A value that cannot be sent, as only its contents tell: an object of a derived class behind a
// pointer to its base, a variant without a value, a lambda that captured a pointer.
class TANDEM_API PicklingError : public PickleError {
 public:
  using PickleError::PickleError;
};

// Bytes that are no pickle, or one of something else.
class TANDEM_API UnpicklingError : public PickleError {
 public:
  using PickleError::PickleError;
};

}  // namespace tandem::inline v1::pickle
