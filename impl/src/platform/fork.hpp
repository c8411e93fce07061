// Neutral contract: copies of this process, and what a process that works for another one needs.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "platform/handle.hpp"

namespace tandem::inline v1::platform {

// Makes a copy of this process, in which only the calling thread goes on.
// Returns 0 in the copy; its number, or -1, in this one.
int fork_process() noexcept;

// A handle of a process that runs, or has ended and was not reaped: it can be read as soon as the
// process has ended. None: not to be had.
Handle open_process(int pid) noexcept;

// Ends the process here and now: no exit handlers, no destructors.
[[noreturn]] void exit_at_once(int status) noexcept;

// From here on exit() calls what is registered after this, and then `last` instead of all that was
// registered before; that has to end the process. False: there is no memory for it.
bool exit_only_to(void (*last)(int status)) noexcept;

// What was written by stdio and iostreams goes where it belongs.
void flush_standard_streams() noexcept;
// From here on there is nothing to read in stdin, for stdio and iostreams neither.
void close_stdin() noexcept;

// Of a handle that was inherited: it goes no further.
void keep_from_children(int handle) noexcept;
// Whether Ctrl-C is for this process, too.
void ignore_interrupts(bool ignore) noexcept;

// Nobody can guess them.
void fill_randomly(void* bytes, std::size_t size) noexcept;

// The file of the program that runs, whatever its name is by now.
const char* own_executable() noexcept;
// What the process was started with. Empty: unknown.
std::vector<std::string> command_line();

// A file in memory, without a name. Returns 0 or the error number of the system.
int open_memory_file(Handle& handle) noexcept;
// The next read or write is at its beginning.
int rewind_file(int handle) noexcept;

}  // namespace tandem::inline v1::platform
