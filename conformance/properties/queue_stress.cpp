// Many threads, many operations: 1e7 in a soak for each queue.
#include <algorithm>

#include "property.hpp"
#include "subject.hpp"
#include "team.hpp"
#include "watchdog.hpp"

namespace tandem::conformance {
namespace {

constexpr Counts operations{"operations", 200'000, 10'000'000};
constexpr Counts handed_over{"operations", 100'000, 2'000'000};  // each waits for another thread
constexpr std::size_t threads = 4;
constexpr std::size_t round_operations = 100'000;  // of which a history is made

Team& team() {
  static Team kept(threads);
  return kept;
}

std::int64_t distinct_value(std::size_t thread, std::size_t index) {
  return static_cast<std::int64_t>((thread << 32) + index);
}

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 31)) * 0x7fb5d329728ea185U;
  x = (x ^ (x >> 27)) * 0x81dadef4bc2dd44dU;
  return x ^ (x >> 33);
}

// Takes out what is left, so that every value was got.
void drain(Subject& subject, Recorder& recorder) {
  for (;;) {
    subject.perform(Act::try_get, 0, recorder[threads]);
    History history;
    recorder[threads].append_to(history);
    if (history.back().outcome == Outcome::nothing) return;
  }
}

void expect_fifo(const Recorder& recorder) {
  const History history = recorder.history();
  const Finding finding = check_aspects(history);
  EXPECT_EQ(finding.verdict, Verdict::linearizable) << explain(finding, history);
}

// Every operation that cannot block for ever, in any order.
void run_mixed(const Subjected& subjected, std::uint64_t seed) {
  constexpr Act acts[] = {Act::put_nowait, Act::put_nowait, Act::put_timed, Act::try_put,
                          Act::get_nowait, Act::get_nowait, Act::get_timed, Act::try_get};
  Recorder recorder(threads + 1, round_operations);
  const auto subject = subjected.make(subjected.model.capacity);
  team().run(threads, [&](std::size_t thread) {
    for (std::size_t i = 0; i < round_operations / threads; ++i) {
      const std::uint64_t random = mixed(seed + (thread << 48) + i);
      const bool waits = random % 64 == 0;  // a timeout costs much more than the rest
      Act act = acts[random / 64 % std::size(acts)];
      if (!waits && act == Act::put_timed) act = Act::put_nowait;
      if (!waits && act == Act::get_timed) act = Act::get_nowait;
      subject->perform(act, distinct_value(thread, i), recorder[thread]);
    }
  });
  drain(*subject, recorder);
  expect_fifo(recorder);
}

// Half of the threads put, the others get as many, all of them blocking: they end, or a wake-up is
// lost.
void run_blocking(const Subjected& subjected) {
  Recorder recorder(threads, round_operations);
  const auto subject = subjected.make(subjected.model.capacity);
  team().run(threads, [&](std::size_t thread) {
    const Act act = thread % 2 ? Act::get : Act::put;
    for (std::size_t i = 0; i < round_operations / threads; ++i)
      subject->perform(act, distinct_value(thread, i), recorder[thread]);
  });
  if (subjected.model.order == Order::fifo) return expect_fifo(recorder);
  std::vector<std::int64_t> put, got;
  for (const Operation& operation : recorder.history())
    (operation.kind == Kind::put ? put : got).push_back(operation.value);
  std::sort(put.begin(), put.end());
  std::sort(got.begin(), got.end());
  EXPECT_EQ(put, got);
}

class QueueAspects : public testing::TestWithParam<Subjected> {};

TEST_P(QueueAspects, Mixed) {
  Tally tally(operations);
  const Watchdog watchdog("mixed operations on a queue");
  for (std::uint64_t seed = tally.seed(); !tally.is_enough() && !HasFailure(); ++seed) {
    run_mixed(GetParam(), seed);
    tally.add(round_operations);
    watchdog.progress();
  }
}

INSTANTIATE_TEST_SUITE_P(Queues, QueueAspects,
                         testing::ValuesIn(queues_where([](const Subjected& subjected) {
                           return subjected.model.order == Order::fifo;
                         })),
                         name_of);

class QueueStress : public testing::TestWithParam<Subjected> {};

TEST_P(QueueStress, Blocking) {
  Tally tally(GetParam().model.capacity > 0 ? handed_over : operations);
  const Watchdog watchdog("blocking operations on a queue");
  while (!tally.is_enough() && !HasFailure()) {
    run_blocking(GetParam());
    tally.add(round_operations);
    watchdog.progress();
  }
}

INSTANTIATE_TEST_SUITE_P(Queues, QueueStress, testing::ValuesIn(queues()), name_of);

}  // namespace
}  // namespace tandem::conformance
