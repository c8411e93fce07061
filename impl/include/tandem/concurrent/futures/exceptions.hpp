// What concurrent.futures raises.
#pragma once
#include <string>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::concurrent::futures {

using v1::TimeoutError;

class TANDEM_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The future was cancelled.
class TANDEM_API CancelledError : public Error {
 public:
  explicit CancelledError(const std::string& message = "") : Error(message) {}
};

// The operation is not allowed in this state: a second set_result(), a moved-from handle.
class TANDEM_API InvalidStateError : public Error {
 public:
  using Error::Error;
};

// The executor has become unusable.
class TANDEM_API BrokenExecutor : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

// An initializer of a ThreadPoolExecutor failed.
class TANDEM_API BrokenThreadPool : public BrokenExecutor {
 public:
  using BrokenExecutor::BrokenExecutor;
};

}  // namespace tandem::inline v1::concurrent::futures
