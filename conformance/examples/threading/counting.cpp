// The document's example (line 150), mended: its thread.terminate() does not exist, so the thread
// is asked to stop by an event (see stopping.cpp); and the count begins when the status was
// printed.
#include <functional>
#include <iostream>
#include <tandem/threading.hpp>

using namespace std::chrono_literals;
namespace threading = tandem::threading;

void process(int count, threading::Event& shown) {
  shown.wait();
  for (int i = 0; i < count; ++i) std::cout << i << '\n';
}

int main() {
  threading::Event shown;
  threading::Thread thread({.target = tandem::call(process, 5, std::ref(shown))});
  thread.start();

  std::cout << "thread status: " << (thread.is_alive() ? "True" : "False") << '\n';
  shown.set();

  thread.join();
  std::cout << "I am main thread\n";
}
