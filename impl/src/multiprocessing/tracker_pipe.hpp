// The tracker's pipe, which goes to every process of a family.
#pragma once
#include "platform/handle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// A handle of one's own, since another thread may stop the tracker meanwhile. None: no tracker has
// been started.
// Throws   OSError.
platform::Handle tracker_handle();
// In a process that was just started: its parent's.
void adopt_tracker(platform::Handle handle) noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
