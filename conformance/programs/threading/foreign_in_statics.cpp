// A thread that threading neither started nor has met, and that never waits, uses statics without a
// pause while the program ends and these are destroyed.
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "conformance/programs/threading/say.hpp"
#include "tandem/queue.hpp"
#include "tandem/threading.hpp"

namespace queue = tandem::queue;

namespace {

std::atomic<int> turns{0};

// What is destroyed after the queues.
struct Later {
  ~Later() {
    for (const int now = turns; turns < now + 1000;) std::this_thread::yield();
    say("it still works");
  }
} later;

struct Told {
  ~Told() { say("an item was destroyed"); }
};

queue::SimpleQueue<std::string> used;
queue::Queue<std::unique_ptr<Told>> left;

}  // namespace

int main() {
  tandem::main_scope scope;
  left.put(std::make_unique<Told>());
  std::thread([] {
    for (;; ++turns) {
      used.put("an item that is too long to stand in the string itself");
      used.try_get();
    }
  }).detach();
  while (turns == 0) std::this_thread::yield();
  say("end of main");
}
