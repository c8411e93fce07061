// Threads by pthreads. What POSIX leaves open stands in the file of the system: thread_linux.cpp.
#include "platform/thread.hpp"

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

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

// How a thread is to be made.
class Attributes {
 public:
  Attributes() noexcept { pthread_attr_init(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { pthread_attr_destroy(&attributes_); }
  int set_stack_size(std::size_t size) noexcept {
    return pthread_attr_setstacksize(&attributes_, size);
  }
  const pthread_attr_t* get() const noexcept { return &attributes_; }

 private:
  pthread_attr_t attributes_;
};

pthread_key_t end_key() noexcept;
constinit thread_local bool others_had_their_turn = false;

// Where the C library has no thread_local destructors (musl), the C++ library has a key for them,
// too, and an older key comes first. What is set again comes after all that were set before.
extern "C" void tandem_thread_end(void* act) {
  if (std::exchange(others_had_their_turn, true))
    reinterpret_cast<void (*)()>(act)();
  else
    pthread_setspecific(end_key(), act);
}

pthread_key_t end_key() noexcept {
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, tandem_thread_end);
    return made;
  }();
  return key;
}
// Made with the other statics: a child of fork() must not find it half-made.
[[maybe_unused]] const pthread_key_t end_key_at_start = end_key();

}  // namespace

int start_thread(void (*body)(void*), void* argument, std::size_t stack_size) noexcept {
  std::unique_ptr<Start> start(new (std::nothrow) Start{body, argument});
  if (!start) return ENOMEM;
  Attributes attributes;
  if (stack_size != 0)
    if (const int error = attributes.set_stack_size(stack_size)) return error;
  pthread_t thread;
  const int error = pthread_create(&thread, attributes.get(), tandem_thread_entry, start.get());
  if (error == 0) start.release();  // the thread's now
  return error;
}

// The mask is inherited: there is no moment at which the new thread could be chosen.
int start_hidden_thread(void (*body)(void*), void* argument) noexcept {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = start_thread(body, argument, 0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}

bool is_stack_size(std::size_t size) noexcept {
  constexpr std::size_t least = 32 * 1024;  // CPython's own limit; that of the system is lower
  return size >= least && Attributes().set_stack_size(size) == 0;
}

void at_thread_end(void (*act)()) noexcept {
  pthread_setspecific(end_key(), reinterpret_cast<void*>(act));
}

void join_thread(std::uint64_t ident) noexcept { pthread_join(from_ident(ident), nullptr); }
void detach_thread(std::uint64_t ident) noexcept { pthread_detach(from_ident(ident)); }
std::uint64_t thread_ident() noexcept { return to_ident(pthread_self()); }

void on_fork(void (*before)(), void (*parent)(), void (*child)()) noexcept {
  pthread_atfork(before, parent, child);
}

}  // namespace tandem::inline v1::platform
