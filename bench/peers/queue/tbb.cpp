// oneTBB: concurrent_bounded_queue blocks. concurrent_queue and concurrent_priority_queue don't:
// their get() spins, so they show a limit.
#include <tbb/concurrent_priority_queue.h>
#include <tbb/concurrent_queue.h>

#include <cstddef>
#include <functional>
#include <thread>
#include <utility>

#include "../../harness/queue_rows.hpp"

namespace bench {
namespace {

template <class T>
class TbbBounded {
 public:
  explicit TbbBounded(std::size_t capacity) {
    if (capacity != 0) queue_.set_capacity(static_cast<std::ptrdiff_t>(capacity));
  }
  void put(T item) { queue_.push(std::move(item)); }
  T get() {
    T item{};
    queue_.pop(item);
    return item;
  }

 private:
  tbb::concurrent_bounded_queue<T> queue_;
};

template <class Queue>
class Spinning {
 public:
  explicit Spinning(std::size_t) {}
  void put(std::int64_t item) { queue_.push(item); }
  std::int64_t get() {
    std::int64_t item = 0;
    while (!queue_.try_pop(item)) std::this_thread::yield();
    return item;
  }

 private:
  Queue queue_;
};

using SpinningQueue = Spinning<tbb::concurrent_queue<std::int64_t>>;
using SpinningPriority =
    Spinning<tbb::concurrent_priority_queue<std::int64_t, std::greater<std::int64_t>>>;

const bool entered = [] {
  enter_bounded<TbbBounded>("tbb.bounded", Kind::peer);
  enter_unbounded<TbbBounded>("tbb.bounded", Kind::peer);
  enter_limit<SpinningQueue>("tbb.spin", false);
  enter_priorities<SpinningPriority>("tbb.spin", Kind::limit);
  return true;
}();

}  // namespace
}  // namespace bench
