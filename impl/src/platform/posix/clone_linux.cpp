#include "platform/posix/clone_linux.hpp"

#include <signal.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

namespace tandem::inline v1::platform {

namespace {

constexpr std::uint64_t clear_handlers = 0x100000000;  // CLONE_CLEAR_SIGHAND

struct CloneArguments {  // as the kernel has it: its first version
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

std::uint64_t address(const void* pointer) noexcept {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer));
}

// The child goes on here as well, but on its own stack: it calls entry, which never returns, before
// anything else is done with a stack.
[[gnu::noinline]] long call_kernel(const CloneArguments& arguments, int (*entry)(void*),
                                   void* argument) noexcept {
#if defined(__x86_64__)
  register auto entry_in asm("r8") = entry;
  register auto argument_in asm("r9") = argument;
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r9, %%rdi\n\t"
      "call *%%r8\n\t"
      "hlt\n"
      "1:"
      : "+a"(result)
      : "D"(&arguments), "S"(sizeof arguments), "r"(entry_in), "r"(argument_in)
      : "rcx", "r11", "cc", "memory");
  return result;
#elif defined(__aarch64__)
  register auto number_in asm("x8") = static_cast<long>(SYS_clone3);
  register auto result asm("x0") = static_cast<long>(address(&arguments));
  register auto size_in asm("x1") = sizeof arguments;
  register auto entry_in asm("x10") = entry;
  register auto argument_in asm("x11") = argument;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x0, x11\n\t"
      "blr x10\n\t"
      "brk #0\n"
      "1:"
      : "+r"(result)
      : "r"(number_in), "r"(size_in), "r"(entry_in), "r"(argument_in)
      : "cc", "memory");
  return result;
#else
  static_cast<void>(arguments), static_cast<void>(entry), static_cast<void>(argument);
  return -ENOSYS;
#endif
}

}  // namespace

int clone_without_handlers(int (*entry)(void*), void* argument, void* stack, std::size_t stack_size,
                           unsigned flags, int* handle) noexcept {
  CloneArguments arguments{};
  arguments.flags = flags | clear_handlers;
  arguments.pidfd = address(handle);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = address(stack);
  arguments.stack_size = stack_size;
  const long result = call_kernel(arguments, entry, argument);
  if (result >= 0) return static_cast<int>(result);
  errno = static_cast<int>(-result);
  return -1;
}

}  // namespace tandem::inline v1::platform
