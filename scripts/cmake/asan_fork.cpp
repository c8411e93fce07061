// GCC 12's address sanitizer does not take its own locks before a fork(): a child that was born
// while another thread allocated waits for ever at its first allocation. Linked into every program
// of such a build (Sanitizers.cmake), this lets a fork() wait for the allocations that are under
// way, as glibc's own allocator and later sanitizers do.
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/auxv.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

extern "C" {
void __asan_init();
void* __interceptor_malloc(std::size_t);
void* __interceptor_calloc(std::size_t, std::size_t);
void* __interceptor_realloc(void*, std::size_t);
void* __interceptor_reallocarray(void*, std::size_t, std::size_t);
void* __interceptor_memalign(std::size_t, std::size_t);
void* __interceptor_aligned_alloc(std::size_t, std::size_t);
int __interceptor_posix_memalign(void**, std::size_t, std::size_t);
void __interceptor_free(void*);
char* __interceptor_strdup(const char*);
char* __interceptor_strndup(const char*, std::size_t);
int __interceptor_pthread_setname_np(pthread_t, const char*);
int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
}

namespace {

// Read: in the sanitizer. Written: in fork(). Readers come first, since they nest, and since a
// thread that starts another one waits for it in there.
pthread_rwlock_t in_sanitizer = PTHREAD_RWLOCK_INITIALIZER;
thread_local bool forks __attribute__((tls_model("initial-exec"))) = false;

class Inside {
 public:
  Inside() noexcept {
    if (is_reader_) pthread_rwlock_rdlock(&in_sanitizer);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() {
    if (is_reader_) pthread_rwlock_unlock(&in_sanitizer);
  }

 private:
  const bool is_reader_ = !forks;
};

void before_fork() {
  pthread_rwlock_wrlock(&in_sanitizer);
  forks = true;
}
void in_parent() {
  forks = false;
  pthread_rwlock_unlock(&in_sanitizer);
}
void in_child() {
  forks = false;
  in_sanitizer = PTHREAD_RWLOCK_INITIALIZER;
}

// What the sanitizer has of a thread it gives up in the last round of the thread's destructors,
// before this one: it is inside from the end of the round before on.
pthread_key_t end_of_thread;
char rounds[PTHREAD_DESTRUCTOR_ITERATIONS];
constexpr char* last_round = rounds + PTHREAD_DESTRUCTOR_ITERATIONS - 1;
void at_end_of_thread(void* place) {
  char* const round = static_cast<char*>(place);
  if (round == last_round) {
    pthread_rwlock_unlock(&in_sanitizer);
    return;
  }
  pthread_setspecific(end_of_thread, round + 1);
  if (round + 1 == last_round) pthread_rwlock_rdlock(&in_sanitizer);
}

// Of a thread that starts, on the stack of the one that starts it.
struct Start {
  void* (*body)(void*);
  void* argument;
  sem_t is_begun;
};
void* begin_thread(void* place) {
  Start& start = *static_cast<Start*>(place);
  const auto [body, argument] = std::pair(start.body, start.argument);
  sem_post(&start.is_begun);
  pthread_setspecific(end_of_thread, rounds);
  return body(argument);
}

// Before all others, those of the libraries, too: the last that is called before fork(), the first
// that is called after it. The sanitizer's key is older, so its destructor is called before ours.
void watch_forks() {
  __asan_init();
  pthread_key_create(&end_of_thread, at_end_of_thread);
  pthread_atfork(before_fork, in_parent, in_child);
}
__attribute__((section(".preinit_array"), used)) void (*const at_start)() = watch_forks;

template <class Function>
Function* sanitizers(const char* name) noexcept {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// What the dynamic linker allocates the leak sanitizer knows by its caller: it calls without
// anything between.
bool is_linker(const void* caller) noexcept {
  static const auto [begin, end] = [] {
    const auto base = ::getauxval(AT_BASE);
    const auto& header = *reinterpret_cast<const ElfW(Ehdr)*>(base);
    const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(base + header.e_phoff);
    std::size_t size = 0;
    for (int i = 0; i < header.e_phnum; ++i)
      if (segments[i].p_type == PT_LOAD) size = segments[i].p_vaddr + segments[i].p_memsz;
    return std::pair(base, base + size);
  }();
  const auto place = reinterpret_cast<std::uintptr_t>(caller);
  return begin <= place && place < end;
}

template <auto function, class... Arguments>
__attribute__((noinline)) auto guarded(Arguments... arguments) {
  const Inside inside;
  return function(arguments...);
}

// Both are the last that is done, so that the frame is gone.
template <auto function, class... Arguments>
__attribute__((always_inline)) inline auto allocated(Arguments... arguments) {
  return is_linker(__builtin_return_address(0)) ? function(arguments...)
                                                : guarded<function>(arguments...);
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) { return allocated<__interceptor_malloc>(size); }
void* calloc(std::size_t count, std::size_t size) {
  return allocated<__interceptor_calloc>(count, size);
}
void* realloc(void* block, std::size_t size) {
  return allocated<__interceptor_realloc>(block, size);
}
void* reallocarray(void* block, std::size_t count, std::size_t size) {
  return guarded<__interceptor_reallocarray>(block, count, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  return guarded<__interceptor_memalign>(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return guarded<__interceptor_aligned_alloc>(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  return guarded<__interceptor_posix_memalign>(block, alignment, size);
}
void free(void* block) { guarded<__interceptor_free>(block); }
char* strdup(const char* text) { return guarded<__interceptor_strdup>(text); }
char* strndup(const char* text, std::size_t size) {
  return guarded<__interceptor_strndup>(text, size);
}
int pthread_setname_np(pthread_t thread, const char* name) {
  return guarded<__interceptor_pthread_setname_np>(thread, name);
}
// The sanitizer's lock of all threads is taken by the new thread, too, before it comes to its body:
// no fork() until then.
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                   void* argument) {
  const Inside inside;
  Start start{body, argument, {}};
  sem_init(&start.is_begun, 0, 0);
  const int failure = __interceptor_pthread_create(thread, attributes, begin_thread, &start);
  while (failure == 0 && sem_wait(&start.is_begun) != 0) {
  }
  sem_destroy(&start.is_begun);
  return failure;
}
}

// Weak: some tests have their own, which come to malloc() and free().
#define TANDEM_GUARDED(type, symbol, parameters, arguments)                     \
  extern "C" __attribute__((weak)) type symbol parameters {                     \
    const Inside inside;                                                        \
    static type(*const next) parameters = sanitizers<type parameters>(#symbol); \
    return next arguments;                                                      \
  }
TANDEM_GUARDED(void*, _Znwm, (std::size_t size), (size))
TANDEM_GUARDED(void*, _Znam, (std::size_t size), (size))
TANDEM_GUARDED(void*, _ZnwmRKSt9nothrow_t, (std::size_t size, const std::nothrow_t& tag),
               (size, tag))
TANDEM_GUARDED(void*, _ZnamRKSt9nothrow_t, (std::size_t size, const std::nothrow_t& tag),
               (size, tag))
TANDEM_GUARDED(void*, _ZnwmSt11align_val_t, (std::size_t size, std::align_val_t to), (size, to))
TANDEM_GUARDED(void*, _ZnamSt11align_val_t, (std::size_t size, std::align_val_t to), (size, to))
TANDEM_GUARDED(void*, _ZnwmSt11align_val_tRKSt9nothrow_t,
               (std::size_t size, std::align_val_t to, const std::nothrow_t& tag), (size, to, tag))
TANDEM_GUARDED(void*, _ZnamSt11align_val_tRKSt9nothrow_t,
               (std::size_t size, std::align_val_t to, const std::nothrow_t& tag), (size, to, tag))
TANDEM_GUARDED(void, _ZdlPv, (void* block), (block))
TANDEM_GUARDED(void, _ZdaPv, (void* block), (block))
TANDEM_GUARDED(void, _ZdlPvm, (void* block, std::size_t size), (block, size))
TANDEM_GUARDED(void, _ZdaPvm, (void* block, std::size_t size), (block, size))
TANDEM_GUARDED(void, _ZdlPvRKSt9nothrow_t, (void* block, const std::nothrow_t& tag), (block, tag))
TANDEM_GUARDED(void, _ZdaPvRKSt9nothrow_t, (void* block, const std::nothrow_t& tag), (block, tag))
TANDEM_GUARDED(void, _ZdlPvSt11align_val_t, (void* block, std::align_val_t to), (block, to))
TANDEM_GUARDED(void, _ZdaPvSt11align_val_t, (void* block, std::align_val_t to), (block, to))
TANDEM_GUARDED(void, _ZdlPvmSt11align_val_t, (void* block, std::size_t size, std::align_val_t to),
               (block, size, to))
TANDEM_GUARDED(void, _ZdaPvmSt11align_val_t, (void* block, std::size_t size, std::align_val_t to),
               (block, size, to))
TANDEM_GUARDED(void, _ZdlPvSt11align_val_tRKSt9nothrow_t,
               (void* block, std::align_val_t to, const std::nothrow_t& tag), (block, to, tag))
TANDEM_GUARDED(void, _ZdaPvSt11align_val_tRKSt9nothrow_t,
               (void* block, std::align_val_t to, const std::nothrow_t& tag), (block, to, tag))
