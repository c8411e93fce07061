// A thread forks while others are inside all of the library; every child uses all of it again and
// ends as a program does.
//
//   fork_races N   children
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include "conformance/programs/threading/say.hpp"
#include "tandem/core/log.hpp"
#include "tandem/futures.hpp"
#include "tandem/threading.hpp"

// The thread sanitizer would end a child that starts a thread.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
// What a child's lost threads had is nobody's.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace threading = tandem::threading;
namespace futures = tandem::futures;
using threading::Thread;

namespace {

std::atomic<bool> stop = false;

void fail() { throw tandem::ValueError("as it should"); }

void use_everything() {
  const Thread thread({.target = fail, .name = "failing"});
  thread.start();
  thread.name("failing still");
  thread.join();
  threading::enumerate();
  futures::ThreadPoolExecutor pool(1);
  pool.submit([] { return 42; }).result();
}

int exit_code_of_child() {
  const pid_t child = fork();
  if (child == 0) {
    use_everything();
    std::exit(threading::active_count() == 1 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

int main(int, char** arguments) {
  tandem::log_sink([](std::string_view) {});
  std::vector<Thread> busy;
  for (int i = 0; i < 3; ++i)
    busy.emplace_back([] {
      while (!stop) use_everything();
    });
  for (const Thread& thread : busy) thread.start();
  int failed = 0;
  for (int children = std::stoi(arguments[1]); children > 0; --children)
    failed += exit_code_of_child() != 0;
  stop = true;
  for (const Thread& thread : busy) thread.join();
  say(std::to_string(failed) + " failed");
  return failed != 0;
}
