// Threads by pthreads. What POSIX leaves open stands in the file of the system: thread_linux.cpp.
#include "platform/thread.hpp"

#include <pthread.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

namespace tandem::inline v1::platform {

static_assert(sizeof(pthread_t) <= sizeof(std::uint64_t));

namespace {

std::uint64_t to_ident(pthread_t thread) noexcept {
  std::uint64_t ident = 0;
  std::memcpy(&ident, &thread, sizeof thread);
  return ident;
}

pthread_t from_ident(std::uint64_t ident) noexcept {
  pthread_t thread;
  std::memcpy(&thread, &ident, sizeof thread);
  return thread;
}

struct Start {
  void (*body)(void*);
  void* argument;
};

extern "C" void* tandem_thread_entry(void* argument) {
  const Start start = *std::unique_ptr<Start>(static_cast<Start*>(argument));
  start.body(start.argument);
  return nullptr;
}

}  // namespace

int start_thread(void (*body)(void*), void* argument) noexcept {
  std::unique_ptr<Start> start(new (std::nothrow) Start{body, argument});
  if (!start) return ENOMEM;
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, tandem_thread_entry, start.get());
  if (error == 0) start.release();  // the thread's now
  return error;
}

void join_thread(std::uint64_t ident) noexcept { pthread_join(from_ident(ident), nullptr); }
void detach_thread(std::uint64_t ident) noexcept { pthread_detach(from_ident(ident)); }
std::uint64_t thread_ident() noexcept { return to_ident(pthread_self()); }

void on_fork(void (*before)(), void (*parent)(), void (*child)()) noexcept {
  pthread_atfork(before, parent, child);
}

}  // namespace tandem::inline v1::platform
