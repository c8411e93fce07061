// Runs a program of conformance/programs and tells what it printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem::conformance {

struct Ended {
  std::string printed;
  int exit_code = -1;
};

std::vector<std::string> lines_of(const Ended& ended);

/// program: "concurrent/futures/exit_finishes_work", with arguments where it has some. Below where
/// they were built, or where TANDEM_PROGRAMS_DIR says.
Ended run_program(std::string_view program);

}  // namespace tandem::conformance
