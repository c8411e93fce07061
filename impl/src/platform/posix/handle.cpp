#include "platform/handle.hpp"

#include <stdio.h>
#include <unistd.h>

namespace tandem::inline v1::platform {

// Not repeated when it was interrupted: the number is free already, and may be another thread's.
void close_handle(int handle) noexcept { ::close(handle); }

int handle_of(std::FILE* file) noexcept { return ::fileno(file); }

}  // namespace tandem::inline v1::platform
