// Python's os.system and os.waitstatus_to_exitcode.
#pragma once
#include <string>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::os {

// Has a shell run the command, and waits until it has ended. Its streams are ours. Meanwhile SIGINT
// and SIGQUIT are the command's alone: this process ignores them.
// Returns the wait status, not the exit code: see waitstatus_to_exitcode(). -1: nothing was run.
// Throws   ValueError (a zero byte in the command).
// Threads  any number at once.
// Spec     os.system
TANDEM_API int system(std::string command);

// The exit code, or minus the number of the signal that ended the child.
// Throws   ValueError (neither: the child was stopped; no status at all).
// Spec     os.system.exitcode
TANDEM_API int waitstatus_to_exitcode(int status);

}  // namespace tandem::inline v1::os
