// How to wait until what was put is done: the example of CPython's documentation of queue.
// reference/examples/queue/working.py prints the same.
#include <iostream>

#include "tandem/queue.hpp"
#include "tandem/threading.hpp"

namespace queue = tandem::queue;
namespace threading = tandem::threading;

int main() {
  static auto& q = *new queue::Queue<int>;  // never destroyed: outlives the daemon

  const auto worker = [] {
    for (;;) {
      const int item = q.get();
      std::cout << "Working on " << item << std::endl;
      std::cout << "Finished " << item << std::endl;
      q.task_done();
    }
  };

  // Turn on the worker thread.
  threading::Thread({.target = worker, .daemon = true}).start();

  // Send thirty task requests to the worker.
  for (int item = 0; item < 30; ++item) q.put(item);

  // Wait until all tasks are completed.
  q.join();
  std::cout << "All work completed" << std::endl;
}
