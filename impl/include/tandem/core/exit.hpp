// What runs when the program ends, in CPython's order: executors first (their queued work is
// finished), then the threads that are no daemons are joined, then processes; threads that are left
// are abandoned last, as others may still need them.
#pragma once
#include <functional>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::detail {

enum class ExitStage { executors, threads, processes, leftovers };

// Runs the hook when main() has returned or exit() was called, before the destructors of statics
// that were complete at the first registration. Within a stage the last registered runs first.
// Throws   std::bad_alloc; then it is not registered.
TANDEM_API void at_exit(ExitStage stage, std::function<void()> hook);

// Runs the hooks now, up to those of a stage: before statics that are younger than the first
// registration are destroyed.
TANDEM_API void run_exit_hooks(ExitStage last = ExitStage::leftovers);

// Whether the stage of executors has begun: Python's "interpreter shutdown".
TANDEM_API bool is_exiting() noexcept;

}  // namespace tandem::inline v1::detail
