// The exceptions of Python's multiprocessing.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::multiprocessing {

// The base of those below.
// Spec     multiprocessing.exceptions
class TANDEM_API ProcessError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ProcessError() : ProcessError(std::string()) {}
  ProcessError(const ProcessError&) = default;
  ProcessError& operator=(const ProcessError&) = default;
  ~ProcessError() override;
};

// A message is longer than what it was to be received into.
//   what()  is Python's text: the message as b'…'
class TANDEM_API BufferTooShort : public ProcessError {
 public:
  explicit BufferTooShort(std::string message);
  // The whole message: it is not lost.
  const std::string& message() const noexcept { return *message_; }
  std::string reduce() const { return message(); }  // how it is pickled

 private:
  std::shared_ptr<const std::string> message_;  // shared: copying an exception must not throw
};

// The worker that held the task has died, or the pool was terminated: nobody knows how far the call
// has come. Where CPython's Pool waits for ever.
//   what()  "Worker exited prematurely: exitcode -9."
class TANDEM_API WorkerLostError : public ProcessError {
 public:
  using ProcessError::ProcessError;
};

// Not in time. As in Python it is no tandem::TimeoutError.
class TANDEM_API TimeoutError : public ProcessError {
 public:
  using ProcessError::ProcessError;
  TimeoutError() = default;
  TimeoutError(const TimeoutError&) = default;
  TimeoutError& operator=(const TimeoutError&) = default;
  ~TimeoutError() override;
};

// The other side has not the same key.
class TANDEM_API AuthenticationError : public ProcessError {
 public:
  using ProcessError::ProcessError;
  AuthenticationError() = default;
  AuthenticationError(const AuthenticationError&) = default;
  AuthenticationError& operator=(const AuthenticationError&) = default;
  ~AuthenticationError() override;
};

}  // namespace tandem::inline v1::multiprocessing
