// Neutral contract: waiting until open files can be read or written.
#pragma once
#include <span>

#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

struct Polled {
  int handle;
  bool for_writing = false;
  bool for_hang_up = false;  // only for that, whatever there is to read
  bool ready = false;        // or at its end, or broken: the next read or write says
};

// Sleeps until one of them is ready, or until the time on the monotonic clock; interrupted, it goes
// on.
//   until  nullptr: for ever. Passed already: only looks
// Returns 0 or the error number of the system; ENOMEM: more than four, and no memory.
int poll(std::span<Polled> handles, const seam::clock::time_point* until) noexcept;

}  // namespace tandem::inline v1::platform
