#include "conformance/harness/named_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

// The linker has it called in place of shm_open(): --wrap.
extern "C" int __real_shm_open(const char* name, int flags, mode_t mode);
extern "C" int __wrap_shm_open(const char* name, int flags, mode_t mode);

namespace tandem::conformance {
namespace {

namespace fs = std::filesystem;

// Children find it in their environment.
constexpr const char* variable = "TANDEM_NAMES_OF_MEMORY";

// Where all of them note their names; gone with the process that has made it.
class File {
 public:
  File() : path_(fs::temp_directory_path() / "tandem-names-XXXXXX") {
    const int file = ::mkostemp(path_.data(), O_CLOEXEC);
    if (file < 0) throw std::runtime_error("no file " + path_);
    ::close(file);
    ::setenv(variable, path_.c_str(), 1);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (owner_ == ::getpid()) ::unlink(path_.c_str());
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const pid_t owner_ = ::getpid();
};

void note(const char* name) {
  const char* const path = std::getenv(variable);
  const int file = path == nullptr ? -1 : ::open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return;
  const std::string line = std::string(name) + '\n';
  if (::write(file, line.data(), line.size()) < 0) ::abort();
  ::close(file);
}

bool is_there(const std::string& name) {
  const int memory = __real_shm_open(name.c_str(), O_RDONLY, 0);
  if (memory >= 0) ::close(memory);
  return memory >= 0;
}

}  // namespace

std::vector<std::string> shared_memory_left() {
  static const File file;
  std::ifstream noted(file.path());
  std::vector<std::string> left;
  for (std::string name; std::getline(noted, name);)
    if (is_there(name)) left.push_back(name);
  std::sort(left.begin(), left.end());
  left.erase(std::unique(left.begin(), left.end()), left.end());
  return left;
}

}  // namespace tandem::conformance

// Noted first: it may be killed in between.
int __wrap_shm_open(const char* name, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0) tandem::conformance::note(name);
  return __real_shm_open(name, flags, mode);
}
