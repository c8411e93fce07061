// The tracker's pipe, which goes to every process of a family.
#pragma once
#include "platform/handle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// platform::Handle::none: no tracker has been started. Stays the owner's.
int tracker_handle() noexcept;
// In a process that was just started: its parent's.
void adopt_tracker(platform::Handle handle) noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
