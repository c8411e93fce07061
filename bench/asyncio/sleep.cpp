// tandem::asyncio::sleep: of no time, which is to let the others run, and of many times.
#include <chrono>
#include <cstdint>
#include <tandem/asyncio.hpp>
#include <vector>

#include "../harness/asyncio_rows.hpp"

namespace bench {
namespace {

namespace asyncio = tandem::asyncio;

asyncio::Coroutine<std::uint64_t> by_turns(std::uint64_t count) {
  for (std::uint64_t n = 0; n < count; ++n) co_await asyncio::sleep(std::chrono::seconds(0));
  co_return count;
}

asyncio::Coroutine<double> take_turns(std::uint64_t count) {
  std::vector<asyncio::Task<std::uint64_t>> tasks;
  std::uint64_t sum = 0;
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < kSwitching; ++n)
    tasks.push_back(asyncio::create_task(by_turns(count / kSwitching)));
  for (const auto& task : tasks) sum += co_await task;
  const double seconds = seconds_between(start, Clock::now());
  check_sum(sum, count);
  co_return seconds;
}

asyncio::Coroutine<> once(std::uint64_t n, std::uint64_t* woken) {
  co_await asyncio::sleep(delay_of(n));
  ++*woken;
}

asyncio::Coroutine<double> sleep_all(std::uint64_t count) {
  std::vector<asyncio::Task<>> tasks;
  std::uint64_t woken = 0;
  const double start = cpu_seconds();
  for (std::uint64_t n = 0; n < count; ++n) tasks.push_back(asyncio::create_task(once(n, &woken)));
  for (const auto& task : tasks) co_await task;
  const double seconds = cpu_seconds() - start;
  check_sum(woken, count);
  co_return seconds;
}

struct Sleeps {
  static double switches(std::uint64_t count) { return asyncio::run(take_turns(count)); }
  static double timers(std::uint64_t count) { return asyncio::run(sleep_all(count)); }
};

const bool entered = [] {
  enter_asyncio<Sleeps>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
