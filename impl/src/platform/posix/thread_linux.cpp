// What Linux adds to pthreads: numbers and names of threads, and joining without waiting.
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

bool try_join_thread(std::uint64_t ident) noexcept {
  pthread_t thread;
  std::memcpy(&thread, &ident, sizeof thread);
  return pthread_tryjoin_np(thread, nullptr) == 0;
}

void name_this_thread(const char* name) noexcept {
  char cut[16] = {};  // the kernel's limit, its final zero included
  std::strncpy(cut, name, sizeof cut - 1);
  pthread_setname_np(pthread_self(), cut);
}

}  // namespace tandem::inline v1::platform
