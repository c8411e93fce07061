#include "platform/cpu.hpp"

#include "platform/scheduled/scheduler.hpp"

namespace tandem::inline v1::platform {

void yield() noexcept { seam::cpu_relax(); }

// Whatever this machine has: a schedule means the same on every one.
int usable_cpus() noexcept { return 2; }

}  // namespace tandem::inline v1::platform
