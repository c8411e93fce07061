// Python's os.getpid, getppid, cpu_count and environ.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::os {

// The number of this process, and of the one that started it: 1 or another, once that has ended.
// Threads  any number at once, all of these.
// Spec     os.process
TANDEM_API int getpid();
TANDEM_API int getppid();

// How many processors the machine has; this process may be restricted to fewer. None: unknown.
// Spec     os.process.cpu-count
TANDEM_API std::optional<int> cpu_count();

// The variables of the process, and their values. A copy of this moment, where Python's os.environ
// is one of its start: changes in it change nothing else.
// Threads  while nobody changes the environment (setenv()).
// Spec     os.process.environ
TANDEM_API std::map<std::string, std::string> environ();

}  // namespace tandem::inline v1::os
