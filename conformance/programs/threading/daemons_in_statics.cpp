// Daemons that use statics without a pause while the program ends and these are destroyed.
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "conformance/programs/threading/say.hpp"
#include "tandem/futures.hpp"
#include "tandem/queue.hpp"
#include "tandem/threading.hpp"

using namespace std::chrono_literals;
namespace threading = tandem::threading;
namespace queue = tandem::queue;

namespace {

std::atomic<int> running{0};

queue::Queue<std::string> first(3);
queue::PriorityQueue<int> second;
queue::SimpleQueue<std::string> third;
threading::Condition condition;
threading::BoundedSemaphore semaphore(1);
threading::Event event;
threading::Lock lock;
std::atomic<std::size_t> length{0};
threading::Barrier barrier(1, {.action = [text = std::string(100, 'x')] { length = text.size(); }});

template <class F>
void for_ever(F step) {
  threading::Thread({
                        .target =
                            [step] {
                              for (bool counted = false;; counted = true) {
                                step();
                                if (!counted) ++running;
                              }
                            },
                        .daemon = true,
                    })
      .start();
}

}  // namespace

int main() {
  tandem::main_scope scope;
  static tandem::futures::ThreadPoolExecutor pool(1);
  for_ever([] { first.try_put("an item that is too long to stand in the string itself"); });
  for_ever([] { first.try_get(); });
  for_ever([] { second.put(1), second.get(); });
  for_ever([] { third.put("another item that is too long for the string"), third.get(); });
  for_ever([] {
    const std::scoped_lock guard(condition);
    condition.wait(10us);
  });
  for_ever([] { semaphore.acquire(), semaphore.release(); });
  for_ever([] { event.wait(10us), event.set(), event.clear(); });
  for_ever([] { barrier.wait(); });
  for_ever([] { lock.acquire({.timeout = 10us}) ? lock.release() : void(); });
  for_ever([] {
    try {
      pool.submit([] {}).result();
    } catch (const tandem::RuntimeError&) {
    }
  });
  while (running < 10) threading::Event().wait(1ms);
  say("end of main");
}
