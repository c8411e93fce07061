// What the primitives between processes have in common.
#pragma once
#include <optional>
#include <string>

#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/lock.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Until when to wait; none: not at all. Asked by who has to wait.
// Throws   OSError (EINVAL: a timeout beyond TIMEOUT_MAX).
std::optional<Deadline> waiting_deadline(const AcquireOptions& options);

// "MainProcess", or "MainProcess|Thread-1": the calling thread, as the reprs of locks name it.
std::string holder_name();

// As what has a handle says when it has been closed.
// Throws   OSError.
[[noreturn]] void throw_handle_closed();

// The child of fork() has what its parent has; no other may be given that.
inline bool is_for_fork(const Context& context) noexcept {
  return context.method() == StartMethod::fork;
}

// Throws   RuntimeError (anywhere but to a process that is being started; to one that is not forked
//          what was made for fork).
void assert_spawning(const v1::pickle::Output& output, const char* type, bool for_fork);

}  // namespace tandem::inline v1::multiprocessing::detail
