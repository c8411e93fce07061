// atomic_queue: spins, so it shows a limit. Zero marks an empty cell, so that items are moved by 1.
#include <atomic_queue/atomic_queue.h>

#include <cstddef>
#include <thread>

#include "../../harness/queue_rows.hpp"

namespace bench {
namespace {

class AtomicQueue {
 public:
  explicit AtomicQueue(std::size_t) {}
  void put(std::int64_t item) {
    while (!queue_.try_push(item + 1)) std::this_thread::yield();
  }
  std::int64_t get() {
    std::int64_t item = 0;
    while (!queue_.try_pop(item)) std::this_thread::yield();
    return item - 1;
  }

 private:
  atomic_queue::AtomicQueue<std::int64_t, kBound> queue_;
};

const bool entered = [] {
  enter_limit<AtomicQueue>("atomic_queue", true);
  return true;
}();

}  // namespace
}  // namespace bench
