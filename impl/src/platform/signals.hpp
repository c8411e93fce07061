// Neutral contract: signals that are noted when they arrive, for whoever looks.
#pragma once
#include <cstdint>

namespace tandem::inline v1::platform {

// Ctrl-C.
int interrupt_signal() noexcept;
bool is_signal(int signal) noexcept;
// What it does now is what it does in a new process.
bool has_default_action(int signal) noexcept;

// From here on the signal is noted when it arrives. Returns 0, or the error number: it cannot be
// caught.
int note_signal(int signal) noexcept;
// It is so still: nobody has given it another action since.
bool is_noted(int signal) noexcept;
// From here on it does what it does in a new process. What was noted of it remains, to be taken.
int restore_default_action(int signal) noexcept;
// In a child of fork(), where nobody looks at what is noted: all that are, do what they do in a new
// process.
void note_none() noexcept;

// A set of signals: bit n-1 stands for the signal n.
constexpr std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }
// Those that were noted.
std::uint64_t noted_signals() noexcept;
// Takes those of the set that were noted.
std::uint64_t take_signals(std::uint64_t set) noexcept;

// Where a noted signal writes eight bytes, a one; -1: nowhere. One place for the whole process.
// Returns the place before.
int wake_on_signals(int handle) noexcept;
// Some thread is about to note one, and may still write to the place before. No more once this was
// false.
bool is_noting() noexcept;

}  // namespace tandem::inline v1::platform
