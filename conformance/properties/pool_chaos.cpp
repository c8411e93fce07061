// Workers are killed at random moments. Each task is accounted for: it has its result, or it was
// lost with the worker that held it. 10,000 kills of each kind in a soak, and more with --hours.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <utility>
#include <vector>

#include "chaos.hpp"
#include "property.hpp"

namespace tandem::conformance {
namespace {

namespace mp = multiprocessing;
using futures::BrokenProcessPool;
using futures::Future;
using futures::ProcessPoolExecutor;

constexpr Counts kills{"kills", 100, 100'000, 1'000};
constexpr std::size_t workers = 3;

std::int64_t square(std::int64_t x) { return x * x; }
// Takes its time, so that it is met in the middle.
std::int64_t square_slowly(std::int64_t x) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < 20'000; ++i) sum += (i * x) % 7;
  return sum < 0 ? 0 : square(x);
}
// Larger than a ring.
std::string doubled(const std::string& text) { return text + text; }

std::vector<std::int64_t> numbers(std::size_t count) {
  std::vector<std::int64_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

class PoolChaos : public Chaos {
 protected:
  // One of this process' children, if it has any.
  void kill_one() {
    const std::vector<mp::Process> children = mp::active_children();
    if (!children.empty()) children[one_of(children.size())].kill();
  }

  // Whether it has its result; else it must have been lost.
  template <class Get, class Value>
  static bool has(Get get, const Value& expected) {
    try {
      EXPECT_EQ(get(), expected);
      return true;
    } catch (const mp::WorkerLostError&) {
    } catch (const BrokenProcessPool&) {
    }
    return false;
  }
};

TEST_F(PoolChaos, APoolLosesWhatItsDeadWorkersHeld) {
  Tally tally(kills);
  const std::string text(100'000, 'x');
  std::uint64_t lost = 0;
  {
    auto pool = mp::get_context("fork").Pool(workers);
    for (; !tally.is_enough(); tally.add(1)) {
      std::vector<mp::AsyncResult<std::int64_t>> results;
      for (std::int64_t x = 0; x < 20; ++x)
        results.push_back(pool.apply_async(one_of(2) == 0 ? square : square_slowly, x));
      const auto large = pool.apply_async(doubled, text);
      const auto mapped = pool.map_async(square, numbers(50), 1 + one_of(9));
      auto one_by_one = pool.imap(square_slowly, numbers(10));
      pass_some_time();
      kill_one();
      for (std::size_t x = 0; x < results.size(); ++x) {
        const auto number = static_cast<std::int64_t>(x);
        lost += !has([&] { return results[x].get(); }, square(number));
      }
      lost += !has([&] { return large.get(); }, text + text);
      if (!has([&] { return mapped.get().size(); }, 50U)) ++lost;
      for (std::int64_t x = 0; x < 10; ++x)
        lost += !has([&] { return one_by_one.next().value(); }, square(x));
      progress();
    }
    EXPECT_LE(lost, tally.wanted());
    EXPECT_EQ(pool.apply(square, 12), 144);
    pool.close();
    pool.join();
  }
}

TEST_F(PoolChaos, WorkersThatEndByThemselvesAreKilledAsWell) {
  Tally tally(kills);
  std::uint64_t lost = 0;
  auto pool = mp::get_context("fork").Pool({.processes = workers, .maxtasksperchild = 5});
  for (; !tally.is_enough(); tally.add(1)) {
    std::vector<mp::AsyncResult<std::int64_t>> results;
    for (std::int64_t x = 0; x < 20; ++x) results.push_back(pool.apply_async(square, x));
    pass_some_time();
    kill_one();
    for (std::size_t x = 0; x < results.size(); ++x)
      lost += !has([&] { return results[x].get(); }, square(static_cast<std::int64_t>(x)));
    progress();
  }
  EXPECT_LE(lost, tally.wanted());
  pool.terminate();
}

TEST_F(PoolChaos, AnExecutorBreaksAndAllFuturesAreDone) {
  Tally tally(kills);
  std::uint64_t broken = 0;
  for (; !tally.is_enough(); tally.add(1)) {
    ProcessPoolExecutor executor({.max_workers = workers, .mp_context = mp::get_context("fork")});
    std::vector<Future<std::int64_t>> fs;
    for (std::int64_t x = 0; x < 30; ++x) fs.push_back(executor.submit(square_slowly, x));
    pass_some_time();
    kill_one();
    for (std::size_t x = 0; x < fs.size(); ++x)
      broken += !has([&] { return fs[x].result(); }, square(static_cast<std::int64_t>(x)));
    executor.shutdown();
    for (const auto& future : fs) EXPECT_TRUE(future.done());
    progress();
  }
  EXPECT_GT(broken, 0U);
}

TEST_F(PoolChaos, APoolIsTerminatedAtAnyMoment) {
  Tally tally(kills);
  for (; !tally.is_enough(); tally.add(1)) {
    auto pool = mp::get_context("fork").Pool(workers);
    std::vector<mp::AsyncResult<std::int64_t>> results;
    for (std::int64_t x = 0; x < 30; ++x) results.push_back(pool.apply_async(square_slowly, x));
    pass_some_time();
    if (one_of(2) == 0) kill_one();
    pool.terminate();
    for (std::size_t x = 0; x < results.size(); ++x) {
      EXPECT_TRUE(results[x].ready());
      has([&] { return results[x].get(); }, square(static_cast<std::int64_t>(x)));
    }
    progress();
  }
}

}  // namespace
}  // namespace tandem::conformance
