#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <tandem/queue.hpp>
#include <tandem/threading.hpp>
#include "support.hpp"

using namespace std::chrono_literals;
namespace queue = tandem::queue;
namespace threading = tandem::threading;

void working() {
  static auto& q = *new queue::Queue<int>;  // never destroyed: outlives the daemon

  auto worker = [] {
    for (;;) {
      int item = q.get();
      print("Working on", item);
      print("Finished", item);
      q.task_done();
    }
  };
  threading::Thread({.target = worker, .daemon = true}).start();

  for (int item : range(30)) q.put(item);
  q.join();
  print("All work completed");
}

void directory_walk() {
  static auto& q =
      *new queue::Queue<std::filesystem::path>;  // never destroyed: outlives the daemon
  for (const auto& file : std::filesystem::directory_iterator(".")) q.put(file.path());

  auto worker = [] {
    while (auto file = q.try_get()) {  // `while not q.empty(): file = q.get()`, without the race
      print(file->filename().string());
      q.task_done();
    }
  };
  threading::Thread t({.target = worker, .daemon = true});
  t.start();
  q.join();
  print("DONE");
}

void producer(queue::Queue<char>& out_q, const std::string& source_data) {
  for (char item : source_data) out_q.put(item);
  out_q.join();
}

void consumer(queue::Queue<char>& in_q) {
  for (;;) {
    char data = in_q.get();
    print("get data:", data);
    in_q.task_done();
  }
}

void producer_consumer() {
  static auto& q = *new queue::Queue<char>(2);  // never destroyed: outlives the daemon

  threading::Thread p({.target = tandem::call(producer, std::ref(q), "hello")});
  threading::Thread c({.target = tandem::call(consumer, std::ref(q)), .daemon = true});
  p.start();
  c.start();
  p.join();
}

void kinds() {
  queue::LifoQueue<std::string> stack;
  stack.put("first");
  stack.put("last");
  print(stack.get());

  queue::PriorityQueue<std::pair<int, std::string>> tasks;
  tasks.put({2, "code"});
  tasks.put({1, "eat"});
  tasks.put({3, "sleep"});
  while (auto task = tasks.try_get()) print(task->first, task->second);

  queue::SimpleQueue<int> simple;
  simple.put(1);
  print(simple.get());
}

void limits() {
  queue::Queue<std::unique_ptr<int>> q(1);
  q.put(std::make_unique<int>(1));

  auto second = std::make_unique<int>(2);
  try {
    q.put(std::move(second), {.timeout = 10ms});
  } catch (const queue::Full&) {
    print("full, and", *second, "is still ours");  // put moves only what it takes
  }
  print("taken at once:", q.try_put(std::move(second)));

  q.shutdown(true);
  try {
    q.get({.timeout = 250ms});
  } catch (const queue::ShutDown&) {
    print("shut down");
  }
}

int main() {
  working();
  directory_walk();
  producer_consumer();
  kinds();
  limits();
}
