// tandem::concurrent::futures::ThreadPoolExecutor, as it is: futures, cancellation, exceptions.
#include <cstddef>
#include <cstdint>
#include <span>
#include <tandem/futures.hpp>
#include <utility>
#include <vector>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

namespace futures = tandem::futures;

template <class T>
class Handle {
 public:
  explicit Handle(futures::Future<T> future) : future_(std::move(future)) {}
  T get() { return std::move(future_).result(); }

 private:
  futures::Future<T> future_;
};

class Ours {
 public:
  explicit Ours(std::size_t workers) : executor_(static_cast<int>(workers)) {}

  template <class Task>
  void post(Task task) {
    executor_.submit(std::move(task));
  }
  template <class Task>
  auto submit(Task task) {
    return Handle(executor_.submit(std::move(task)));
  }

 private:
  futures::ThreadPoolExecutor executor_;
};

std::int64_t map_and_sum(const std::vector<std::int64_t>& inputs) {
  static futures::ThreadPoolExecutor executor(2);
  std::int64_t sum = 0;
  const auto inlined = [](std::int64_t x) { return tiny(x); };  // as the peers' loops have it
  // A span: the inputs are read where they are, as the peers do.
  for (const auto result : executor.map(inlined, std::span(inputs), {.chunksize = kChunk}))
    sum += result;
  return sum;
}

const bool entered = [] {
  enter_posts<Ours>("tandem", Kind::ours);
  enter_submits<Ours>("tandem", Kind::ours);
  enter_pool_start<Ours>("tandem", Kind::ours);
  enter_map("tandem", Kind::ours, map_and_sum);
  return true;
}();

}  // namespace
}  // namespace bench
