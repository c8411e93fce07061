// A robust mutex of pthreads: the kernel knows of each thread which it has. The C library refuses
// to make one, or already (musl) to be asked for one, where the kernel, or an emulator, keeps no
// list of them. There it is one that knows its owner, too, and no death frees it.
#include <pthread.h>
#include <time.h>

#include <cerrno>
#include <new>

#include "platform/posix/timespec.hpp"
#include "platform/robust_mutex.hpp"

namespace tandem::inline v1::platform {

namespace {

constinit seam::atomic<bool> may_be_robust{true};

bool make(pthread_mutex_t* mutex, bool robust) noexcept {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  const bool set =
      (robust ? ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST)
              : ::pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK)) == 0;
  const bool made = set && ::pthread_mutex_init(mutex, &attributes) == 0;
  ::pthread_mutexattr_destroy(&attributes);
  return made;
}

pthread_mutex_t* native(std::byte* storage) noexcept {
  return std::launder(reinterpret_cast<pthread_mutex_t*>(storage));
}

RobustMutex::Taken judge(pthread_mutex_t* mutex, int result) noexcept {
  if (result == 0) return RobustMutex::Taken::yes;
  if (result != EOWNERDEAD) return RobustMutex::Taken::no;
  ::pthread_mutex_consistent(mutex);
  return RobustMutex::Taken::from_the_dead;
}

}  // namespace

RobustMutex::RobustMutex() noexcept : storage_{} {
  static_assert(sizeof(pthread_mutex_t) <= sizeof storage_ && alignof(pthread_mutex_t) <= 16);
  auto* const mutex = new (storage_) pthread_mutex_t;
  if (!are_robust_mutexes_allowed() || !make(mutex, true)) make(mutex, false);
}

RobustMutex::Taken RobustMutex::try_lock() noexcept {
  auto* const mutex = native(storage_);
  return judge(mutex, ::pthread_mutex_trylock(mutex));
}

RobustMutex::Taken RobustMutex::lock(const seam::clock::time_point* until) noexcept {
  auto* const mutex = native(storage_);
  if (!until) return judge(mutex, ::pthread_mutex_lock(mutex));
  const timespec deadline = to_timespec(*until);
  return judge(mutex, ::pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline));
}

void RobustMutex::unlock() noexcept { ::pthread_mutex_unlock(native(storage_)); }

void allow_robust_mutexes(bool allow) noexcept {
  // relaxed: tests do it, before they make any
  may_be_robust.store(allow, std::memory_order_relaxed);
}
bool are_robust_mutexes_allowed() noexcept {
  return may_be_robust.load(std::memory_order_relaxed);  // relaxed: as above
}

}  // namespace tandem::inline v1::platform
