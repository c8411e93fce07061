// Where a process waits that is about to be killed.
#pragma once

#include <sys/types.h>

#include <string>

namespace tandem::conformance {

/// Has scripts/lib/hangs.py say it on standard error, of what is below that process as well. Where
/// there is no source tree or no Python nothing is said; nor where a seeded fault makes it hang.
void tell_where_it_waits(pid_t process, const std::string& name, double seconds);

}  // namespace tandem::conformance
