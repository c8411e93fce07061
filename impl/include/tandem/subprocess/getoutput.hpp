// Python's subprocess.getoutput and getstatusoutput: a shell's line, and what it says.
#pragma once
#include <optional>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/subprocess/command.hpp"

namespace tandem::inline v1::subprocess {

struct GetOutputOptions {
  std::optional<std::string> encoding{};
  std::optional<std::string> errors{};
};

// A value: how a shell's line ended, and its stdout and stderr without the last newline.
struct StatusOutput {
  int exitcode = 0;  // as returncode
  std::string output{};
  friend bool operator==(const StatusOutput&, const StatusOutput&) = default;
};

// Runs a line in the shell, stdout and stderr in one, as text.
// Throws   UnicodeDecodeError; OSError (no shell could be started).
// Threads  any number at once.
// Spec     subprocess.getoutput.status
TANDEM_API StatusOutput getstatusoutput(Command cmd, GetOutputOptions options = {});

// The same; only what the line says.
// Spec     subprocess.getoutput
TANDEM_API std::string getoutput(Command cmd, GetOutputOptions options = {});

}  // namespace tandem::inline v1::subprocess
