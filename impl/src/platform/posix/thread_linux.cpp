// What Linux adds to pthreads: numbers and names of threads, who is left of them, and joining
// without waiting.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "platform/thread.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

std::uint32_t native_thread_id() noexcept {
  return static_cast<std::uint32_t>(::syscall(SYS_gettid));
}

bool is_main_thread() noexcept {
  return native_thread_id() == static_cast<std::uint32_t>(::getpid());
}

bool try_join_thread(std::uint64_t ident) noexcept {
  pthread_t thread;
  std::memcpy(&thread, &ident, sizeof thread);
  return pthread_tryjoin_np(thread, nullptr) == 0;
}

namespace {

// Of one in /proc/self/task. By the time that a thread can be joined it has the flag.
bool is_ending(const char* task) noexcept {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", task);
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT || errno == ESRCH;
  char text[512];
  const ssize_t size = ::read(file, text, sizeof text - 1);
  const bool is_gone = size < 0 && errno == ESRCH;
  ::close(file);
  if (size <= 0) return is_gone;
  text[size] = '\0';
  // number (name) state parent group session terminal group flags …; the name may have anything
  const char* const name_end = std::strrchr(text, ')');
  char state = 0;
  unsigned flags = 0;
  if (!name_end || std::sscanf(name_end + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
    return false;
  constexpr unsigned exiting = 0x4;  // the kernel's PF_EXITING
  return (flags & exiting) != 0;
}

enum class Others { none, some, unknown };

// The list is no snapshot: where a thread ends while it is read, those after it may be left out.
Others look_for_others(unsigned but) noexcept {
  DIR* const tasks = ::opendir("/proc/self/task");
  if (!tasks) return Others::some;
  const std::uint32_t self = native_thread_id();
  Others seen = Others::none;
  while (const dirent* const task = ::readdir(tasks)) {
    const unsigned long number = std::strtoul(task->d_name, nullptr, 10);  // 0: "." and ".."
    if (number == 0 || number == self) continue;
    if (is_ending(task->d_name)) {
      seen = Others::unknown;
    } else if (but > 0) {
      --but;
    } else {
      seen = Others::some;
      break;
    }
  }
  ::closedir(tasks);
  return seen;
}

}  // namespace

bool has_other_threads(unsigned but) noexcept {
  if (seam::is_alone()) return false;  // the C library knows of none: no need to read a list

  constexpr int enough = 10'000;  // looks: who begins to end has ended soon
  for (int look = 0; look < enough; ++look) {
    const Others seen = look_for_others(but);
    if (seen != Others::unknown) return seen == Others::some;
    ::sched_yield();
  }
  return true;
}

void name_this_thread(const char* name) noexcept {
  char cut[16] = {};  // the kernel's limit, its final zero included
  std::strncpy(cut, name, sizeof cut - 1);
  pthread_setname_np(pthread_self(), cut);
}

}  // namespace tandem::inline v1::platform
