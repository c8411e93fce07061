#include "platform/system.hpp"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char** environ;  // POSIX has no header for it

namespace tandem::inline v1::platform {

int run_shell(const char* command) noexcept { return ::system(command); }

WaitStatus read_wait_status(int status) noexcept {
  if (WIFEXITED(status)) return {WaitStatus::Kind::exited, WEXITSTATUS(status)};
  if (WIFSIGNALED(status)) return {WaitStatus::Kind::killed, WTERMSIG(status)};
  if (WIFSTOPPED(status)) return {WaitStatus::Kind::stopped, WSTOPSIG(status)};
  return {WaitStatus::Kind::unknown, status};
}

int process_id() noexcept { return ::getpid(); }
int parent_process_id() noexcept { return ::getppid(); }

std::optional<int> processor_count() noexcept {
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (count < 1) return {};
  return static_cast<int>(count);
}

const char* const* environment() noexcept { return environ; }

}  // namespace tandem::inline v1::platform
