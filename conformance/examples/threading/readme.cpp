// The README's example of tandem::threading.
// [example]
#include <iostream>
#include <mutex>
#include <tandem/threading.hpp>

using namespace std::chrono_literals;
namespace threading = tandem::threading;

int main() {
  threading::Lock lock;
  threading::Event finished;
  threading::Barrier both(2);
  int counter = 0;

  auto count = [&](int times) {
    both.wait();  // until the other one is there, too
    for (int i = 0; i < times; ++i) {
      std::scoped_lock guard(lock);  // with lock:
      ++counter;
    }
    if (threading::current_thread().name() == "second") finished.set();
  };
  threading::Thread first(count, 1000);
  threading::Thread second({.target = tandem::call(count, 2000), .name = "second"});
  first.start();
  second.start();

  std::cout << "in time: " << finished.wait(60s) << '\n';
  first.join();
  second.join();
  std::cout << second.name() << " is alive: " << second.is_alive() << ", counted: " << counter
            << '\n';
}
// [/example]
