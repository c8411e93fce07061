// tandem::queue::PriorityQueue.
#include <cstddef>
#include <tandem/queue.hpp>

#include "../harness/queue_rows.hpp"

namespace bench {
namespace {

class Ours {
 public:
  explicit Ours(std::size_t) {}
  void put(std::int64_t item) { queue_.put(item); }
  std::int64_t get() { return queue_.get(); }

 private:
  tandem::queue::PriorityQueue<std::int64_t> queue_;
};

const bool entered = [] {
  enter_priorities<Ours>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
