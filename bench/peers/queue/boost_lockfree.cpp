// boost::lockfree::queue: spins, so it shows a limit.
#include <boost/lockfree/queue.hpp>
#include <cstddef>
#include <thread>

#include "../../harness/queue_rows.hpp"

namespace bench {
namespace {

class BoostLockfree {
 public:
  explicit BoostLockfree(std::size_t) : queue_(kBound) {}
  void put(std::int64_t item) {
    while (!queue_.bounded_push(item)) std::this_thread::yield();
  }
  std::int64_t get() {
    std::int64_t item = 0;
    while (!queue_.pop(item)) std::this_thread::yield();
    return item;
  }

 private:
  boost::lockfree::queue<std::int64_t> queue_;
};

const bool entered = [] {
  enter_limit<BoostLockfree>("boost.lockfree", true);
  return true;
}();

}  // namespace
}  // namespace bench
