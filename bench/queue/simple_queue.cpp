// tandem::queue::SimpleQueue.
#include <cstddef>
#include <tandem/queue.hpp>
#include <utility>

#include "../harness/queue_rows.hpp"

namespace bench {
namespace {

template <class T>
class Ours {
 public:
  explicit Ours(std::size_t) {}
  void put(T item) { queue_.put(std::move(item)); }
  T get() { return queue_.get(); }

 private:
  tandem::queue::SimpleQueue<T> queue_;
};

const bool entered = [] {
  enter_ints<Ours<std::int64_t>>("simple_queue", "tandem", Kind::ours, 0);
  enter_objects<Ours>("simple_queue", "tandem", Kind::ours, 0);
  enter_quick<Ours<std::int64_t>>("simple_queue", "tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
