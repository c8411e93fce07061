// The document's producer and consumer: a queue of two slots between a thread that puts letters
// into it and one that takes them out. reference/examples/queue/producer_consumer.py prints the
// same.
#include <functional>
#include <iostream>
#include <string>

#include "tandem/queue.hpp"
#include "tandem/threading.hpp"

namespace queue = tandem::queue;
namespace threading = tandem::threading;

void producer(queue::Queue<char>& out_q, const std::string& source_data) {
  for (const char item : source_data) out_q.put(item);  // waits while both slots are taken
  out_q.join();                                         // waits until all is done
}

void consumer(queue::Queue<char>& in_q) {
  for (;;) {
    const char data = in_q.get();
    std::cout << "get data: " << data << std::endl;
    in_q.task_done();
  }
}

int main() {
  static auto& q = *new queue::Queue<char>(2);  // never destroyed: outlives the daemon

  threading::Thread p({.target = tandem::call(producer, std::ref(q), "hello")});
  threading::Thread c({.target = tandem::call(consumer, std::ref(q)), .daemon = true});

  p.start();
  c.start();

  p.join();
}
