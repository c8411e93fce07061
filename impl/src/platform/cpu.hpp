// Neutral contract: the processors.
#pragma once

namespace tandem::inline v1::platform {

// Lets another thread run.
void yield() noexcept;

// How many processors this process may use (its affinity mask); at least 1.
int usable_cpus() noexcept;

}  // namespace tandem::inline v1::platform
