// All that runs between the birth of a child and its program, in CPython's order
// (Modules/_posixsubprocess.c, child_exec).
//
// The child may share the parent's memory, and the parent had other threads: they may hold any
// lock. So here nothing is allocated, nothing is locked, no handler of a signal runs, nothing of
// the library is called but the kernel itself; and this file is compiled without sanitizers
// (CMakeLists.txt), whose own memory would be shared as well. Only a child that is a copy calls
// back (prepare).
#include "platform/posix/child_linux.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifdef SYS_setgroups32  // where the plain ones have numbers of 16 bits
#define TANDEM_SYS_setgroups SYS_setgroups32
#define TANDEM_SYS_setregid SYS_setregid32
#define TANDEM_SYS_setreuid SYS_setreuid32
#else
#define TANDEM_SYS_setgroups SYS_setgroups
#define TANDEM_SYS_setregid SYS_setregid
#define TANDEM_SYS_setreuid SYS_setreuid
#endif

namespace tandem::inline v1::platform {

namespace {

constexpr int lowest_other = 3;  // 0, 1, 2 are stdin, stdout, stderr

[[noreturn]] void leave() noexcept {
  for (;;) syscall(SYS_exit_group, 255);
}

[[noreturn]] void fail(ChildWork& work, SpawnStep step, int number) noexcept {
  work.error.step = step;
  work.error.number = number;
  work.failed = true;
  if (work.report_pipe != Handle::none)
    while (syscall(SYS_write, work.report_pipe, &work.error, sizeof work.error) == -1 &&
           errno == EINTR) {
    }
  leave();
}

// The result of a call to the kernel during the setup.
long checked(ChildWork& work, long result) noexcept {
  if (result == -1) fail(work, SpawnStep::setup, errno);
  return result;
}

void make_inheritable(ChildWork& work, int fd) noexcept {
  const long flags = checked(work, syscall(SYS_fcntl, fd, F_GETFD));
  if (flags & FD_CLOEXEC) checked(work, syscall(SYS_fcntl, fd, F_SETFD, flags & ~FD_CLOEXEC));
}

void arrange_stdio(ChildWork& work) noexcept {
  for (const int fd : work.parent_ends)
    if (fd != Handle::none) checked(work, syscall(SYS_close, fd));
  // What stands in the place of an earlier stream would be overwritten before it is used.
  for (int stream = 1; stream < lowest_other; ++stream)
    if (work.stdio[stream] >= 0 && work.stdio[stream] < stream)
      work.stdio[stream] = static_cast<int>(
          checked(work, syscall(SYS_fcntl, work.stdio[stream], F_DUPFD_CLOEXEC, lowest_other)));
  for (int stream = 0; stream < lowest_other; ++stream) {
    const int fd = work.stdio[stream];
    if (fd == stream)
      make_inheritable(work, fd);
    else if (fd != Handle::none)
      checked(work, syscall(SYS_dup3, fd, stream, 0));
  }
}

struct KernelAction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

void set_default(int signal) noexcept {
  KernelAction action{};
  action.handler = SIG_DFL;
  syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

// A handler of the parent's must not run here once signals come again.
void reset_handlers() noexcept {
  for (int signal = 1; signal <= 64; ++signal) {
    KernelAction action{};
    if (syscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask) == 0 &&
        action.handler != SIG_DFL && action.handler != SIG_IGN)
      set_default(signal);
  }
}

void arrange_signals(ChildWork& work) noexcept {
  if (work.restore_signals) {
    set_default(SIGPIPE);
    set_default(SIGXFSZ);
  }
  if (work.has_handlers) reset_handlers();
  checked(work, syscall(SYS_rt_sigprocmask, SIG_SETMASK, &work.signal_mask, nullptr,
                        sizeof work.signal_mask));
}

// The C library's functions would change the ids of all the threads that share the memory.
void arrange_ids(ChildWork& work) noexcept {
  if (work.new_session) checked(work, syscall(SYS_setsid));
  if (work.process_group >= 0) checked(work, syscall(SYS_setpgid, 0, work.process_group));
  if (work.groups) checked(work, syscall(TANDEM_SYS_setgroups, work.group_count, work.groups));
  if (work.set_group) checked(work, syscall(TANDEM_SYS_setregid, work.group, work.group));
  if (work.set_user) checked(work, syscall(TANDEM_SYS_setreuid, work.user, work.user));
}

// ---- closing what is not inherited ----

bool is_left_open(const ChildWork& work, long fd) noexcept {
  for (std::size_t i = 0; i < work.left_open_count; ++i)
    if (work.left_open[i] == fd) return true;
  return false;
}

// Those between the ones left open. False: the kernel does not know how.
bool close_by_ranges(const ChildWork& work) noexcept {
  unsigned first = lowest_other;
  for (std::size_t i = 0; i <= work.left_open_count; ++i) {
    const bool last = i == work.left_open_count;
    const unsigned stop = last ? ~0U : static_cast<unsigned>(work.left_open[i]);
    if (first < stop && syscall(SYS_close_range, first, last ? stop : stop - 1, 0) == -1)
      return false;
    first = stop + 1;
  }
  return true;
}

struct DirectoryEntry {  // as getdents64 has it
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[1];  // and more, with a zero at the end
};

long number_of(const char* name) noexcept {
  if (*name < '0' || *name > '9') return -1;
  long number = 0;
  for (; *name >= '0' && *name <= '9'; ++name) number = 10 * number + (*name - '0');
  return number;
}

// Those that /proc tells of. False: there is no /proc.
bool close_by_listing(const ChildWork& work) noexcept {
  const long listing =
      syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing == -1) return false;
  alignas(DirectoryEntry) char room[1024];
  for (;;) {
    const long size = syscall(SYS_getdents64, listing, room, sizeof room);
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(room + at);
      const long fd = number_of(room + at + offsetof(DirectoryEntry, name));
      if (fd >= lowest_other && fd != listing && !is_left_open(work, fd)) syscall(SYS_close, fd);
      at += entry->size;
    }
  }
  syscall(SYS_close, listing);
  return true;
}

struct Limit {  // as prlimit64 has it, also where the C library's own is shorter
  std::uint64_t current, most;
};

void close_one_by_one(const ChildWork& work) noexcept {
  Limit limit{};
  syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit);
  for (long fd = lowest_other; fd < static_cast<long>(limit.current); ++fd)
    if (!is_left_open(work, fd)) syscall(SYS_close, fd);
}

void close_others(const ChildWork& work) noexcept {
  if (work.use_close_range && close_by_ranges(work)) return;
  if (!close_by_listing(work)) close_one_by_one(work);
}

// ---- the program ----

[[noreturn]] void execute(ChildWork& work) noexcept {
  int first_error = 0;
  for (const char* const* each = work.candidates; *each; ++each) {
    syscall(SYS_execve, *each, work.argv, work.envp);
    if (errno != ENOENT && errno != ENOTDIR && first_error == 0) first_error = errno;
  }
  fail(work, SpawnStep::exec, first_error != 0 ? first_error : errno);
}

}  // namespace

int run_child(void* argument) noexcept {
  ChildWork& work = *static_cast<ChildWork*>(argument);
  for (std::size_t i = 0; i < work.inherited_count; ++i) make_inheritable(work, work.inherited[i]);
  arrange_stdio(work);
  if (work.cwd && syscall(SYS_chdir, work.cwd) == -1) fail(work, SpawnStep::chdir, errno);
  if (work.umask >= 0) syscall(SYS_umask, work.umask);
  arrange_signals(work);
  arrange_ids(work);
  if (work.prepare && !work.prepare(work.prepare_argument)) fail(work, SpawnStep::prepare, 0);
  if (work.prepare && work.inherits_environment) work.envp = environ;
  if (work.close_others) close_others(work);
  execute(work);
}

int run_probe(void* been) noexcept {
  *static_cast<bool*>(been) = true;
  leave();
}

}  // namespace tandem::inline v1::platform
