// What is written to a descriptor of this process goes to a file for a while.
#pragma once
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace tandem::conformance {

class Redirected {
 public:
  explicit Redirected(int fd) : fd_(fd), file_(std::tmpfile()), before_(::dup(fd)) {
    std::fflush(nullptr);
    if (file_ == nullptr || before_ < 0 || ::dup2(::fileno(file_), fd_) < 0)
      throw std::runtime_error("cannot redirect a descriptor");
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() {
    restore();
    std::fclose(file_);
  }
  /// Ends it, and says what was written.
  std::string read() {
    restore();
    std::rewind(file_);
    std::string text(65536, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

 private:
  void restore() {
    if (before_ < 0) return;
    ::dup2(before_, fd_);
    ::close(before_);
    before_ = -1;
  }

  int fd_;
  std::FILE* file_;
  int before_;
};

}  // namespace tandem::conformance
