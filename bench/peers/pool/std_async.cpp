// std::async, which makes a thread for each task.
#include <cstddef>
#include <future>
#include <utility>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

class Async {
 public:
  explicit Async(std::size_t) {}

  template <class Task>
  auto submit(Task task) {
    return std::async(std::launch::async, std::move(task));
  }
};

const bool entered = [] {
  enter_submits<Async>("std.async", Kind::peer, 500);
  return true;
}();

}  // namespace
}  // namespace bench
