// Children by fork() alone, as these tests have them: nothing of multiprocessing's own processes.
#pragma once
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include "memory.hpp"
#include "tandem/multiprocessing/detail/helpers.hpp"

namespace tandem::inline v1::multiprocessing {

class Child {
 public:
  // Runs body() in a child; what it returns is the exit code.
  template <class Body>
  explicit Child(Body body) : pid_(::fork()) {
    if (pid_ != 0) return;
    int code = 99;
    try {
      code = body();
    } catch (...) {
    }
    ::_exit(code);
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) kill();
  }

  int pid() const noexcept { return pid_; }
  // The exit code; -N: killed by signal N.
  int wait() noexcept {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int kill() noexcept {
    ::kill(pid_, SIGKILL);
    return wait();
  }

 private:
  int pid_;
};

// Of this process, whoever has started them; also those that have ended and were not waited for.
inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

// Acts with so little memory that it fails at each step in turn, until it has enough. What fails
// leaves no child.
template <class Act>
void fail_at_each_allocation(Act act) {
  detail::stop_helpers();  // which would be children
  for (std::size_t allocations = 0;; ++allocations) {
    bool is_enough = true;
    allocations_left = allocations;
    try {
      act();
    } catch (const std::bad_alloc&) {
      is_enough = false;
    }
    allocations_left = SIZE_MAX;
    if (is_enough) return;
    EXPECT_FALSE(has_children()) << allocations;
  }
}

// It does nothing more until SIGCONT.
inline void stop(pid_t child) {
  ::kill(child, SIGSTOP);
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED), 0);
}

}  // namespace tandem::inline v1::multiprocessing
