// Python's exceptions, as C++ types.
//
// Single inheritance throughout: each class has one path to std::exception, so that
// `catch (const std::exception&)` is Python's `except Exception`. All of them are values.
#pragma once
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "tandem/core/export.hpp"

namespace tandem::inline v1 {

// Outside std::exception on purpose: a careless catch must not swallow a cancellation.
class TANDEM_API BaseException {
 public:
  explicit BaseException(std::string message = "");
  BaseException(const BaseException&) = default;
  BaseException& operator=(const BaseException&) = default;
  virtual ~BaseException();
  virtual const char* what() const noexcept;

 private:
  std::shared_ptr<const std::string> message_;
};

class TANDEM_API KeyboardInterrupt : public BaseException {
 public:
  using BaseException::BaseException;
};

class TANDEM_API SystemExit : public BaseException {
 public:
  explicit SystemExit(int code = 0);
  int code() const noexcept { return code_; }

 private:
  int code_;
};

class TANDEM_API ValueError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

class TANDEM_API TypeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

class TANDEM_API OverflowError : public std::overflow_error {
 public:
  using std::overflow_error::overflow_error;
};

class TANDEM_API RuntimeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An error of the operating system.
//   what()  is Python's text: "[Errno 2] No such file or directory: 'x'"
class TANDEM_API OSError : public std::system_error {
 public:
  explicit OSError(int error_number, std::optional<std::string> filename = {},
                   std::optional<std::string> filename2 = {});
  int errno_() const noexcept { return code().value(); }
  const std::string& strerror() const noexcept;
  const std::optional<std::string>& filename() const noexcept;
  const std::optional<std::string>& filename2() const noexcept;
  const char* what() const noexcept override;

 protected:
  // Python's OSError("text"): no number, and the text alone.
  explicit OSError(std::string message);

 private:
  struct Text;
  std::shared_ptr<const Text> text_;  // shared: copying an exception must not throw
};

// Not in time. Also concurrent.futures.TimeoutError, which is the same class from Python 3.11 on.
class TANDEM_API TimeoutError : public OSError {
 public:
  explicit TimeoutError(int error_number) : OSError(error_number) {}
  explicit TimeoutError(std::string message = "") : OSError(std::move(message)) {}
};

}  // namespace tandem::inline v1
