// Waiting for a child and signalling it: by a pidfd, which never is another process', else by the
// number, which is the child's until it has been reaped.
#include "platform/posix/process_linux.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "platform/poll.hpp"
#include "platform/process.hpp"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

namespace tandem::inline v1::platform {

namespace {

constexpr auto by_handle = static_cast<idtype_t>(3);  // P_PIDFD, which older headers have not

constexpr std::chrono::milliseconds between_looks{20};

// waitid() for a child that has ended; interrupted, it goes on. Returns 0 or the error number.
int wait_for(int pid, const Handle& handle, int options, siginfo_t& info) noexcept {
  info = {};
  for (bool use_handle = static_cast<bool>(handle);;) {
    const int failed =
        use_handle ? ::waitid(by_handle, static_cast<id_t>(handle.get()), &info, options | WEXITED)
                   : ::waitid(P_PID, static_cast<id_t>(pid), &info, options | WEXITED);
    if (failed == 0) return 0;
    if (errno == EINVAL && use_handle)
      use_handle = false;  // Linux 5.3 has handles, but does not wait by them
    else if (errno != EINTR)
      return errno;
  }
}

std::optional<Process::Ending> ending_of(int error, const siginfo_t& info) noexcept {
  if (error != 0) return Process::Ending{};
  if (info.si_pid == 0) return {};
  return Process::Ending{true, info.si_code != CLD_EXITED, info.si_status};
}

}  // namespace

Handle open_child(int pid) noexcept {
  if (!abilities().child_handles) return {};
  return Handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // born close-on-exec
}

bool Process::obtain_handle() noexcept {
  if (!handle_) handle_ = open_child(pid_);
  return static_cast<bool>(handle_);
}

void Process::sleep_until_ended(const seam::clock::time_point* until) const noexcept {
  if (handle_) {
    std::array<Polled, 1> child{{{handle_.get()}}};
    const bool polled = poll(child, until) == 0;
    if (polled && (!child[0].ready || look())) return;
    // A limit of no open files at all forbids to poll; and one that has ended may still be kept
    // from us by who traces it. The caller looks, and comes again.
    if (polled || until) {
      auto soon = seam::clock::now() + between_looks;
      if (until) soon = std::min(*until, soon);
      poll({}, &soon);
      return;
    }
  }
  siginfo_t info;
  wait_for(pid_, handle_, WNOWAIT, info);
}

std::optional<Process::Ending> Process::look() const noexcept {
  siginfo_t info;
  const int error = wait_for(pid_, handle_, WNOHANG | WNOWAIT, info);
  return ending_of(error, info);
}

std::optional<Process::Ending> Process::reap() const noexcept {
  siginfo_t info;
  const int error = wait_for(pid_, handle_, WNOHANG, info);
  return ending_of(error, info);
}

int Process::send_signal(int signal) const noexcept {
  if (handle_) {
    if (::syscall(SYS_pidfd_send_signal, handle_.get(), signal, nullptr, 0) == 0) return 0;
    if (errno != ENOSYS && errno != EPERM) return errno;
  }
  return ::kill(pid_, signal) == 0 ? 0 : errno;
}

int Process::send_signal_to_group(int signal) const noexcept {
  return ::kill(-pid_, signal) == 0 ? 0 : errno;
}

}  // namespace tandem::inline v1::platform
