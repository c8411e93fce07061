// tandem::concurrent::futures::ProcessPoolExecutor, as it is: futures, cancellation, exceptions. In
// the program of multiprocessing's pool, for the same reason.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <vector>

#include "../../harness/process_pool_rows.hpp"
#include "../../harness/start_rows.hpp"

namespace bench {
namespace {

namespace futures = tandem::futures;
namespace mp = tandem::multiprocessing;

futures::ProcessPoolExecutor& executor_of_two() {
  static futures::ProcessPoolExecutor executor(2);
  return executor;
}

std::int64_t map_and_sum(const std::vector<std::int64_t>& inputs,
                         std::optional<std::size_t> chunksize) {
  std::int64_t sum = 0;
  for (const std::int64_t result :
       executor_of_two().map(tiny_of, inputs, {.chunksize = chunksize.value_or(1)}))
    sum += result;
  return sum;
}

// From the start of one of two workers to its first result.
double start(const std::string& method) {
  const auto begin = Clock::now();
  futures::ProcessPoolExecutor executor({.max_workers = 2, .mp_context = mp::get_context(method)});
  if (executor.submit(tiny_of, 1).result() != tiny_of(1)) throw Broken("a wrong result");
  return seconds_between(begin, Clock::now());
}

const bool entered = [] {
  enter_process_map("process_executor.map.chunk1", "tandem", Kind::ours, map_and_sum, 1);
  enter_process_map("process_executor.map.chunk100", "tandem", Kind::ours, map_and_sum, 100);
  enter_process_calls(
      "process_executor.submit", "tandem", Kind::ours,
      [](std::int64_t x) { return executor_of_two().submit(tiny_of, x); },
      [](auto& result) { return result.result(); });
  enter_process_round_trip("process_executor.roundtrip", "tandem", Kind::ours, [](std::int64_t x) {
    return executor_of_two().submit(tiny_of, x).result();
  });
  for (const std::string method : {"fork", "spawn", "forkserver"})
    enter_first_result("process_executor." + method, "tandem", Kind::ours, kExecutions,
                       [method] { return start(method); });
  return true;
}();

}  // namespace
}  // namespace bench
