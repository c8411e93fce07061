// Neutral contract: the shell, and what the system says of this process.
#pragma once
#include <optional>

namespace tandem::inline v1::platform {

// Has the shell run a command and waits for it; meanwhile this process ignores SIGINT and SIGQUIT.
// Returns the wait status, or -1: no child could be started.
int run_shell(const char* command) noexcept;

// What a wait status says.
struct WaitStatus {
  enum class Kind { exited, killed, stopped, unknown };
  Kind kind;
  int value;  // exit status or signal
};
WaitStatus read_wait_status(int status) noexcept;

int process_id() noexcept;
int parent_process_id() noexcept;
// Of the machine, not only those that this process may use.
std::optional<int> processor_count() noexcept;
// The process' own: "NAME=value" each, a null pointer at the end; itself null: there are none.
const char* const* environment() noexcept;

}  // namespace tandem::inline v1::platform
