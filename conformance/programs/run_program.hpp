// Runs a program of this folder and tells what it printed.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::conformance {

struct Ended {
  std::string printed;
  int exit_code = -1;
};

inline std::vector<std::string> lines_of(const Ended& ended) {
  std::vector<std::string> lines;
  std::istringstream text(ended.printed);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// Where they were built, or where TANDEM_PROGRAMS_DIR says.
inline std::string programs_directory() {
  const char* named = std::getenv("TANDEM_PROGRAMS_DIR");
  return named != nullptr ? named : TANDEM_PROGRAMS_DIR;
}

/// program: "concurrent/futures/exit_finishes_work", with arguments where it has some
inline Ended run_program(std::string_view program) {
  const std::string command = "'" + programs_directory() + "'/" + std::string(program);
  std::FILE* out = popen(command.c_str(), "re");
  if (out == nullptr) throw std::runtime_error("cannot run " + command);
  Ended ended;
  std::array<char, 256> some{};
  while (std::fgets(some.data(), some.size(), out) != nullptr) ended.printed += some.data();
  const int status = pclose(out);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

}  // namespace tandem::conformance
