#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>

#include "platform/fork.hpp"
#include "platform/posix/process_linux.hpp"

// Writes down which lines have run, where that is counted.
extern "C" [[gnu::weak]] void __gcov_dump();

namespace tandem::inline v1::platform {

int fork_process() noexcept { return ::fork(); }

Handle open_process(int pid) noexcept { return open_child(pid); }

void exit_at_once(int status) noexcept {
  if (__gcov_dump) __gcov_dump();
  ::_exit(status);
}

bool exit_only_to(void (*last)(int)) noexcept {
  const auto call = [](int status, void* function) {
    reinterpret_cast<void (*)(int)>(function)(status);
  };
  return ::on_exit(call, reinterpret_cast<void*>(last)) == 0;
}

void flush_standard_streams() noexcept {
  try {
    std::cout.flush();
    std::clog.flush();
  } catch (...) {
    // As for any other write of theirs: they may have been told to throw.
  }
  std::fflush(stdout);
  std::fflush(stderr);
}

// The file that stdin was is shared with other processes: its position stays.
void close_stdin() noexcept {
  const Handle nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (nothing) ::dup2(nothing.get(), STDIN_FILENO);
  ::__fpurge(stdin);
}

void keep_from_children(int handle) noexcept { ::fcntl(handle, F_SETFD, FD_CLOEXEC); }

void ignore_interrupts(bool ignore) noexcept { ::signal(SIGINT, ignore ? SIG_IGN : SIG_DFL); }

void fill_randomly(void* bytes, std::size_t size) noexcept {
  auto* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t got = ::getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) ::abort();  // a key that can be guessed is worse
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

const char* own_executable() noexcept { return "/proc/self/exe"; }

std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

int open_memory_file(Handle& handle) noexcept {
  handle.reset(::memfd_create("tandem", MFD_CLOEXEC));
  return handle ? 0 : errno;
}

int rewind_file(int handle) noexcept { return ::lseek(handle, 0, SEEK_SET) == -1 ? errno : 0; }

}  // namespace tandem::inline v1::platform
