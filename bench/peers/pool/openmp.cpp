// OpenMP: tasks without futures, and parallel for. Tasks can't be posted by outside threads, and
// when many wait, the one that posts runs its tasks itself: no executor, so they show a limit.
#include <omp.h>

#include <cstddef>
#include <vector>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

// One more thread than workers: the one that posts.
double post_all_as_tasks(int workers, std::uint64_t tasks) {
  Finish finish;
  const auto start = Clock::now();
#pragma omp parallel num_threads(workers + 1)
#pragma omp single
  for (std::uint64_t n = 0; n < tasks; ++n) {
#pragma omp task firstprivate(n) shared(finish)
    finish.arrive(n);
  }
  const double seconds = seconds_between(start, Clock::now());
  finish.wait(tasks, sum_below(tasks));
  return seconds;
}

std::int64_t map_and_sum(const std::vector<std::int64_t>& inputs) {
  std::vector<std::int64_t> results(inputs.size());
#pragma omp parallel for schedule(static) num_threads(2)
  for (std::size_t i = 0; i < inputs.size(); ++i) results[i] = tiny(inputs[i]);
  std::int64_t sum = 0;
  for (const std::int64_t result : results) sum += result;
  return sum;
}

void enter_tasks(const std::string& row, int workers) {
  Registry::instance().add(
      {"thread_pool." + row, "openmp.inline", Kind::limit, [=](const Plan& plan) {
         return rate(plan, kTasks, 1,
                     [=](std::uint64_t tasks) { return post_all_as_tasks(workers, tasks); });
       }});
}

const bool entered = [] {
  enter_tasks("forget.2w", 2);
  enter_tasks("forget.4w", 4);
  enter_map("openmp", Kind::peer, map_and_sum);
  return true;
}();

}  // namespace
}  // namespace bench
