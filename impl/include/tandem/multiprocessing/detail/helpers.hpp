// The processes that work for this one behind the scenes: the fork server and the tracker.
#pragma once
#include "tandem/core/export.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// For tests, which look for what is left behind: ends those that this process has started, and
// waits for them. They are started again when they are needed.
TANDEM_API void stop_helpers();

}  // namespace tandem::inline v1::multiprocessing::detail
