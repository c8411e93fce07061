#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "platform/handle.hpp"
#include "platform/identity.hpp"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

namespace tandem::inline v1::platform {

namespace {

struct Status {
  char state;           // Z: it has ended
  std::uint32_t since;  // in the system's ticks
};

// What /proc says; none: there is no such process, or no /proc. It is asked of the first thread,
// which began with its process: qemu-user makes up what a process' own /proc/PID/stat says, by
// which a forked child began with its parent.
std::optional<Status> status_of(int pid) noexcept {
  char path[48];
  std::snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, pid);
  const Handle file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  char text[1024];
  const ssize_t size = ::read(file.get(), text, sizeof text - 1);
  if (size <= 0) return std::nullopt;
  text[size] = '\0';
  const char* field =
      std::strrchr(text, ')');  // the end of the name, which may have anything in it
  if (!field || field[1] == '\0') return std::nullopt;
  const char state = field[2];
  // From the third field, the state, to the 22nd.
  for (int i = 2; field && i < 22; ++i) field = std::strchr(field + 1, ' ');
  if (!field) return std::nullopt;
  return Status{state, static_cast<std::uint32_t>(std::strtoull(field, nullptr, 10))};
}

}  // namespace

std::uint64_t process_identity() noexcept {
  const int pid = ::getpid();
  const auto status = status_of(pid);
  return std::uint64_t{status ? status->since : 0} << 32 | static_cast<std::uint32_t>(pid);
}

bool is_running(std::uint64_t identity) noexcept {
  const int pid = static_cast<int>(static_cast<std::uint32_t>(identity));
  const auto since = static_cast<std::uint32_t>(identity >> 32);
  // A handle tells most of the dead sooner than /proc: it can be read then.
  const Handle handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!handle && errno == ESRCH) return false;
  pollfd ended{handle.get(), POLLIN, 0};
  if (handle && ::poll(&ended, 1, 0) == 1) return false;
  if (since == 0) return ::kill(pid, 0) == 0 || errno != ESRCH;
  const auto status = status_of(pid);
  if (!status) return ::kill(pid, 0) == 0 || errno != ESRCH;
  return status->since == since && status->state != 'Z' && status->state != 'X';
}

}  // namespace tandem::inline v1::platform
