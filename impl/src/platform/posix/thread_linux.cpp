// What Linux adds to pthreads: numbers and names of threads.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "platform/thread.hpp"

namespace tandem::inline v1::platform {

std::uint32_t native_thread_id() noexcept {
  return static_cast<std::uint32_t>(::syscall(SYS_gettid));
}

bool is_main_thread() noexcept {
  return native_thread_id() == static_cast<std::uint32_t>(::getpid());
}

void name_this_thread(const char* name) noexcept {
  char cut[16] = {};  // the kernel's limit, its final zero included
  std::strncpy(cut, name, sizeof cut - 1);
  pthread_setname_np(pthread_self(), cut);
}

}  // namespace tandem::inline v1::platform
