#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <thread>

#include "probes.hpp"

namespace doctor {
namespace {

int set_word_and_end(void* word) {
  *static_cast<volatile int*>(word) = 1;
  _exit(0);
}

// The call as the kernel's headers number it, which a C library may not know yet.
int pidfd_open(pid_t process) {
#ifdef SYS_pidfd_open
  return static_cast<int>(syscall(SYS_pidfd_open, process, 0));
#else
  static_cast<void>(process);
  errno = ENOSYS;
  return -1;
#endif
}

int memfd_create_call() {
#ifdef SYS_memfd_create
  return static_cast<int>(syscall(SYS_memfd_create, "doctor", 1U));
#else
  errno = ENOSYS;
  return -1;
#endif
}

long futex_call(std::atomic<int>* word, int operation, int value, const timespec* time = nullptr) {
  return syscall(SYS_futex, word, operation, value, time, nullptr, FUTEX_BITSET_MATCH_ANY);
}

Answer reads_and_reaps(int handle) {
  pollfd ended{handle, POLLIN, 0};
  if (poll(&ended, 1, 5000) != 1) return no("poll() does not tell the end");
  siginfo_t info{};
  constexpr auto by_handle = static_cast<idtype_t>(3);  // P_PIDFD, which older headers do not name
  return waitid(by_handle, static_cast<id_t>(handle), &info, WEXITED) == 0
             ? "yes"
             : failed("waitid(P_PIDFD)");
}

int look_for_loader(dl_phdr_info* module, std::size_t, void* found) {
  for (int i = 0; i < module->dlpi_phnum; ++i)
    if (module->dlpi_phdr[i].p_type == PT_INTERP) *static_cast<bool*>(found) = true;
  return 1;  // the program is the first of the modules
}

std::string own_path() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "";
}

}  // namespace

std::string linking() {
  bool has_loader = false;
  dl_iterate_phdr(look_for_loader, &has_loader);
  return has_loader ? "dynamic" : "static";
}

Answer vfork_sharing() {
  int word = 0;
  std::vector<char> stack(1 << 16);
  const auto top =
      reinterpret_cast<std::uintptr_t>(stack.data() + stack.size()) & ~std::uintptr_t{15};
  const int child = clone(&set_word_and_end, reinterpret_cast<void*>(top),
                          CLONE_VM | CLONE_VFORK | SIGCHLD, &word);
  if (child < 0) return failed("clone");
  end_of(child);
  return yes_if(*static_cast<volatile int*>(&word) == 1,
                "the child of CLONE_VM | CLONE_VFORK has a copy");
}

Answer pidfd() {
  const pid_t child = fork();
  if (child < 0) return unknown("no fork()");
  if (child == 0) _exit(7);
  const int handle = pidfd_open(child);
  const Answer answer = handle < 0 ? failed("pidfd_open") : reads_and_reaps(handle);
  if (answer != "yes") end_of(child);
  if (handle >= 0) close(handle);
  return answer;
}

Answer futex() {
  std::atomic<int> word{0};
  if (futex_call(&word, FUTEX_WAIT_PRIVATE, 1) == 0 || errno != EAGAIN)
    return no("a wait for another value waits");
  timespec past{};
  clock_gettime(CLOCK_MONOTONIC, &past);
  if (futex_call(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &past) == 0 || errno != ETIMEDOUT)
    return no("no absolute deadlines");
  std::thread waker([&word] {
    word = 1;
    while (futex_call(&word, FUTEX_WAKE_PRIVATE, 1) == 0 && word != 2) std::this_thread::yield();
  });
  while (word != 1) futex_call(&word, FUTEX_WAIT_PRIVATE, 0);
  word = 2;
  waker.join();
  return "yes";
}

Answer shared_futex() {
  auto* word = static_cast<std::atomic<int>*>(shared_page());
  if (word == nullptr) return failed("mmap");
  const pid_t child = fork();
  if (child < 0) return unknown("no fork()");
  if (child == 0) {
    while (word->load() == 0) futex_call(word, FUTEX_WAIT, 0);
    _exit(7);
  }
  word->store(1);
  futex_call(word, FUTEX_WAKE, 1);
  return yes_if(end_of(child) == 7, "a child is not woken");
}

Answer epoll() {
  int ends[2];
  if (pipe(ends) != 0) return failed("pipe");
  const int watcher = epoll_create1(EPOLL_CLOEXEC);
  if (watcher < 0) return failed("epoll_create1");
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = 0x0123456789abcdef;
  if (epoll_ctl(watcher, EPOLL_CTL_ADD, ends[0], &wanted) != 0) return failed("epoll_ctl");
  if (write(ends[1], "x", 1) != 1) return failed("write");
  epoll_event seen{};
  if (epoll_wait(watcher, &seen, 1, 5000) != 1) return no("a readable pipe is not told");
  return yes_if(seen.data.u64 == wanted.data.u64, "the data of an event is changed");
}

Answer memfd() {
  const int file = memfd_create_call();
  if (file < 0) return failed("memfd_create");
  const Answer answer = ftruncate(file, 1) == 0 ? "yes" : failed("ftruncate");
  close(file);
  return answer;
}

Answer own_executable() { return own_path().empty() ? failed("/proc/self/exe") : "yes"; }

// Asked where there is one thread; an emulator has some of its own.
Answer thread_list() {
  std::error_code error;
  const std::filesystem::directory_iterator tasks("/proc/self/task", error), end;
  if (error) return no("/proc/self/task: " + error.message());
  const auto count = std::distance(tasks, end);
  return yes_if(count == 1, "it has " + std::to_string(count) + " where there is one thread");
}

// Whether a process is given the children that its own leave behind when they end.
Answer adopted_orphans() {
  constexpr int orphan_code = 7;
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return failed("prctl");
  const pid_t child = fork();
  if (child < 0) return unknown("no fork()");
  if (child == 0) {
    const pid_t orphan = fork();
    if (orphan == 0) _exit(orphan_code);  // before its parent or after it: nobody else waits for it
    _exit(orphan > 0 ? 0 : 1);
  }
  if (end_of(child) != 0) return unknown("no fork() in a child");
  return yes_if(end_of(-1) == orphan_code, "the system does not give them");
}

// Spawned workers are the same program executed anew. Under an emulator the system has to know what
// to execute it with (binfmt_misc).
Answer this_program_again() {
  const std::string path = own_path();
  if (path.empty()) return unknown("no name of the program");
  const int code = run(path.c_str(), {path, again});
  return yes_if(code == again_code, "it ends with " + std::to_string(code));
}

}  // namespace doctor
