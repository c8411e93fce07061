// The program ends while threads start, run and end.
//
//   start_exit_races N ROUNDS   threads in each of so many processes; every third thread is a
//                               daemon, every third starts another one
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "conformance/programs/threading/say.hpp"
#include "tandem/threading.hpp"

using tandem::threading::Thread;

namespace {

std::atomic<int> not_joined{0};

void work(int number) {
  if (number % 3 != 1) return;
  ++not_joined;
  Thread([] { --not_joined; }).start();
}

void race(int threads) {
  // Stands before the first start(), so that it runs after the joining.
  std::atexit([] {
    if (not_joined != 0) std::_Exit(EXIT_FAILURE);
  });
  for (int number = 0; number < threads; ++number)
    Thread({.target = tandem::call(work, number), .daemon = number % 3 == 0}).start();
}

}  // namespace

int main(int, char** arguments) {
  const int threads = std::stoi(arguments[1]);
  for (int rounds = std::stoi(arguments[2]); rounds > 0; --rounds) {
    const pid_t child = fork();
    if (child == 0) {
      race(threads);
      return 0;
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status == 0) continue;
    say("status " + std::to_string(status));
    return EXIT_FAILURE;
  }
  say("all joined");
}
