#include "conformance/harness/run_program.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace tandem::conformance {
namespace {

std::string programs_directory() {
  const char* named = std::getenv("TANDEM_PROGRAMS_DIR");
  return named != nullptr ? named : TANDEM_PROGRAMS_DIR;
}

}  // namespace

std::vector<std::string> lines_of(const Ended& ended) {
  std::vector<std::string> lines;
  std::istringstream text(ended.printed);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

Ended run_program(std::string_view program) {
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
