// tandem::asyncio::Queue between two tasks.
#include <cstdint>
#include <tandem/asyncio.hpp>

#include "../harness/asyncio_rows.hpp"

namespace bench {
namespace {

namespace asyncio = tandem::asyncio;
using Balls = asyncio::Queue<std::uint64_t>;

asyncio::Coroutine<> answer(Balls& balls, Balls& answers, std::uint64_t count) {
  for (std::uint64_t n = 0; n < count; ++n) co_await answers.put(1 + co_await balls.get());
}

asyncio::Coroutine<double> play(std::uint64_t count) {
  Balls balls;
  Balls answers;
  const auto other = asyncio::create_task(answer(balls, answers, count));
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < count; ++n) {
    co_await balls.put(n);
    if (co_await answers.get() != n + 1) throw Broken("a ball was lost");
  }
  const double seconds = seconds_between(start, Clock::now());
  co_await other;
  co_return seconds;
}

struct Queues {
  static double round_trips(std::uint64_t count) { return asyncio::run(play(count)); }
};

const bool entered = [] {
  enter_asyncio<Queues>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
