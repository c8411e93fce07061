// tandem::multiprocessing::Pool, as it is: pickled calls, results in order.
#include <cstdint>
#include <optional>
#include <string>
#include <tandem/multiprocessing.hpp>
#include <vector>

#include "../harness/process_pool_rows.hpp"

namespace bench {
namespace {

namespace mp = tandem::multiprocessing;

mp::Pool& pool_of_two() {
  static mp::Pool pool(2);
  return pool;
}

std::int64_t map_and_sum(const std::vector<std::int64_t>& inputs,
                         std::optional<std::size_t> chunksize) {
  std::int64_t sum = 0;
  for (const std::int64_t result : pool_of_two().map(tiny_of, inputs, chunksize)) sum += result;
  return sum;
}

// From the start of a pool of two to its first result.
double start(const std::string& method) {
  const auto begin = Clock::now();
  auto pool = mp::get_context(method).Pool(2);
  if (pool.apply(tiny_of, 1) != tiny_of(1)) throw Broken("a wrong result");
  return seconds_between(begin, Clock::now());
}

void enter_start(const std::string& method) {
  Registry::instance().add(
      {"process_pool.start." + method, "tandem", Kind::ours, [=](const Plan& plan) {
         return cost(plan, 20, [&](std::uint64_t starts) {
           double seconds = 0;
           for (std::uint64_t i = 0; i < starts; ++i) seconds += start(method);
           return seconds;
         });
       }});
}

const bool entered = [] {
  // A process that was spawned goes no further than this.
  Registry::instance().begin_with([](int argc, char** argv) { mp::freeze_support(argc, argv); });
  enter_process_map("process_pool.map.chunk1", "tandem", Kind::ours, map_and_sum, 1);
  enter_process_map("process_pool.map.chunk100", "tandem", Kind::ours, map_and_sum, 100);
  enter_process_map("process_pool.map.default", "tandem", Kind::ours, map_and_sum, {});
  enter_process_calls(
      "process_pool.apply_async", "tandem", Kind::ours,
      [](std::int64_t x) { return pool_of_two().apply_async(tiny_of, x); },
      [](auto& result) { return result.get(); });
  enter_process_round_trip("process_pool.roundtrip", "tandem", Kind::ours,
                           [](std::int64_t x) { return pool_of_two().apply(tiny_of, x); });
  for (const char* method : {"fork", "spawn", "forkserver"}) enter_start(method);
  return true;
}();

}  // namespace
}  // namespace bench
