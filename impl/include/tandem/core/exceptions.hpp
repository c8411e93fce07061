// Python's exceptions, as C++ types.
//
// Single inheritance throughout: each class has one path to std::exception, so that
// `catch (const std::exception&)` is Python's `except Exception`. All of them are values.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

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

// Ends the program, or a process of multiprocessing, with its code.
//   what()  is the text that it was given, else the code
class TANDEM_API SystemExit : public BaseException {
 public:
  explicit SystemExit(int code = 0);
  // Python's sys.exit("text"): the code is 1, and who ends by it says the text first.
  explicit SystemExit(std::string text);
  int code() const noexcept { return code_; }
  bool has_text() const noexcept { return has_text_; }

 private:
  int code_;
  bool has_text_ = false;
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

class TANDEM_API NotImplementedError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

class TANDEM_API RecursionError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

// Python's assert: something was called that makes no sense here.
class TANDEM_API AssertionError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

class TANDEM_API AttributeError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// There is nothing left to read, and nothing will come.
class TANDEM_API EOFError : public std::runtime_error {
 public:
  explicit EOFError(const std::string& message = "") : std::runtime_error(message) {}
};

class TANDEM_API LookupError : public std::out_of_range {
 public:
  using std::out_of_range::out_of_range;
};

class TANDEM_API IndexError : public LookupError {
 public:
  using LookupError::LookupError;
};

// what() is the key's text alone; Python's str() puts it between quotes.
class TANDEM_API KeyError : public LookupError {
 public:
  using LookupError::LookupError;
};

class TANDEM_API UnicodeError : public ValueError {
 public:
  using ValueError::ValueError;
};

// Bytes that are no text in an encoding.
//   what()  is Python's text: "'utf-8' codec can't decode byte 0xff in position 0: …"
class TANDEM_API UnicodeDecodeError : public UnicodeError {
 public:
  // The bytes object[start, end) are wrong.
  UnicodeDecodeError(std::string encoding, std::string object, std::size_t start, std::size_t end,
                     std::string reason);
  const std::string& encoding() const noexcept;
  const std::string& object() const noexcept;
  std::size_t start() const noexcept;
  std::size_t end() const noexcept;
  const std::string& reason() const noexcept;

 private:
  struct Fields;
  std::shared_ptr<const Fields> fields_;  // shared: copying an exception must not throw
};

// A character that an encoding has not.
//   what()  is Python's text: "'ascii' codec can't encode character '\xe9' in position 0: …"
class TANDEM_API UnicodeEncodeError : public UnicodeError {
 public:
  // The characters [start, end) of the UTF-8 text object are wrong; counted in characters.
  UnicodeEncodeError(std::string encoding, std::string object, std::size_t start, std::size_t end,
                     std::string reason);
  const std::string& encoding() const noexcept;
  const std::string& object() const noexcept;
  std::size_t start() const noexcept;
  std::size_t end() const noexcept;
  const std::string& reason() const noexcept;

 private:
  struct Fields;
  std::shared_ptr<const Fields> fields_;  // shared: copying an exception must not throw
};

// Python's OSError(number, text): an error of the system with a text of one's own.
struct ErrorText {
  int number;
  std::string text;
};

// An error of the operating system.
//   what()  is Python's text: "[Errno 2] No such file or directory: 'x'"
class TANDEM_API OSError : public std::system_error {
 public:
  explicit OSError(int error_number, std::optional<std::string> filename = {},
                   std::optional<std::string> filename2 = {});
  explicit OSError(ErrorText error);
  // Python's OSError("text"): no number, and the text alone.
  explicit OSError(std::string message);
  int errno_() const noexcept { return code().value(); }
  const std::string& strerror() const noexcept;
  const std::optional<std::string>& filename() const noexcept;
  const std::optional<std::string>& filename2() const noexcept;
  const char* what() const noexcept override;

 private:
  struct Text;
  std::shared_ptr<const Text> text_;  // shared: copying an exception must not throw
};

// The kinds of OSError that have a name, and the numbers that they stand for.

class TANDEM_API BlockingIOError : public OSError {  // EAGAIN, EALREADY, EINPROGRESS
 public:
  using OSError::OSError;
};

class TANDEM_API ChildProcessError : public OSError {  // ECHILD
 public:
  using OSError::OSError;
};

class TANDEM_API ConnectionError : public OSError {
 public:
  using OSError::OSError;
};

class TANDEM_API BrokenPipeError : public ConnectionError {  // EPIPE, ESHUTDOWN
 public:
  using ConnectionError::ConnectionError;
};

class TANDEM_API ConnectionAbortedError : public ConnectionError {  // ECONNABORTED
 public:
  using ConnectionError::ConnectionError;
};

class TANDEM_API ConnectionRefusedError : public ConnectionError {  // ECONNREFUSED
 public:
  using ConnectionError::ConnectionError;
};

class TANDEM_API ConnectionResetError : public ConnectionError {  // ECONNRESET
 public:
  using ConnectionError::ConnectionError;
};

class TANDEM_API FileExistsError : public OSError {  // EEXIST
 public:
  using OSError::OSError;
};

class TANDEM_API FileNotFoundError : public OSError {  // ENOENT
 public:
  using OSError::OSError;
};

class TANDEM_API InterruptedError : public OSError {  // EINTR
 public:
  using OSError::OSError;
};

class TANDEM_API IsADirectoryError : public OSError {  // EISDIR
 public:
  using OSError::OSError;
};

class TANDEM_API NotADirectoryError : public OSError {  // ENOTDIR
 public:
  using OSError::OSError;
};

class TANDEM_API PermissionError : public OSError {  // EACCES, EPERM
 public:
  using OSError::OSError;
};

class TANDEM_API ProcessLookupError : public OSError {  // ESRCH
 public:
  using OSError::OSError;
};

// Not in time: ETIMEDOUT. Also concurrent.futures.TimeoutError, which is the same class from Python
// 3.11 on.
class TANDEM_API TimeoutError : public OSError {
 public:
  using OSError::OSError;
  explicit TimeoutError(std::string message = "") : OSError(std::move(message)) {}
};

// Something that this file, pipe, … does not do: Python's io.UnsupportedOperation, which is a
// ValueError as well there.
class TANDEM_API UnsupportedOperation : public OSError {
 public:
  explicit UnsupportedOperation(std::string message) : OSError(std::move(message)) {}
};

namespace detail {

// Throws the kind of OSError that stands for the number, as Python's OSError(number, …) is made.
[[noreturn]] TANDEM_API void throw_os_error(int error_number,
                                            std::optional<std::string> filename = {},
                                            std::optional<std::string> filename2 = {});
[[noreturn]] TANDEM_API void throw_os_error(ErrorText error);

}  // namespace detail
}  // namespace tandem::inline v1
