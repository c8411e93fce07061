// threading.Barrier
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include "conformance/harness/sanitizers.hpp"
#include "conformance/threading/exits.hpp"
#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;
using threading::Barrier;

namespace {

const std::chrono::duration<double> ages(1e100);

// What became of each wait().
class Outcomes {
 public:
  void wait(Barrier& barrier, tandem::Timeout timeout = {}) {
    try {
      const std::size_t index = barrier.wait(timeout);
      std::scoped_lock guard(lock_);
      passed_.push_back(index);
    } catch (const threading::BrokenBarrierError&) {
      ++failed_;
    }
  }
  std::size_t passed() {
    std::scoped_lock guard(lock_);
    return passed_.size();
  }
  void log() {
    std::sort(passed_.begin(), passed_.end());
    tandem::conformance::log("passed", passed_, "broken", failed_.load());
  }

 private:
  threading::Lock lock_;
  std::vector<std::size_t> passed_;
  std::atomic<int> failed_{0};
};

// An action that has begun and does not end before it may; only in the first round.
struct SlowAction {
  threading::Event begun, may_end;
  std::atomic<int> rounds{0};
  void operator()() {
    if (++rounds > 1) return;
    begun.set();
    may_end.wait();
  }
};

}  // namespace

CASE("threading.barrier.wait.lockstep", "all pass together, round after round") {
  constexpr int rounds = 10;
  std::atomic<int> came{0}, went{0}, wrong{0};
  Barrier barrier(5, {.timeout = times::must_not_expire});
  Bunch(5, [&] {
    for (int i = 0; i < rounds; ++i) {
      ++came;
      wrong += went != i * 5;
      barrier.wait();
      ++went;
      wrong += came != (i + 1) * 5;
      barrier.wait();
    }
  }).join();
  Log{came.load(), went.load(), wrong.load(), barrier.n_waiting(), barrier.broken()};
}

CASE("threading.barrier.wait.index", "each gets another number, in the order of their coming") {
  Barrier barrier(3);
  std::size_t indices[2];
  std::vector<threading::Thread> threads;
  for (std::size_t who = 0; who < 2; ++who) {
    threads.emplace_back([&, who] { indices[who] = barrier.wait(); });
    threads.back().start();
    wait_until_blocked(who + 1);
    Log{barrier.n_waiting(), barrier.parties()};
  }
  log(barrier.wait());
  for (const auto& thread : threads) thread.join();
  Log{indices[0], indices[1], barrier.n_waiting()};
}

CASE("threading.barrier.wait.single", "one party never waits") {
  Barrier barrier(1);
  Log{barrier.wait(), barrier.wait(0s), barrier.wait(-1s), barrier.broken()};
}

CASE("threading.barrier.wait.timeout", "one that is out of time breaks the barrier for all") {
  Barrier barrier(5);
  Outcomes outcomes;
  Bunch bunch(3, [&] { outcomes.wait(barrier, times::must_not_expire); });
  wait_until_blocked(3);
  const auto start = now();
  log(raised([&] { barrier.wait(times::must_expire); }));
  log(now() - start >= times::must_expire);
  bunch.join();
  outcomes.log();
  Log{barrier.broken(), barrier.n_waiting(), raised([&] { barrier.wait(); })};
}

CASE("threading.barrier.wait.default-timeout", "the barrier's own, unless one is given") {
  Barrier barrier(2, {.timeout = times::must_expire});
  const auto start = now();
  log(raised([&] { barrier.wait(); }));
  log(now() - start >= times::must_expire);
  Barrier patient(2, {.timeout = 0s});
  Outcomes outcomes;
  Bunch bunch(1, [&] { outcomes.wait(patient, times::must_not_expire); });
  wait_until_blocked(1);
  log(patient.wait());
  bunch.join();
  outcomes.log();
}

CASE("threading.barrier.wait.zero", "no time at all breaks it, unless the round is full") {
  Barrier barrier(2);
  Outcomes outcomes;
  Log{raised([&] { barrier.wait(0s); }), barrier.broken()};
  barrier.reset();
  Log{raised([&] { barrier.wait(-1s); }), barrier.broken()};
  barrier.reset();
  Bunch bunch(1, [&] { outcomes.wait(barrier); });
  wait_until_blocked(1);
  log(barrier.wait(0s));
  bunch.join();
  outcomes.log();
}

CASE("threading.barrier.wait.too-large",
     "a timeout beyond TIMEOUT_MAX is an error where it would count") {
  Barrier barrier(2);
  Outcomes outcomes;
  Log{raised([&] { barrier.wait(ages); }), barrier.broken(), barrier.n_waiting()};
  Bunch bunch(1, [&] { outcomes.wait(barrier); });
  wait_until_blocked(1);
  log(barrier.wait(ages));
  bunch.join();
  outcomes.log();
  log(Barrier(1).wait(ages));
}

CASE("threading.barrier.wait.order", "what was done before is visible to all") {
  constexpr std::size_t parties = 4;
  std::vector<int> written(parties);  // plain: the barrier alone orders it
  int sum = 0;
  Barrier barrier(parties, {.action = [&] {
                    sum = 0;
                    for (const int number : written) sum += number;
                  }});
  std::atomic<std::size_t> next{0};
  std::atomic<int> wrong{0};
  Bunch(parties, [&] {
    const std::size_t own = next++;
    for (int round = 1; round <= 200; ++round) {
      written[own] = round;
      barrier.wait();
      wrong += sum != static_cast<int>(parties) * round;
      for (const int number : written) wrong += number != round;
      barrier.wait();
    }
  }).join();
  EXPECT_EQ(wrong, 0);
}

CASE("threading.barrier.action.once", "the action is called once a round, before all go on") {
  std::atomic<int> called{0}, seen{0}, right{0};
  Barrier barrier(5, {.action = [&] { ++called; }});
  Bunch(5, [&] {
    barrier.wait();
    ++seen;
    right += called >= 1;
    barrier.wait();
    ++seen;
    right += called == 2;
  }).join();
  Log{called.load(), seen.load(), right == seen};
}

CASE("threading.barrier.action.fails", "what the action raises breaks the barrier") {
  Barrier barrier(3, {.action = [] { throw tandem::ValueError("the action"); }});
  for (int i = 0; i < 2; ++i) {
    Outcomes outcomes;
    Bunch bunch(2, [&] { outcomes.wait(barrier); });
    wait_until_blocked(2);
    log(raised([&] { barrier.wait(); }));
    bunch.join();
    outcomes.log();
    Log{barrier.broken(), barrier.n_waiting()};
    barrier.reset();
  }
}

CASE("threading.barrier.action.state", "while the action runs all parties wait") {
  Barrier* self = nullptr;
  Barrier barrier(2, {.action = [&] { Log{self->n_waiting(), self->broken(), self->parties()}; }});
  self = &barrier;
  Bunch bunch(1, [&] { barrier.wait(); });
  wait_until_blocked(1);
  barrier.wait();
  bunch.join();
  log(barrier.n_waiting());
}

CASE("threading.barrier.action.newcomer", "who comes during the action belongs to the next round") {
  SlowAction action;
  Outcomes first, second;
  Barrier barrier(2, {.action = std::ref(action)});
  Bunch full(2, [&] { first.wait(barrier); });
  action.begun.wait();
  Bunch newcomers(2, [&] { second.wait(barrier); });
  wait_until_blocked(4);
  Log{first.passed(), second.passed(), action.rounds.load()};
  action.may_end.set();
  full.join();
  newcomers.join();
  first.log();
  second.log();
  Log{action.rounds.load(), barrier.n_waiting()};
}

CASE("threading.barrier.action.abort", "abort waits for the action, whose round is complete") {
  SlowAction action;
  Outcomes outcomes;
  std::atomic<int> aborted{0};
  Barrier barrier(1, {.action = std::ref(action)});
  Bunch waiting(1, [&] { outcomes.wait(barrier); });
  action.begun.wait();
  Bunch aborting(1, [&] {
    barrier.abort();
    ++aborted;
  });
  wait_until_blocked(2);
  Log{aborted.load(), barrier.broken()};
  action.may_end.set();
  waiting.join();
  aborting.join();
  outcomes.log();
  Log{aborted.load(), barrier.broken()};
}

CASE("threading.barrier.action.outlasts-timeout",
     "whose time is over during the action gets through") {
  SlowAction action;
  Outcomes outcomes;
  Barrier barrier(2, {.action = std::ref(action)});
  Bunch hasty(1, [&] { outcomes.wait(barrier, times::may_expire); });
  wait_until_blocked(1);
  Bunch last(1, [&] { outcomes.wait(barrier); });
  action.begun.wait();
  const auto start = now();
  while (now() - start < times::may_expire) threading::Event().wait(times::must_expire);
  action.may_end.set();
  hasty.join();
  last.join();
  outcomes.log();
  log(barrier.broken());
}

CASE("threading.barrier.abort.waiters", "all that wait or come get BrokenBarrierError") {
  Barrier barrier(5);
  Outcomes outcomes;
  Bunch bunch(4, [&] { outcomes.wait(barrier); });
  wait_until_blocked(4);
  Log{barrier.n_waiting(), barrier.broken()};
  barrier.abort();
  bunch.join();
  outcomes.log();
  Log{barrier.n_waiting(), barrier.broken(), raised([&] { barrier.wait(); })};
}

CASE("threading.barrier.abort.error", "BrokenBarrierError is a RuntimeError") {
  Barrier barrier(2);
  barrier.abort();
  try {
    barrier.wait();
  } catch (const tandem::RuntimeError& error) {
    log("RuntimeError", "[" + std::string(error.what()) + "]");
  }
}

CASE("threading.barrier.reset.waiters", "all that wait get BrokenBarrierError, and it is as new") {
  Barrier barrier(3);
  Outcomes before, after;
  Bunch bunch(2, [&] { before.wait(barrier); });
  wait_until_blocked(2);
  barrier.reset();
  log(barrier.broken());
  Bunch again(3, [&] { after.wait(barrier); });
  bunch.join();
  again.join();
  before.log();
  after.log();
  Log{barrier.broken(), barrier.n_waiting()};
}

CASE("threading.barrier.reset.broken", "a broken barrier is mended") {
  Barrier barrier(3);
  Outcomes before, after;
  Bunch bunch(2, [&] { before.wait(barrier); });
  wait_until_blocked(2);
  barrier.abort();
  bunch.join();
  log(barrier.broken());
  barrier.reset();
  log(barrier.broken());
  Bunch(3, [&] { after.wait(barrier); }).join();
  before.log();
  after.log();
}

CASE("threading.barrier.reset.unused", "where nobody waits nothing changes") {
  Barrier barrier(2);
  Outcomes outcomes;
  barrier.reset();
  Log{barrier.broken(), barrier.n_waiting()};
  Bunch(2, [&] { outcomes.wait(barrier); }).join();
  outcomes.log();
}

CASE("threading.barrier.parties.positive", "there is no barrier without parties") {
  for (const int parties : {0, -1}) log(raised([&] { Barrier barrier(parties); }));
}

CASE("threading.barrier.parties.limit", "the word has no room for more") {
  EXPECT_EQ(Barrier(std::int64_t{1} << 31).parties(), std::size_t{1} << 31);
  EXPECT_EQ(raised([] { Barrier barrier((std::int64_t{1} << 31) + 1); }),
            "OverflowError: too many parties");
}

CASE("threading.barrier.fork.waiting-threads", "those that waited are not counted in a child") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  Barrier barrier(3);
  Bunch bunch(2, [&] { barrier.wait(); });
  wait_until_blocked(2);
  EXPECT_EQ(said_until_exit([&](Child& child) {
              detail::forget_blocked();
              child.say(std::to_string(barrier.n_waiting()));
              child.say(raised([&] { barrier.wait(0s); }));
              barrier.reset();
              Bunch own(2, [&] { barrier.wait(); });
              wait_until_blocked(2);
              barrier.wait();
              own.join();
              child.say("all passed");
              std::_Exit(0);  // the others' guards are not here
            }),
            (std::vector<std::string>{"0", "BrokenBarrierError", "all passed"}));
  barrier.wait();
}

CASE("threading.barrier.fork.in-action",
     "an action may fork: in the child its round is over, too") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  enum { none, parent, child } side = none;
  pid_t forked = 0;
  const auto fork_once = [&] {
    if (side != none) return;
    forked = ::fork();
    side = forked == 0 ? child : parent;
  };
  Barrier barrier(2, {.action = fork_once});
  Bunch bunch(1, [&] { barrier.wait(); });
  wait_until_blocked(1);
  const std::size_t index = barrier.wait();
  if (side == child) {
    detail::forget_blocked();
    Bunch own(1, [&] { barrier.wait(); });
    wait_until_blocked(1);
    barrier.wait();
    own.join();
    std::_Exit(index == 1 && barrier.n_waiting() == 0 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(forked, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(index, 1U);
}

CASE("threading.barrier.repr.state", "its repr says how many wait, or that it is broken") {
  Barrier barrier(3);
  log(barrier);
  Bunch bunch(2, [&] { barrier.wait(); });
  wait_until_blocked(2);
  log(barrier);
  barrier.wait();
  bunch.join();
  log(barrier);
  barrier.abort();
  log(barrier);
}
