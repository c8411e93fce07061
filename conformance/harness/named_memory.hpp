// Which names of shared memory are left behind. Others use the system, too, and a name does not
// tell who has made it: so whoever links this notes each name that it makes.
#pragma once

#include <string>
#include <vector>

namespace tandem::conformance {

/// Those that this process, or one that it has started since the first call, has made and that are
/// still there.
std::vector<std::string> shared_memory_left();

}  // namespace tandem::conformance
