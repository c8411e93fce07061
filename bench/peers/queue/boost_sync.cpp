// Boost.Thread: sync_bounded_queue, sync_queue, sync_priority_queue.
#define BOOST_THREAD_VERSION 4
#include <boost/thread/concurrent_queues/sync_bounded_queue.hpp>
#include <boost/thread/concurrent_queues/sync_priority_queue.hpp>
#include <boost/thread/concurrent_queues/sync_queue.hpp>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "../../harness/queue_rows.hpp"

namespace bench {
namespace {

template <class T>
class BoostBounded {
 public:
  explicit BoostBounded(std::size_t capacity) : queue_(capacity) {}
  void put(T item) { queue_.push_back(std::move(item)); }
  T get() { return queue_.pull_front(); }

 private:
  boost::concurrent::sync_bounded_queue<T> queue_;
};

template <class T>
class BoostUnbounded {
 public:
  explicit BoostUnbounded(std::size_t) {}
  void put(T item) { queue_.push(std::move(item)); }
  T get() { return queue_.pull(); }

 private:
  boost::concurrent::sync_queue<T> queue_;
};

class BoostPriority {
 public:
  explicit BoostPriority(std::size_t) {}
  void put(std::int64_t item) { queue_.push(item); }
  std::int64_t get() { return queue_.pull(); }

 private:
  boost::concurrent::sync_priority_queue<std::int64_t, std::vector<std::int64_t>,
                                         std::greater<std::int64_t>>
      queue_;
};

const bool entered = [] {
  enter_bounded<BoostBounded>("boost.sync", Kind::peer);
  enter_unbounded<BoostUnbounded>("boost.sync", Kind::peer);
  enter_priorities<BoostPriority>("boost.sync", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
