#include "platform/handle.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace tandem::inline v1::platform {

// Not repeated when it was interrupted: the number is free already, and may be another thread's.
void close_handle(int handle) noexcept { ::close(handle); }

int duplicate_handle(int handle, Handle& duplicate) noexcept {
  const int made = ::fcntl(handle, F_DUPFD_CLOEXEC, 0);
  if (made < 0) return errno;
  duplicate.reset(made);
  return 0;
}

int handle_of(std::FILE* file) noexcept { return ::fileno(file); }

}  // namespace tandem::inline v1::platform
