// What the cases of multiprocessing share: the twin of reference/multiprocessing/support.py.
//
// What a child has seen goes to a file, by note(); the case logs that file when the child has
// ended. A log() in a child is seen by nobody.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "conformance/harness/case.hpp"
#include "conformance/harness/leaks.hpp"
#include "conformance/harness/redirected.hpp"
#include "tandem/multiprocessing.hpp"

namespace tandem::conformance {

namespace mp = tandem::multiprocessing;

inline constexpr std::array start_methods{"fork", "spawn", "forkserver"};

// Calls act(context) under each start method; the transcript says which.
template <class Act>
void each_method(Act&& act) {
  for (const char* const method : start_methods) {
    log(method);
    act(mp::get_context(method));
  }
}

inline int checked(int result) {
  if (result < 0) throw std::system_error(errno, std::generic_category());
  return result;
}

// A directory of the case's own, gone at its end. Transcripts call it DIR.
class Folder {
 public:
  Folder() {
    std::string pattern =
        std::filesystem::canonical(std::filesystem::temp_directory_path()) / "tandem-case-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory");
    top = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(top); }

  std::string path(const std::string& name) const { return top + "/" + name; }
  // Whoever passes it with enter() waits there for one open_gate().
  std::string gate(const std::string& name) const {
    checked(::mkfifo(path(name).c_str(), 0600));
    return path(name);
  }
  void log(std::string text) const {
    for (std::size_t at; (at = text.find(top)) != text.npos;) text.replace(at, top.size(), "DIR");
    conformance::log(text);
  }

  std::string top;
};

// A line for the file, whole even where several processes write.
template <typename... Values>
void note(const std::string& path, const Values&... values) {
  std::string line;
  ((line += (line.empty() ? "" : " ") + str(values)), ...);
  line += '\n';
  const int file = checked(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  checked(static_cast<int>(::write(file, line.data(), line.size())));
  ::close(file);
}

// Logs the lines of the file, and empties it.
inline void log_notes(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) log(line);
  std::filesystem::remove(path);
}

// Called by a child: waits until the case opens the gate.
inline void enter(const std::string& gate) {
  ::close(checked(::open(gate.c_str(), O_RDONLY | O_CLOEXEC)));
}

// Waits until a child has come to the gate, and lets it through.
inline void open_gate(const std::string& gate) {
  ::close(checked(::open(gate.c_str(), O_WRONLY | O_CLOEXEC)));
}

}  // namespace tandem::conformance
