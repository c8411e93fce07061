#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "platform/cpu.hpp"

namespace tandem::inline v1::platform {

void yield() noexcept { sched_yield(); }

int usable_cpus() noexcept {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return std::max(1, CPU_COUNT(&mask));
  // More processors than the fixed mask has room for: count those that are on line.
  return static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace tandem::inline v1::platform
