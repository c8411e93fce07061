// The program ends while threads start, run and end.
//
//   start_exit_races N   threads; every third is a daemon, every third starts another thread
#include <atomic>
#include <cstdlib>
#include <string>

#include "conformance/programs/threading/say.hpp"
#include "tandem/threading.hpp"

namespace threading = tandem::threading;
using threading::Thread;

namespace {

std::atomic<int> not_joined{0};

void work(int number) {
  if (number % 3 == 1) {
    ++not_joined;
    Thread([] { --not_joined; }).start();
  }
}

}  // namespace

int main(int, char** arguments) {
  std::atexit([] { say(not_joined == 0 ? "all joined" : "lost a thread"); });
  const int threads = std::stoi(arguments[1]);
  for (int number = 0; number < threads; ++number)
    Thread({.target = tandem::call(work, number), .daemon = number % 3 == 0}).start();
}
