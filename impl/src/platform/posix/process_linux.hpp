// What the files about processes on Linux share.
#pragma once
#include "platform/handle.hpp"

namespace tandem::inline v1::platform {

// A handle (pidfd) of a child that nobody has reaped yet; none: not to be had.
Handle open_child(int pid) noexcept;

}  // namespace tandem::inline v1::platform
