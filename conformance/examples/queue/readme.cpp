// The README's example of tandem::queue.
// [example]
#include <iostream>
#include <tandem/queue.hpp>
#include <tandem/threading.hpp>

namespace queue = tandem::queue;
namespace threading = tandem::threading;

int main() {
  queue::Queue<int> tasks(10);  // at most ten inside: put() waits for room

  threading::Thread worker([&tasks] {
    try {
      for (;;) {
        const int task = tasks.get();
        std::cout << "working on " << task << '\n';
        tasks.task_done();
      }
    } catch (const queue::ShutDown&) {
      std::cout << "nothing left\n";
    }
  });
  worker.start();

  for (int task = 1; task <= 3; ++task) tasks.put(task);
  tasks.join();      // until task_done() has been said for each
  tasks.shutdown();  // ends the worker's get()
  worker.join();
}
// [/example]
