// The parent's side of a start. The ways, the best first; abilities() has what was found out.
//
//   shared   clone(CLONE_VM | CLONE_VFORK | CLONE_PIDFD): the child works in the parent's memory,
//            on a stack of its own, while the calling thread stands still. The price does not
//            depend on how much memory there is. What went wrong is written where the parent
//            reads it.
//   copied   where memory is not really shared (qemu-user, WSL1) or sharing is refused (seccomp):
//            the child is a copy, and sends what went wrong through a pipe that its program closes.
//   forked   for a plan with prepare(), which has to be called in a copy: by fork() itself, so that
//            whoever registered for it is told. The rest as in copied.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "platform/pipe.hpp"
#include "platform/posix/child_linux.hpp"
#include "platform/posix/clone_linux.hpp"
#include "platform/posix/process_linux.hpp"
#include "platform/process.hpp"
#include "platform/sanitizers.hpp"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifdef TANDEM_TSAN
// The sanitizer takes clone() for a fork(); under its other name it does not meddle, and need not:
// it does not watch what the child does (child_linux.cpp).
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);
#define clone __clone
#endif

namespace tandem::inline v1::platform {

namespace {

constexpr std::size_t page = 64 * 1024;  // no system has larger ones
constexpr std::size_t child_stack = page;

// Memory that a child can stand on while it shares the parent's, below it a page that nobody may
// touch. One is kept for the next child.
class ChildStack {
 public:
  // acquire pairs with the release in the destructor: what the last child has written is over.
  ChildStack() noexcept : memory_(kept().exchange(nullptr, std::memory_order_acquire)) {
    if (memory_) return;
    void* mapped = ::mmap(nullptr, page + child_stack, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapped == MAP_FAILED) return;
    memory_ = static_cast<char*>(mapped);
    if (::mprotect(memory_ + page, child_stack, PROT_READ | PROT_WRITE) != 0) unmap();
  }
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;
  ~ChildStack() {
    // release pairs with the acquire in the constructor, and acquire with this release.
    if (memory_) memory_ = kept().exchange(memory_, std::memory_order_acq_rel);
    if (memory_) unmap();
  }

  void* bottom() const noexcept { return memory_ + page; }
  void* top() const noexcept { return memory_ ? memory_ + page + child_stack : nullptr; }

 private:
  static std::atomic<char*>& kept() noexcept {
    static constinit std::atomic<char*> one{nullptr};
    return one;
  }
  void unmap() noexcept { ::munmap(std::exchange(memory_, nullptr), page + child_stack); }

  char* memory_;
};

// No signal reaches this thread, the C library's own included; so none does in a child until it
// asks for them.
class NoSignals {
 public:
  explicit NoSignals(bool holds = true) noexcept {
    const std::uint64_t added = holds ? ~std::uint64_t{0} : 0;
    ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &added, &before_, sizeof added);
  }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;
  ~NoSignals() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }
  std::uint64_t before() const noexcept { return before_; }

 private:
  std::uint64_t before_ = 0;
};

// ---- what this system can do ----

// Bits; relaxed throughout: each stands for itself, and who sees it late finds out once more.
constexpr unsigned may_share = 1, may_handle = 2, may_clear = 4, may_range = 8;
constinit std::atomic<unsigned> allowed_ways{may_share | may_handle | may_clear | may_range};

enum class Shares { unknown, yes, no };
constinit std::atomic<Shares> shares{Shares::unknown};

// Whether what a child with CLONE_VM writes is there for the parent.
Shares probe_sharing() noexcept {
  const ChildStack stack;
  if (!stack.top()) return Shares::unknown;
  volatile bool been = false;
  const NoSignals guard;
  // Without a signal at its end it is no child that the program's other waits could meet.
  const int child =
      ::clone(run_probe, stack.top(), CLONE_VM | CLONE_VFORK, const_cast<bool*>(&been));
  if (child == -1) return errno == EAGAIN || errno == ENOMEM ? Shares::unknown : Shares::no;
  while (::waitpid(child, nullptr, static_cast<int>(__WCLONE)) == -1 && errno == EINTR) {
  }
  return been ? Shares::yes : Shares::no;
}

bool can_share_memory() noexcept {
  if (!abilities().shared_memory_children) return false;
  Shares found = shares.load(std::memory_order_relaxed);  // relaxed: see above
  if (found == Shares::unknown) {
    found = probe_sharing();
    shares.store(found, std::memory_order_relaxed);  // relaxed: see above
  }
  return found == Shares::yes;
}

// ---- starting ----

// Of a vector that ends with a null pointer, as execve() wants it.
char* const* words(const std::vector<const char*>& list) noexcept {
  return const_cast<char* const*>(list.data());
}

ChildWork work_for(const SpawnPlan& plan, const NoSignals& signals) noexcept {
  ChildWork work{};
  work.candidates = plan.candidates.data();
  work.argv = words(plan.argv);
  work.envp = plan.envp.empty() ? environ : words(plan.envp);
  work.inherits_environment = plan.envp.empty();
  std::copy_n(plan.parent_ends, 3, work.parent_ends);
  std::copy_n(plan.stdio, 3, work.stdio);
  work.close_others = plan.close_others;
  work.use_close_range = abilities().close_range;
  work.inherited = plan.kept.data();
  work.inherited_count = plan.kept.size();
  const auto others = std::ranges::lower_bound(plan.kept, 3);
  work.left_open = plan.kept.data() + (others - plan.kept.begin());
  work.left_open_count = static_cast<std::size_t>(plan.kept.end() - others);
  work.cwd = plan.cwd;
  work.umask = plan.umask;
  work.restore_signals = plan.restore_signals;
  work.has_handlers = !plan.prepare;  // which may wait for a signal; to execute resets them
  work.signal_mask = signals.before();
  work.new_session = plan.new_session;
  work.process_group = plan.process_group;
  if (plan.groups) {
    static const std::uint32_t nothing = 0;
    work.groups = plan.groups->empty() ? &nothing : plan.groups->data();
    work.group_count = plan.groups->size();
  }
  work.set_group = plan.group.has_value();
  work.group = plan.group.value_or(0);
  work.set_user = plan.user.has_value();
  work.user = plan.user.value_or(0);
  work.prepare = plan.prepare;
  work.prepare_argument = plan.prepare_argument;
  work.report_pipe = Handle::none;
  return work;
}

// Whether a child can be born without handlers; relaxed: as above.
constinit std::atomic<bool> can_clear_handlers{true};

// The cheapest way, where there is one. Returns the pid, or -1.
int clone_bare(ChildWork& work, const ChildStack& stack, unsigned flags, int& handle) noexcept {
  const Abilities may = abilities();
  // relaxed: as all of these bits
  if (!may.child_handles || !may.clear_handlers ||
      !can_clear_handlers.load(std::memory_order_relaxed))
    return -1;
  work.has_handlers = false;
  const int pid = clone_without_handlers(run_child, &work, stack.bottom(), child_stack,
                                         flags | CLONE_PIDFD, &handle);
  if (pid != -1) return pid;
  work.has_handlers = true;
  if (errno == ENOSYS || errno == EPERM || errno == EINVAL)
    can_clear_handlers.store(false, std::memory_order_relaxed);  // relaxed: as above
  return -1;
}

// On a stack of its own, with a handle where there is one to be had. Returns the pid, or -1 and
// errno.
int clone_child(ChildWork& work, unsigned flags, Handle& handle) noexcept {
  const ChildStack stack;
  if (!stack.top()) return errno = ENOMEM, -1;
  int fd = Handle::none;
  int pid = clone_bare(work, stack, flags, fd);
  const int old_flags = static_cast<int>(flags) | SIGCHLD;
  if (pid == -1 && abilities().child_handles) {
    fd = Handle::none;  // the kernel may have written a number before it failed
    pid = ::clone(run_child, stack.top(), old_flags | CLONE_PIDFD, &work, &fd);
    // Too many open files, or a system that does not know of handles: then without.
    if (pid == -1 && errno != EMFILE && errno != ENFILE && errno != EINVAL) return -1;
  }
  if (pid == -1) {
    fd = Handle::none;
    pid = ::clone(run_child, stack.top(), old_flags, &work);
  }
  handle.reset(fd);
  return pid;
}

int fork_child(ChildWork& work, Handle& handle) noexcept {
  const int pid = ::fork();
  if (pid == 0) run_child(&work);  // does not return
  if (pid != -1) handle = open_child(pid);
  return pid;
}

// A child that failed is a zombie, or about to be.
void reap_failed(int pid) noexcept {
  while (::waitpid(pid, nullptr, 0) == -1 && errno == EINTR) {
  }
}

SpawnError not_born(int number) noexcept { return {SpawnStep::fork, number}; }

std::optional<SpawnError> spawn_shared(ChildWork& work, int& pid, Handle& handle) noexcept {
  pid = clone_child(work, CLONE_VM | CLONE_VFORK, handle);
  if (pid == -1) return not_born(errno);
  if (!work.failed) return {};
  reap_failed(pid);
  return work.error;
}

// A pipe whose writing end is in nobody's way: not one of 0, 1, 2.
int open_report_pipe(Pipe& pipe) noexcept {
  if (const int error = open_pipe(pipe)) return error;
  if (pipe.writer.get() < 3) {
    const int moved = ::fcntl(pipe.writer.get(), F_DUPFD_CLOEXEC, 3);
    if (moved == -1) return errno;
    pipe.writer.reset(moved);
  }
  return 0;
}

// Until the child has become the program, which closes the pipe.
std::optional<SpawnError> read_report(int pipe) noexcept {
  SpawnError error;
  auto* bytes = reinterpret_cast<char*>(&error);
  std::size_t got = 0;
  while (got < sizeof error) {
    const Transfer part = read_some(pipe, bytes + got, sizeof error - got);
    if (part.error != 0 || part.count == 0) return {};
    got += part.count;
  }
  return error;
}

std::optional<SpawnError> spawn_copied(ChildWork& work, const SpawnPlan& plan, int& pid,
                                       Handle& handle) {
  Pipe report;
  if (const int error = open_report_pipe(report)) return not_born(error);
  // What is to be inherited is no open file if this pipe has got its number.
  for (const int end : {report.reader.get(), report.writer.get()})
    if (std::ranges::binary_search(plan.kept, end)) return SpawnError{SpawnStep::setup, EBADF};
  work.report_pipe = report.writer.get();
  std::vector<int> left_open(work.left_open, work.left_open + work.left_open_count);
  left_open.insert(std::ranges::upper_bound(left_open, work.report_pipe), work.report_pipe);
  work.left_open = left_open.data();
  work.left_open_count = left_open.size();

  pid = plan.prepare ? fork_child(work, handle) : clone_child(work, 0, handle);
  if (pid == -1) return not_born(errno);
  report.writer.reset();
  const auto error = read_report(report.reader.get());
  if (error) reap_failed(pid);
  return error;
}

}  // namespace

std::optional<SpawnError> spawn(const SpawnPlan& plan, Process& process) {
  // A child that changes its ids in shared memory makes the parent one that no core is dumped of.
  const bool changes_ids = plan.user || plan.group || plan.groups;
  const bool shared = !plan.prepare && !changes_ids && can_share_memory();
  Handle handle;
  int pid = -1;
  // Not where fork() calls what is registered for it: a thread that is started there would have no
  // signals for ever. CPython blocks none there either.
  const NoSignals signals(!plan.prepare);
  ChildWork work = work_for(plan, signals);
  const auto error =
      shared ? spawn_shared(work, pid, handle) : spawn_copied(work, plan, pid, handle);
  if (!error) process = Process(pid, std::move(handle));
  return error;
}

Abilities abilities() noexcept {
  const unsigned bits = allowed_ways.load(std::memory_order_relaxed);  // relaxed: see above
  return {(bits & may_share) != 0, (bits & may_handle) != 0, (bits & may_clear) != 0,
          (bits & may_range) != 0};
}

void restrict_abilities(Abilities to) noexcept {
  allowed_ways.store((to.shared_memory_children ? may_share : 0) |
                         (to.child_handles ? may_handle : 0) | (to.clear_handlers ? may_clear : 0) |
                         (to.close_range ? may_range : 0),
                     std::memory_order_relaxed);  // relaxed: see above
}

}  // namespace tandem::inline v1::platform
