// Python's subprocess.call, check_call and check_output: older than run.
#pragma once
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/subprocess/command.hpp"
#include "tandem/subprocess/run.hpp"

namespace tandem::inline v1::subprocess {

// Runs a child and returns its returncode. Nothing reads a PIPE here: who asks for one may wait for
// ever.
// Throws   as run(); TypeError (input, capture_output and check are run()'s).
// Threads  any number at once.
// Spec     subprocess.call
TANDEM_API int call(Command args, RunOptions options = {});

// The same; returns zero.
// Throws   CalledProcessError, unless the child succeeds.
// Spec     subprocess.call.check-call
TANDEM_API int check_call(Command args, RunOptions options = {});

// Runs a child and returns its stdout.
// Throws   CalledProcessError, unless the child succeeds; as run(); ValueError (stdout_ and check
// are
//          settled here).
// Spec     subprocess.call.check-output
TANDEM_API std::string check_output(Command args, RunOptions options = {});

}  // namespace tandem::inline v1::subprocess
