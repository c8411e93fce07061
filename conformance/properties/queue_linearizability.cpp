// Small histories of random programs, each searched for an order that explains it; 1e5 for each
// kind of queue in a soak.
#include <algorithm>
#include <cstdio>
#include <mutex>
#include <optional>

#include "property.hpp"
#include "watched_run.hpp"

namespace tandem::conformance {
namespace {

constexpr Counts histories{"histories", 1'000, 100'000};
constexpr std::size_t max_threads = 4;
constexpr int min_operations = 6, max_operations = 8;
constexpr std::uint64_t slice = 1000;  // histories for which RapidCheck is asked at a time

Team& team() {
  static Team threads(max_threads);
  return threads;
}

struct Distribution {
  std::uint64_t histories = 0, overlapping = 0, released = 0;
  std::uint64_t widest[max_threads + 2] = {};

  void add(const History& history) {
    const Overlap found = overlap(history);
    ++histories;
    if (found.pairs > 0) ++overlapping;
    ++widest[std::min(found.widest, max_threads + 1)];
  }
  void print() const {
    const double all = histories ? static_cast<double>(histories) : 1;
    const auto percent = [&](std::uint64_t n) { return 100 * static_cast<double>(n) / all; };
    std::printf("overlap in %.1f %% of the histories; at most at once:", percent(overlapping));
    for (std::size_t n = 1; n <= max_threads + 1; ++n)
      std::printf("  %zu: %.1f %%", n, percent(widest[n]));
    std::printf("; %.3f let go for each history\n", static_cast<double>(released) / all);
  }
};

enum class With : std::uint8_t { puts_and_gets, size, shutdown };

rc::Gen<Action> action(With with) {
  auto act = rc::gen::weightedElement<Act>({{6, Act::put},
                                            {3, Act::put_nowait},
                                            {2, Act::put_timed},
                                            {2, Act::try_put},
                                            {4, Act::get},
                                            {4, Act::get_nowait},
                                            {2, Act::get_timed},
                                            {2, Act::try_get}});
  if (with == With::size)
    act = rc::gen::weightedOneOf<Act>({{4, act}, {1, rc::gen::just(Act::qsize)}});
  if (with == With::shutdown)
    act = rc::gen::weightedOneOf<Act>(
        {{12, act}, {1, rc::gen::element(Act::shutdown, Act::shutdown_now)}});
  return rc::gen::map(
      rc::gen::pair(act, rc::gen::weightedElement<int>({{4, 0}, {2, 10}, {2, 40}, {1, 150}})),
      [](const auto& both) {
        return Action{both.first, both.second};
      });
}

rc::Gen<Programs> programs(With with) {
  const auto program =
      rc::gen::mapcat(rc::gen::inRange(min_operations, max_operations + 1), [with](int count) {
        return rc::gen::container<Program>(static_cast<std::size_t>(count), action(with));
      });
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(3, max_threads + 1), [program](auto count) {
    return rc::gen::container<Programs>(count, program);
  });
}

// Without shrinking: the schedule does not come back.
void check_histories(const Subjected& subjected, With with) {
  WatchedRun run(team(), 100);
  Distribution distribution;
  std::string failure;  // RapidCheck runs what failed once more, and may then see nothing
  {
    Tally tally(histories);
    const auto explained = [&] {
      const Programs made = *programs(with);
      const auto subject = subjected.make(subjected.model.capacity);
      const History history = run(*subject, made, subjected.model);
      tally.add(1);
      distribution.add(history);
      const Finding finding = search(history, subjected.model);
      if (finding.verdict == Verdict::linearizable) return;
      failure = explain(finding, history);
      RC_FAIL(failure);
    };
    for (std::uint64_t seed = tally.seed(); !tally.is_enough(); ++seed)
      if (!check_cases(explained, seed, std::min(tally.missing(), slice), 40, Shrinking::off))
        break;
  }
  EXPECT_EQ(failure, "");
  distribution.released = run.released();
  distribution.print();
  if (distribution.histories < 100) return;
  EXPECT_GE(10 * distribution.overlapping, 3 * distribution.histories)
      << "too little happens at the same time for this to mean anything";
}

class QueueLinearizability : public testing::TestWithParam<Subjected> {};
class QueueShutdownLinearizability : public testing::TestWithParam<Subjected> {};

TEST_P(QueueLinearizability, PutsAndGets) { check_histories(GetParam(), With::puts_and_gets); }
TEST_P(QueueLinearizability, Size) { check_histories(GetParam(), With::size); }
TEST_P(QueueShutdownLinearizability, PutsAndGets) { check_histories(GetParam(), With::shutdown); }

INSTANTIATE_TEST_SUITE_P(Queues, QueueLinearizability, testing::ValuesIn(queues()), name_of);
INSTANTIATE_TEST_SUITE_P(Queues, QueueShutdownLinearizability,
                         testing::ValuesIn(queues_where([](const Subjected& subjected) {
                           return subjected.can_shut_down;
                         })),
                         name_of);

// Takes the second item where there is one: what must be found.
class OutOfOrder : public queue::Queue<Item> {
 public:
  using Queue::Queue;
  std::optional<Item> try_get() {
    const std::lock_guard lock(mutex_);
    auto first = Queue::try_get();
    auto second = first ? Queue::try_get() : std::nullopt;
    if (second) Queue::put(*first);
    return second ? second : first;
  }

 private:
  std::mutex mutex_;
};

TEST(BrokenQueue, IsSeen) {
  WatchedRun run(team(), 100);
  const Programs made(3, Program{{Act::put_nowait},
                                 {Act::put_nowait},
                                 {Act::try_get, 40},
                                 {Act::put_nowait},
                                 {Act::try_get},
                                 {Act::try_get}});
  bool seen = false;
  for (int i = 0; i < 1000 && !seen; ++i) {
    QueueSubject<OutOfOrder> subject;
    seen = search(run(subject, made, {}), {}).verdict == Verdict::violation;
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace tandem::conformance
