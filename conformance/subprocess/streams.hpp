// What the cases of the child's streams share, beside support.hpp.
#pragma once
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "conformance/harness/redirected.hpp"
#include "conformance/subprocess/support.hpp"

namespace tandem::conformance {

// How many bytes a pipe holds that nobody has read yet.
inline int bytes_in(const subprocess::PipeFile& file) {
  int count = 0;
  checked(::ioctl(file.fileno(), FIONREAD, &count));
  return count;
}

// What it threw; the byte that it names is no address.
template <class Act>
std::string said(Act&& act) {
  std::string text = raised(std::forward<Act>(act));
  if (const auto at = text.find("0x"); at != text.npos) text.erase(at, 2);
  return text;
}

// A file without a name, open for both.
class TempFile {
 public:
  explicit TempFile(std::string_view content = "") {
    if (file == nullptr) throw std::runtime_error("no temporary file");
    std::fwrite(content.data(), 1, content.size(), file);
    std::fflush(file);
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() { std::fclose(file); }
  int fileno() const { return ::fileno(file); }
  // Where the next read of the descriptor begins.
  void seek(long position) const { ::lseek(fileno(), position, SEEK_SET); }

  std::FILE* const file = std::tmpfile();
};

// A child that reads nothing and writes nothing until the end of the scope kills it.
class Sleeper : public subprocess::Popen {
 public:
  explicit Sleeper(subprocess::PopenOptions options)
      : Popen({"sleep", "1000"}, std::move(options)) {}
  Sleeper(Sleeper&&) = delete;
  Sleeper& operator=(Sleeper&&) = delete;
  ~Sleeper() {
    kill();
    try {
      exit();
    } catch (const BrokenPipeError&) {
      // what was written and not sent
    }
  }
};

}  // namespace tandem::conformance
