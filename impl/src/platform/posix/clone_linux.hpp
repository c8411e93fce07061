// A child that is born without its parent's handlers of signals (Linux 5.5). The C library has no
// function for it, and to look at all signals one by one costs more than the rest of a start.
#pragma once
#include <cstddef>

namespace tandem::inline v1::platform {

// As clone(), for flags with CLONE_PIDFD; SIGCHLD tells of the child's end.
// Returns the pid, or -1 and errno: ENOSYS, or what a filter of system calls says, where there is
// no such thing.
int clone_without_handlers(int (*entry)(void*), void* argument, void* stack, std::size_t stack_size,
                           unsigned flags, int* handle) noexcept;

}  // namespace tandem::inline v1::platform
