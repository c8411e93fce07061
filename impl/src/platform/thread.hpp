// Neutral contract: threads of the system. One file per system implements it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tandem::inline v1::platform {

// Starts a thread that runs body(argument). It must be given back once, by join_thread() or
// detach_thread(), with the ident that it has itself (thread_ident()).
// Returns 0, or the error number of the system; then body is never called.
//   stack_size  in bytes; 0: the system's default
int start_thread(void (*body)(void*), void* argument, std::size_t stack_size) noexcept;
// The same for a thread of our own, of which the program knows nothing: its signal handlers never
// run there.
int start_hidden_thread(void (*body)(void*), void* argument) noexcept;
// Whether start_thread() can be given that size.
bool is_stack_size(std::size_t size) noexcept;

// Waits until the thread has ended, thread_local destructors included.
void join_thread(std::uint64_t ident) noexcept;
// The same without waiting: false if it has not ended yet. True: it is given back.
bool try_join_thread(std::uint64_t ident) noexcept;
void detach_thread(std::uint64_t ident) noexcept;

// Has act() called when the calling thread ends, after its thread_local destructors; once more if
// act() asks for it. Not when the program ends by main() or exit(). There is one act for all.
void at_thread_end(void (*act)()) noexcept;

// Of the calling thread. Never 0; may be used again after the thread has been joined.
std::uint64_t thread_ident() noexcept;
// Of the calling thread: the number that the system's own tools show.
std::uint32_t native_thread_id() noexcept;
// Whether the calling thread is the one that the process began with (or that forked it).
bool is_main_thread() noexcept;

// Whether other threads of the process can run, whoever started them by the C library that the
// program has. One that will run no code of its program any more is none, even if the system still
// has it: a joined one. True where that cannot be found out.
//   but  so many of them do not count
bool has_other_threads(unsigned but = 0) noexcept;

// What debuggers and process listings show for the calling thread; cut where the system's limit is.
void name_this_thread(const char* name) noexcept;

// Has the three called around every fork(): before it, and after it in the parent or in the child.
void on_fork(void (*before)(), void (*parent)(), void (*child)()) noexcept;

}  // namespace tandem::inline v1::platform
