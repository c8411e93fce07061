// A robust mutex of pthreads: the kernel knows of each thread which it has.
#include <pthread.h>
#include <time.h>

#include <cerrno>
#include <new>

#include "platform/posix/timespec.hpp"
#include "platform/robust_mutex.hpp"

namespace tandem::inline v1::platform {

namespace {

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
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  ::pthread_mutex_init(new (storage_) pthread_mutex_t, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
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

}  // namespace tandem::inline v1::platform
