// What has a name in the system outlives the process that made it. The tracker sees to it: a
// process of its own, which nothing but SIGKILL ends while it has something to see to.
//
//   owner is killed, or calls _exit()    its names are removed at once
//   owner ends by main() or exit()       its names are the family's: it and all that it has started
//   the last one of the family has ended what the family has left is removed, and said on stderr
//
// Python's resource_tracker, but: who only opens what another has made never tracks it.
// The first name starts it. It is nobody's child, and it ends with the last name of who started it.
// Threads  any number at once. A child of fork() owns nothing of what its parent does.
#pragma once
#include <string>

namespace tandem::inline v1::multiprocessing::detail {

// Has this process own a shared memory segment, by the name that the system knows it by.
// Throws   OSError (there is no process to be had).
void track_shared_memory(const std::string& name);
// It is unlinked, or about to be.
void untrack_shared_memory(const std::string& name) noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
