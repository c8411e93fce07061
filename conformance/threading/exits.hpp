// What a program does when it ends, seen from outside: a case asks a child process.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "conformance/harness/leaks.hpp"

namespace tandem::conformance {

// Where a child process says what it does, line by line, until its very end.
class Child {
 public:
  explicit Child(int descriptor) : descriptor_(descriptor) {}
  void say(const std::string& line) const {
    const std::string text = line + "\n";
    if (::write(descriptor_, text.data(), text.size()) < 0) std::abort();
  }

 private:
  int descriptor_;
};

// Runs body(child) in a child process, which then ends as by a return from main(). Returns what it
// said, and "status N" at the end if it did not end well.
template <class F>
std::vector<std::string> said_until_exit(F&& body) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const auto pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    do_not_check_memory_at_exit();
    static Child child(ends[1]);  // threads use it until the end
    std::forward<F>(body)(child);
    std::exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char part[512];
  for (ssize_t n; (n = ::read(ends[0], part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) text += "status " + std::to_string(status) + "\n";
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace tandem::conformance
