// Children that are forked while a pool's worker submits to its own pool can have a pool.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "conformance/programs/concurrent/futures/late.hpp"

// The thread sanitizer would end a child that starts a thread.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }

namespace {

std::atomic<bool> stop = false;

void submit_again(futures::ThreadPoolExecutor& pool) {
  if (!stop) pool.submit(submit_again, std::ref(pool));
}

int exit_code_of_child() {
  const pid_t child = fork();
  if (child == 0) {
    futures::ThreadPoolExecutor pool(1);
    _exit(pool.submit([](int x, int y) { return x * y; }, 6, 7).result());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

int main() {
  futures::ThreadPoolExecutor busy(1);
  busy.submit(submit_again, std::ref(busy));
  for (int n = 0; n < 20; ++n) std::cout << exit_code_of_child() << std::endl;
  stop = true;
}
