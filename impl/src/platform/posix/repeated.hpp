// A read or a write, a send or a receive, until no signal interrupts it.
#pragma once
#include <sys/types.h>

#include <cerrno>
#include <cstddef>

#include "platform/pipe.hpp"

namespace tandem::inline v1::platform {

// call() returns how many bytes, or -1 and errno.
template <class Call>
Transfer repeated(Call call) noexcept {
  for (;;) {
    const ssize_t count = call();
    if (count >= 0) return {static_cast<std::size_t>(count), 0};
    if (errno != EINTR) return {0, errno};
  }
}

}  // namespace tandem::inline v1::platform
