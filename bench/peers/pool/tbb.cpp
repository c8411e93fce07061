// oneTBB: task_arena::enqueue (about first in, first out), task_group (not), parallel_for.
// It has no future: results come through std::packaged_task.
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <cstddef>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

constexpr unsigned kOutsiders = 4;  // threads that may post

class Workers {  // TBB counts the calling thread as one of them
 public:
  explicit Workers(std::size_t workers)
      : control_(tbb::global_control::max_allowed_parallelism, workers + 1) {}

 private:
  tbb::global_control control_;
};

template <class Pool, class F>
auto submit_to(Pool& pool, F f) {
  using Packaged = std::packaged_task<std::invoke_result_t<F>()>;
  auto packaged = std::make_shared<Packaged>(std::move(f));
  auto result = packaged->get_future();
  pool.post([packaged = std::move(packaged)] { (*packaged)(); });
  return result;
}

class Arena {
 public:
  explicit Arena(std::size_t workers) : workers_(workers), arena_(static_cast<int>(workers), 0) {}

  template <class Task>
  void post(Task task) {
    arena_.enqueue(std::move(task));
  }
  template <class Task>
  auto submit(Task task) {
    return submit_to(*this, std::move(task));
  }

 private:
  Workers workers_;
  tbb::task_arena arena_;
};

class Group {
 public:
  explicit Group(std::size_t workers)
      : workers_(workers), arena_(static_cast<int>(workers + kOutsiders), kOutsiders) {}
  ~Group() {
    arena_.execute([this] { group_.wait(); });
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  template <class Task>
  void post(Task task) {
    group_.run(std::move(task));
  }
  template <class Body>
  void within(const Body& body) {
    arena_.execute(body);
  }
  template <class Task>
  auto submit(Task task) {
    return submit_to(*this, std::move(task));
  }

 private:
  Workers workers_;
  tbb::task_arena arena_;
  tbb::task_group group_;
};

std::int64_t map_and_sum(const std::vector<std::int64_t>& inputs) {
  std::vector<std::int64_t> results(inputs.size());
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, inputs.size()), [&](const auto& range) {
    for (std::size_t i = range.begin(); i != range.end(); ++i) results[i] = tiny(inputs[i]);
  });
  std::int64_t sum = 0;
  for (const std::int64_t result : results) sum += result;
  return sum;
}

const bool entered = [] {
  enter_posts<Arena>("tbb.arena", Kind::peer);
  enter_submits<Arena>("tbb.arena", Kind::peer);
  enter_posts<Group>("tbb.group", Kind::peer);
  enter_submits<Group>("tbb.group", Kind::peer);
  enter_map("tbb.parallel_for", Kind::peer, map_and_sum);
  return true;
}();

}  // namespace
}  // namespace bench
