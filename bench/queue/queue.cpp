// tandem::queue::Queue, as it is: every method and every promise stays on.
#include <cstddef>
#include <tandem/queue.hpp>
#include <utility>

#include "../harness/queue_rows.hpp"

namespace bench {
namespace {

template <class T>
class Ours {
 public:
  explicit Ours(std::size_t capacity) : queue_(static_cast<std::ptrdiff_t>(capacity)) {}
  void put(T item) { queue_.put(std::move(item)); }
  T get() { return queue_.get(); }

 private:
  tandem::queue::Queue<T> queue_;
};

const bool entered = [] {
  enter_bounded<Ours>("tandem", Kind::ours);
  enter_ints<Ours<std::int64_t>>("queue.unbounded", "tandem", Kind::ours, 0);
  return true;
}();

}  // namespace
}  // namespace bench
