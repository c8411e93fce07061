// tandem::concurrent::futures::ProcessPoolExecutor, as it is: futures, cancellation, exceptions.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tandem/futures/process.hpp>
#include <vector>

#include "../../harness/process_pool_rows.hpp"

namespace bench {
namespace {

namespace futures = tandem::futures;

std::int64_t map_and_sum(const std::vector<std::int64_t>& inputs,
                         std::optional<std::size_t> chunksize) {
  static futures::ProcessPoolExecutor executor(2);
  std::int64_t sum = 0;
  for (const std::int64_t result :
       executor.map(tiny_of, inputs, {.chunksize = chunksize.value_or(1)}))
    sum += result;
  return sum;
}

const bool entered = [] {
  enter_process_map("process_executor.map.chunk1", "tandem", Kind::ours, map_and_sum, 1);
  enter_process_map("process_executor.map.chunk100", "tandem", Kind::ours, map_and_sum, 100);
  return true;
}();

}  // namespace
}  // namespace bench
