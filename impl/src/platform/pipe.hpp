// Neutral contract: pipes, and reading and writing. Whatever is made here is not inherited by
// children. Functions that can fail return 0 or the error number of the system.
#pragma once
#include <cstddef>

#include "platform/handle.hpp"

namespace tandem::inline v1::platform {

struct Pipe {
  Handle reader, writer;
};

int open_pipe(Pipe& pipe) noexcept;
// A pipe to sleep at. The writer may be written to when there is no reader any more, and never
// waits: a full pipe is EAGAIN.
int open_wake_pipe(Pipe& pipe) noexcept;
// The quickest there is, for that writer. Returns 0 or the error number.
int wake(int writer) noexcept;
// How much fits in; the system may round it up.
int set_pipe_size(int handle, int bytes) noexcept;
// For reading and writing: there is nothing in it, and what is written is lost.
int open_null_device(Handle& handle) noexcept;
// Whether reads and writes come back (EAGAIN) instead of waiting.
int set_nonblocking(int handle, bool nonblocking) noexcept;

struct Transfer {
  std::size_t count = 0;  // of a read: zero is the end
  int error = 0;          // nothing was transferred then
};
// One read or write each: of some bytes, at least one. An interrupted one is repeated.
Transfer read_some(int handle, void* bytes, std::size_t size) noexcept;
// Nobody there to read is EPIPE, never a signal.
Transfer write_some(int handle, const void* bytes, std::size_t size) noexcept;
// The same for who does not want to wait: EAGAIN, where that would have to. A write may say so too
// early where the system has no such thing.
Transfer read_at_once(int handle, void* bytes, std::size_t size) noexcept;
Transfer write_at_once(int handle, const void* bytes, std::size_t size) noexcept;
// How much is best read or written at once; 0: the system does not say.
std::size_t block_size(int handle) noexcept;

}  // namespace tandem::inline v1::platform
