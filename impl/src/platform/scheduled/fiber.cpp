#include "platform/scheduled/fiber.hpp"

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>

#ifdef TANDEM_ASAN
// What is owned by threads that were abandoned is never freed.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
#endif

namespace tandem::inline v1::scheduled {

namespace {

struct Word {
  void* address;
  std::size_t size;
};
constinit Word known[16] = {};  // as many as a ThreadWords keeps
constinit std::size_t known_count = 0;

// The runtime's __cxa_eh_globals, as the Itanium ABI has it.
struct Exceptions {
  void* caught;
  unsigned uncaught;
};
Exceptions& exceptions() noexcept {
  return *reinterpret_cast<Exceptions*>(abi::__cxa_get_globals());
}

}  // namespace

bool ThreadWords::add(void* word, std::size_t size) noexcept {
  if (known_count == most) std::abort();
  known[known_count++] = {word, size};
  return true;
}

void ThreadWords::save() noexcept {
  for (std::size_t i = 0; i < known_count; ++i)
    std::memcpy(&words_[i], known[i].address, known[i].size);
  caught_ = exceptions().caught;
  uncaught_ = exceptions().uncaught;
}

void ThreadWords::restore() const noexcept {
  for (std::size_t i = 0; i < known_count; ++i)
    std::memcpy(known[i].address, &words_[i], known[i].size);
  exceptions() = {caught_, uncaught_};
}

Fiber::~Fiber() {
  if (stack_) munmap(stack_, size);
}

void Fiber::begin(void (*entry)()) {
  if (!stack_) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    stack_ = memory;
    mprotect(stack_, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), PROT_NONE);  // the far end
  }
  words_ = {};
  watched_.begins(stack_, size);
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = size;
  context_.uc_link = nullptr;
  makecontext(&context_, entry, 0);
}

void Fiber::switch_to(Fiber& next, bool for_ever) noexcept {
  words_.save();
  next.words_.restore();
  watched_.leaves_for(next.watched_, for_ever);
  swapcontext(&context_, &next.context_);
  watched_.arrives();
}

}  // namespace tandem::inline v1::scheduled
