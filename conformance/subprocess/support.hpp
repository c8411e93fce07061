// What the cases of subprocess share: the twin of reference/subprocess/support.py.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/harness/case.hpp"
#include "conformance/harness/folder.hpp"
#include "tandem/core/log.hpp"
#include "tandem/subprocess.hpp"

namespace tandem::conformance {

// As Python's repr() shows bytes, without the b; None for nothing.
inline std::string shown(std::string_view bytes) {
  constexpr std::string_view hex = "0123456789abcdef";
  const bool single = bytes.find('\'') != bytes.npos && bytes.find('"') == bytes.npos;
  const char quote = single ? '"' : '\'';
  std::string text(1, quote);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\')
      text += std::string("\\") + c;
    else if (c == '\n' || c == '\r' || c == '\t')
      text += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    else if (byte < 32 || byte > 126)
      text += std::string("\\x") + hex[byte >> 4U] + hex[byte & 15U];
    else
      text += c;
  }
  return text + quote;
}
inline std::string shown(const std::string& bytes) { return shown(std::string_view(bytes)); }
inline std::string shown(const std::optional<std::string>& bytes) {
  return bytes ? shown(std::string_view(*bytes)) : "None";
}

// A shell that runs the command.
inline subprocess::Popen sh(const std::string& command, subprocess::PopenOptions options = {}) {
  return subprocess::Popen({"sh", "-c", command}, std::move(options));
}

// Logs what communicate() returns, and the return code.
inline void report(subprocess::Popen& process, subprocess::CommunicateOptions options = {}) {
  const auto [out, err] = process.communicate(std::move(options));
  log(shown(out), shown(err), process.returncode());
}
inline void report(subprocess::Popen&& process, subprocess::CommunicateOptions options = {}) {
  report(process, std::move(options));
}

// Calls `act` and logs what it warns of, each once. Process ids are called PID.
template <class Act>
void warned(Act&& act) {
  std::vector<std::string> lines;
  const LogSink before = log_sink([&](std::string_view message) {
    std::string line =
        std::regex_replace(std::string(message), std::regex("subprocess [0-9]+"), "subprocess PID");
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  });
  std::forward<Act>(act)();
  log_sink(before);
  for (const auto& line : lines) log(line);
}

// "TimeoutExpired" or whatever else left it, without its text.
template <class Act>
std::string timed_out(Act&& act) {
  const std::string text = raised(std::forward<Act>(act));
  return text.substr(0, text.find(':'));
}

// A case's own folder, in which there are programs.
class Folder : public OwnFolder {
 public:
  std::string file(const std::string& name, std::string_view content = "",
                   mode_t mode = 0644) const {
    std::ofstream(path(name)) << content;
    checked(::chmod(path(name).c_str(), mode));
    return path(name);
  }
  std::string script(const std::string& name, const std::string& body) const {
    return file(name, "#!/bin/sh\n" + body + "\n", 0755);
  }
  std::string folder(const std::string& name) const {
    std::filesystem::create_directory(path(name));
    return path(name);
  }
};

// A pipe between the case and a child: the child waits for open(), or the case for a word of the
// child.
class Channel {
 public:
  Channel() {
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC));
    reader = ends[0];
    writer = ends[1];
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    open();
    ::close(reader);
  }
  // From now on whoever reads is at the end.
  void open() {
    if (writer >= 0) ::close(std::exchange(writer, -1));
  }
  // Until a byte has come.
  void wait() const {
    char byte;
    checked(static_cast<int>(::read(reader, &byte, 1)));
  }

  int reader, writer;
};

// A descriptor of the case's own.
class Opened {
 public:
  explicit Opened(const std::string& path, int flags = O_RDWR)
      : Opened(checked(::open(path.c_str(), flags | O_CLOEXEC))) {}
  explicit Opened(int descriptor) : fd(descriptor) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  Opened(Opened&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  ~Opened() {
    if (fd >= 0) ::close(fd);
  }

  int fd;
};

// Descriptors 0, 1 and 2 are the case's to change; at the end they are what they were.
class OwnStreams {
 public:
  OwnStreams() {
    for (int fd = 0; fd < 3; ++fd) saved.push_back(checked(::fcntl(fd, F_DUPFD_CLOEXEC, 20)));
  }
  OwnStreams(const OwnStreams&) = delete;
  OwnStreams& operator=(const OwnStreams&) = delete;
  ~OwnStreams() {
    for (int fd = 0; fd < 3; ++fd) {
      ::dup2(saved[static_cast<std::size_t>(fd)], fd);
      ::close(saved[static_cast<std::size_t>(fd)]);
    }
  }

  std::vector<int> saved;
};

// An inheritable copy with a high number, the same on both sides.
inline Opened numbered(int fd, int at_least) {
  return Opened(checked(::fcntl(fd, F_DUPFD, at_least)));
}

// All that is in the file.
inline std::string content_of(int fd) {
  std::array<char, 65536> content{};
  ::lseek(fd, 0, SEEK_SET);
  const auto size = checked(static_cast<int>(::read(fd, content.data(), content.size())));
  return std::string(content.data(), static_cast<std::size_t>(size));
}

inline bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// Until the child has ended; it is left for others to reap.
inline void wait_until_ended(int pid) {
  siginfo_t info;
  checked(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT));
}

// Is it still ours to reap?
inline bool is_child(int pid) {
  siginfo_t info;
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Has this process no child, not even one that has ended and was not waited for?
inline bool no_child_left() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

// A shell that prints which descriptors above 2 it has.
inline const std::string open_descriptors =
    "n=3; while [ $n -lt 260 ]; do [ -e /proc/self/fd/$n ] && echo $n; n=$((n+1)); done; true";

}  // namespace tandem::conformance
