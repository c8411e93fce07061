// A case in a process of its own, so that a crash or a hang is that case's and no other's, and so
// that process-wide counters start afresh, as they do for its twin.
#pragma once

#include <string>

#include "conformance/harness/results.hpp"

namespace tandem::conformance {

/// How long one case may take: TANDEM_CASE_SECONDS, else 90 s times the time scale.
double case_seconds();

/// Runs `--case=id` of this executable and returns its result; on failure its output is printed.
Result run_in_own_process(const std::string& id);

}  // namespace tandem::conformance
