// The process that forks on request, as its clients see it.
#pragma once
#include "platform/handle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// The connection to it, which goes to every process of a family: a handle of one's own, since
// another thread may stop it meanwhile. None: it has not been started.
// Throws   OSError.
platform::Handle fork_server_handle();
// In a process that was just started: its parent's.
void adopt_fork_server(platform::Handle handle) noexcept;

// Ends it, if this process has started one.
void stop_fork_server() noexcept;

// Is one: forks for its clients until there are none. Returns the exit code; in a child that it
// has forked it does not return.
int serve(platform::Handle connection) noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
