#include "tandem/core/exceptions.hpp"

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "tandem/core/repr.hpp"

namespace tandem::inline v1 {

BaseException::BaseException(std::string message)
    : message_(std::make_shared<const std::string>(std::move(message))) {}
BaseException::~BaseException() = default;
const char* BaseException::what() const noexcept { return message_->c_str(); }

SystemExit::SystemExit(int code) : BaseException(std::to_string(code)), code_(code) {}
SystemExit::SystemExit(std::string text)
    : BaseException(std::move(text)), code_(1), has_text_(true) {}

// Of Python's: "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte".
namespace {

std::string hex(const char* format, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string codec_text(const std::string& encoding, const std::string& verb, const std::string& one,
                       const char* several, std::size_t start, std::size_t end,
                       const std::string& reason) {
  const std::string what = end == start + 1 ? one + " in position " + std::to_string(start)
                                            : several + (" in position " + std::to_string(start)) +
                                                  "-" + std::to_string(end - 1);
  return "'" + encoding + "' codec can't " + verb + " " + what + ": " + reason;
}

// The byte in question.
std::string byte_text(const std::string& object, std::size_t start) {
  if (start >= object.size()) return "byte";
  return "byte " + hex("0x%02x", static_cast<unsigned char>(object[start]));
}

// The character in question of a UTF-8 text, as Python escapes it.
std::string character_text(const std::string& object, std::size_t position) {
  const char32_t point = detail::code_point_at(object, position);
  const char* format = point <= 0xff ? "\\x%02x" : point <= 0xffff ? "\\u%04x" : "\\U%08x";
  return "character '" + hex(format, static_cast<unsigned>(point)) + "'";
}

}  // namespace

struct UnicodeDecodeError::Fields {
  std::string encoding, object;
  std::size_t start, end;
  std::string reason;
};

UnicodeDecodeError::UnicodeDecodeError(std::string encoding, std::string object, std::size_t start,
                                       std::size_t end, std::string reason)
    : UnicodeError(
          codec_text(encoding, "decode", byte_text(object, start), "bytes", start, end, reason)),
      fields_(std::make_shared<const Fields>(
          Fields{std::move(encoding), std::move(object), start, end, std::move(reason)})) {}
const std::string& UnicodeDecodeError::encoding() const noexcept { return fields_->encoding; }
const std::string& UnicodeDecodeError::object() const noexcept { return fields_->object; }
std::size_t UnicodeDecodeError::start() const noexcept { return fields_->start; }
std::size_t UnicodeDecodeError::end() const noexcept { return fields_->end; }
const std::string& UnicodeDecodeError::reason() const noexcept { return fields_->reason; }

struct UnicodeEncodeError::Fields {
  std::string encoding, object;
  std::size_t start, end;
  std::string reason;
};

UnicodeEncodeError::UnicodeEncodeError(std::string encoding, std::string object, std::size_t start,
                                       std::size_t end, std::string reason)
    : UnicodeError(codec_text(encoding, "encode", character_text(object, start), "characters",
                              start, end, reason)),
      fields_(std::make_shared<const Fields>(
          Fields{std::move(encoding), std::move(object), start, end, std::move(reason)})) {}
const std::string& UnicodeEncodeError::encoding() const noexcept { return fields_->encoding; }
const std::string& UnicodeEncodeError::object() const noexcept { return fields_->object; }
std::size_t UnicodeEncodeError::start() const noexcept { return fields_->start; }
std::size_t UnicodeEncodeError::end() const noexcept { return fields_->end; }
const std::string& UnicodeEncodeError::reason() const noexcept { return fields_->reason; }

struct OSError::Text {
  std::string strerror;
  std::optional<std::string> filename, filename2;
  std::string what;
};

namespace {

std::string python_text(int number, const std::string& strerror,
                        const std::optional<std::string>& filename,
                        const std::optional<std::string>& filename2) {
  std::string text = "[Errno " + std::to_string(number) + "] " + strerror;
  if (filename) text += ": " + detail::string_repr(*filename);
  if (filename && filename2) text += " -> " + detail::string_repr(*filename2);
  return text;
}

}  // namespace

OSError::OSError(int error_number, std::optional<std::string> filename,
                 std::optional<std::string> filename2)
    : std::system_error(error_number, std::generic_category()) {
  std::string strerror = code().message();
  std::string what = python_text(error_number, strerror, filename, filename2);
  text_ = std::make_shared<const Text>(
      Text{std::move(strerror), std::move(filename), std::move(filename2), std::move(what)});
}

OSError::OSError(ErrorText error) : std::system_error(error.number, std::generic_category()) {
  std::string what = python_text(error.number, error.text, {}, {});
  text_ = std::make_shared<const Text>(Text{std::move(error.text), {}, {}, std::move(what)});
}

OSError::OSError(std::string message)
    : std::system_error(0, std::generic_category()),
      text_(std::make_shared<const Text>(Text{"", {}, {}, std::move(message)})) {}

const std::string& OSError::strerror() const noexcept { return text_->strerror; }
const std::optional<std::string>& OSError::filename() const noexcept { return text_->filename; }
const std::optional<std::string>& OSError::filename2() const noexcept { return text_->filename2; }
const char* OSError::what() const noexcept { return text_->what.c_str(); }

namespace {

template <class... A>
[[noreturn]] void throw_kind(int number, A&&... arguments) {
  switch (number) {
    case EAGAIN:
    case EALREADY:
    case EINPROGRESS:
      throw BlockingIOError(std::forward<A>(arguments)...);
    case ECHILD:
      throw ChildProcessError(std::forward<A>(arguments)...);
    case EPIPE:
    case ESHUTDOWN:
      throw BrokenPipeError(std::forward<A>(arguments)...);
    case ECONNABORTED:
      throw ConnectionAbortedError(std::forward<A>(arguments)...);
    case ECONNREFUSED:
      throw ConnectionRefusedError(std::forward<A>(arguments)...);
    case ECONNRESET:
      throw ConnectionResetError(std::forward<A>(arguments)...);
    case EEXIST:
      throw FileExistsError(std::forward<A>(arguments)...);
    case ENOENT:
      throw FileNotFoundError(std::forward<A>(arguments)...);
    case EINTR:
      throw InterruptedError(std::forward<A>(arguments)...);
    case EISDIR:
      throw IsADirectoryError(std::forward<A>(arguments)...);
    case ENOTDIR:
      throw NotADirectoryError(std::forward<A>(arguments)...);
    case EACCES:
    case EPERM:
      throw PermissionError(std::forward<A>(arguments)...);
    case ESRCH:
      throw ProcessLookupError(std::forward<A>(arguments)...);
    case ETIMEDOUT:
      throw TimeoutError(std::forward<A>(arguments)...);
    default:
      throw OSError(std::forward<A>(arguments)...);
  }
}

}  // namespace

void detail::throw_os_error(int error_number, std::optional<std::string> filename,
                            std::optional<std::string> filename2) {
  throw_kind(error_number, error_number, std::move(filename), std::move(filename2));
}
void detail::throw_os_error(ErrorText error) {
  const int number = error.number;
  throw_kind(number, std::move(error));
}

}  // namespace tandem::inline v1
