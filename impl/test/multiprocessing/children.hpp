// Children by fork() alone, as these tests have them: nothing of multiprocessing's own processes.
#pragma once
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <utility>

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

// It does nothing more until SIGCONT.
inline void stop(pid_t child) {
  ::kill(child, SIGSTOP);
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED), 0);
}

}  // namespace tandem::inline v1::multiprocessing
