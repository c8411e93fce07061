// A directory of a case's own.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include "conformance/harness/case.hpp"

namespace tandem::conformance {

/// What a call of the system has returned, if that is no error.
inline int checked(int result) {
  if (result < 0) throw std::system_error(errno, std::generic_category());
  return result;
}

/// Gone at its end. Transcripts call it DIR.
class OwnFolder {
 public:
  OwnFolder() {
    std::string pattern =
        std::filesystem::canonical(std::filesystem::temp_directory_path()) / "tandem-case-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory");
    top = pattern;
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  ~OwnFolder() { std::filesystem::remove_all(top); }

  std::string path(const std::string& name) const { return top + "/" + name; }
  void log(std::string text) const {
    for (std::size_t at; (at = text.find(top)) != text.npos;) text.replace(at, top.size(), "DIR");
    conformance::log(text);
  }

  std::string top;
};

}  // namespace tandem::conformance
