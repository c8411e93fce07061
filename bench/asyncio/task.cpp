// tandem::asyncio's tasks: their number and their size.
#include <chrono>
#include <cstdint>
#include <tandem/asyncio.hpp>
#include <vector>

#include "../harness/asyncio_rows.hpp"

namespace bench {
namespace {

namespace asyncio = tandem::asyncio;

asyncio::Coroutine<std::uint64_t> numbered(std::uint64_t n) { co_return n; }

asyncio::Coroutine<double> create_and_run(std::uint64_t count) {
  std::vector<asyncio::Task<std::uint64_t>> tasks;
  tasks.reserve(kTasksAtOnce);
  std::uint64_t sum = 0;
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < count;) {
    for (; n < count && tasks.size() < kTasksAtOnce; ++n)
      tasks.push_back(asyncio::create_task(numbered(n)));
    for (const auto& task : tasks) sum += co_await task;
    tasks.clear();
  }
  const double seconds = seconds_between(start, Clock::now());
  check_sum(sum, sum_below(count));
  co_return seconds;
}

asyncio::Coroutine<> asleep() { co_await asyncio::sleep(std::chrono::hours(1)); }

asyncio::Coroutine<double> fall_asleep(std::uint64_t count) {
  std::vector<asyncio::Task<>> tasks;
  tasks.reserve(count);
  const double before = resident_bytes();
  for (std::uint64_t n = 0; n < count; ++n) tasks.push_back(asyncio::create_task(asleep()));
  co_await asyncio::sleep(std::chrono::seconds(0));
  const double all = resident_bytes() - before;
  for (const auto& task : tasks) task.cancel();
  co_return all / static_cast<double>(count);
}

asyncio::Coroutine<> started(bool* ran) {
  *ran = true;
  co_return;
}

struct Tasks {
  static void start(bool* ran) { asyncio::run(started(ran)); }
  static double tasks(std::uint64_t count) { return asyncio::run(create_and_run(count)); }
  static double bytes_of_task(std::uint64_t count) { return asyncio::run(fall_asleep(count)); }
};

const bool entered = [] {
  enter_asyncio<Tasks>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
