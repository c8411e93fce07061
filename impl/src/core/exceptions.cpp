#include "tandem/core/exceptions.hpp"

#include <cerrno>

namespace tandem::inline v1 {

BaseException::BaseException(std::string message)
    : message_(std::make_shared<const std::string>(std::move(message))) {}
BaseException::~BaseException() = default;
const char* BaseException::what() const noexcept { return message_->c_str(); }

SystemExit::SystemExit(int code) : BaseException(std::to_string(code)), code_(code) {}

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
  if (filename) text += ": '" + *filename + "'";
  if (filename && filename2) text += " -> '" + *filename2 + "'";
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

OSError::OSError(std::string message)
    : std::system_error(0, std::generic_category()),
      text_(std::make_shared<const Text>(Text{"", {}, {}, std::move(message)})) {}

const std::string& OSError::strerror() const noexcept { return text_->strerror; }
const std::optional<std::string>& OSError::filename() const noexcept { return text_->filename; }
const std::optional<std::string>& OSError::filename2() const noexcept { return text_->filename2; }
const char* OSError::what() const noexcept { return text_->what.c_str(); }

}  // namespace tandem::inline v1
