// multiprocessing.Barrier
#include <algorithm>
#include <string>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using mp::Barrier;
using Count = mp::Value<int>;

namespace {

void increase(const Count& count) {
  std::scoped_lock guard(count);
  ++count.value();
}

int value(const Count& count) {
  std::scoped_lock guard(count);
  return count.value();
}

void in_lockstep(const Barrier& barrier, int rounds, const Count& came, const Count& went,
                 const Count& wrong) {
  const int parties = static_cast<int>(barrier.parties());
  for (int number = 0; number < rounds; ++number) {
    increase(came);
    if (value(went) != number * parties) increase(wrong);
    barrier.wait();
    increase(went);
    if (value(came) != (number + 1) * parties) increase(wrong);
    barrier.wait();
  }
}

void see_the_action(const Barrier& barrier, int rounds, const Count& calls, const Count& right) {
  for (int number = 1; number <= rounds; ++number) {
    barrier.wait();
    if (value(calls) == 2 * number - 1) increase(right);
    barrier.wait();
  }
}

void pass_twice(const Barrier& barrier, const mp::Array<int>& indices, const Count& seen) {
  const std::size_t first = barrier.wait();
  {
    std::scoped_lock guard(indices);
    ++indices[static_cast<std::ptrdiff_t>(first)];
  }
  {
    std::scoped_lock guard(seen);
    seen.value(static_cast<int>(barrier.parties()) * 10 + barrier.broken());
  }
  barrier.wait();
}

// Comes last, and so is the one that calls the action.
void complete(const Barrier& barrier) {
  while (barrier.n_waiting() == 0) std::this_thread::yield();
  barrier.wait();
}

void wait_for_the_break(const Barrier& barrier, const Count& broken) {
  try {
    barrier.wait(times::must_not_expire);
  } catch (const mp::BrokenBarrierError&) {
    increase(broken);
  }
}

std::vector<std::string> in_order(const Blocked& blocked) {
  std::vector<std::string> said;
  for (const auto& one : blocked.said()) said.push_back(str(one));
  std::sort(said.begin(), said.end());
  return said;
}

}  // namespace

CASE("multiprocessing.barrier.wait.lockstep", "all pass together, round after round") {
  const mp::Context context = mp::get_context();
  const Barrier barrier(context, 5);
  const Count came(context, 0), went(context, 0), wrong(context, 0);
  std::vector<mp::Process> children;
  for (int i = 0; i < 4; ++i)
    children.push_back(started(context, in_lockstep, barrier, 20, came, went, wrong));
  in_lockstep(barrier, 20, came, went, wrong);
  Log{joined(children), std::vector{value(came), value(went), value(wrong)}, barrier.n_waiting(),
      barrier.broken()};
}

CASE("multiprocessing.barrier.wait.index",
     "each gets another number, in the order of their coming") {
  const Barrier barrier(3);
  Blocked first([&] { return barrier.wait(); });
  Log{barrier.n_waiting(), barrier.parties()};
  std::size_t of_second = 0;
  std::thread second([&] { of_second = barrier.wait(); });
  while (barrier.n_waiting() < 2) std::this_thread::yield();
  log(barrier.wait());
  first.join();
  second.join();
  log("['" + str(first.said()[0]) + "', " + str(of_second) + "]", barrier.n_waiting());
}

CASE("multiprocessing.barrier.wait.single", "one party never waits") {
  const Barrier barrier(1);
  Log{barrier.wait(), barrier.wait(0s), barrier.wait(-1s), barrier.broken()};
}

CASE("multiprocessing.barrier.wait.timeout", "one that is out of time breaks the barrier for all") {
  const Barrier barrier(4);
  Blocked blocked([&] { return barrier.wait(); },
                  [&] { return barrier.wait(times::must_not_expire); });
  const auto start = now();
  Log{raised([&] { barrier.wait(times::must_expire); }), now() - start >= times::must_expire};
  blocked.join();
  Log{blocked.said(), barrier.broken(), barrier.n_waiting(), raised([&] { barrier.wait(); })};
}

CASE("multiprocessing.barrier.wait.default-timeout", "the barrier's own, unless one is given") {
  const Barrier barrier(2, {.timeout = times::must_expire});
  const auto start = now();
  Log{raised([&] { barrier.wait(); }), now() - start >= times::must_expire, barrier.broken()};
  const Barrier patient(2, {.timeout = 0s});
  Blocked blocked([&] { return patient.wait(times::must_not_expire); });
  log(patient.wait());
  blocked.join();
  log(blocked.said());
}

CASE("multiprocessing.barrier.action.once", "called once in a round, before all go on") {
  const mp::Context context = mp::get_context();
  const Count calls(context, 0), right(context, 0);
  const Barrier barrier(context, 4, {.action = tandem::call(increase, calls)});
  std::vector<mp::Process> children;
  for (int i = 0; i < 3; ++i)
    children.push_back(started(context, see_the_action, barrier, 5, calls, right));
  see_the_action(barrier, 5, calls, right);
  Log{joined(children), value(calls), value(right)};
}

CASE("multiprocessing.barrier.action.fails", "what the action raises breaks the barrier") {
  const Barrier barrier(3, {.action = [] { throw tandem::ValueError("the action"); }});
  const auto wait = [&] { return barrier.wait(); };
  Blocked blocked(wait, wait);
  log(raised(wait));
  blocked.join();
  Log{blocked.said(), barrier.broken()};
}

CASE("multiprocessing.barrier.action.crosses", "whichever process comes last calls it") {
  each_method([](const mp::Context& context) {
    const Count calls(context, 0);
    const Barrier barrier(context, 2, {.action = tandem::call(increase, calls)});
    const mp::Process child = started(context, complete, barrier);
    barrier.wait();
    child.join();
    Log{child.exitcode(), value(calls)};
    const Barrier unpicklable(context, 2, {.action = [&calls] { increase(calls); }});
    mp::Process other = context.Process({.target = tandem::call(complete, unpicklable)});
    const std::string said = raised([&] {
      other.start();
      unpicklable.wait();
      other.join();
    });
    EXPECT_EQ(said.substr(0, said.find(':')),
              context.get_start_method() == "fork" ? "nothing" : "PicklingError");
  });
}

CASE("multiprocessing.barrier.abort.waiters", "all that wait and all that come") {
  const Barrier barrier(3);
  const auto wait = [&] { return barrier.wait(); };
  Blocked blocked(wait, wait);
  Log{barrier.n_waiting(), barrier.broken()};
  barrier.abort();
  blocked.join();
  Log{blocked.said(), barrier.broken(), barrier.n_waiting(), raised(wait)};
}

CASE("multiprocessing.barrier.reset.waiters", "those that wait, and a new start") {
  const Barrier barrier(3);
  const auto wait = [&] { return barrier.wait(); };
  Blocked blocked(wait, wait);
  barrier.reset();
  blocked.join();
  Log{blocked.said(), barrier.broken(), barrier.n_waiting()};
  Blocked again(wait, wait);
  log(barrier.wait());
  again.join();
  log(in_order(again));
}

CASE("multiprocessing.barrier.reset.broken", "a broken one is mended") {
  const Barrier barrier(2);
  barrier.abort();
  Log{barrier.broken(), raised([&] { barrier.wait(); })};
  barrier.reset();
  Blocked blocked([&] { return barrier.wait(); });
  Log{barrier.broken(), barrier.wait()};
  blocked.join();
  log(blocked.said());
}

CASE("multiprocessing.barrier.processes.crosses", "the same in all processes") {
  each_method([](const mp::Context& context) {
    const Barrier barrier(context, 3);
    const mp::Array<int> indices = context.Array<int>(3);
    const Count seen(context, 7);
    std::vector<mp::Process> children;
    for (int i = 0; i < 2; ++i)
      children.push_back(started(context, pass_twice, barrier, indices, seen));
    pass_twice(barrier, indices, seen);
    Log{joined(children), indices, value(seen), barrier.n_waiting(), barrier.broken()};
  });
}

CASE("multiprocessing.barrier.processes.broken", "broken in one, broken in all") {
  each_method([](const mp::Context& context) {
    const Barrier barrier(context, 3);
    const Count broken(context, 0);
    std::vector<mp::Process> children;
    for (int i = 0; i < 2; ++i)
      children.push_back(started(context, wait_for_the_break, barrier, broken));
    while (barrier.n_waiting() < 2) std::this_thread::yield();
    barrier.abort();
    Log{joined(children), value(broken), barrier.broken(), barrier.n_waiting()};
  });
}

CASE("multiprocessing.barrier.parties.positive", "at least one") {
  EXPECT_EQ(raised([] { Barrier(0); }), "ValueError: parties must be > 0");
  EXPECT_EQ(raised([] { Barrier(-1); }), "ValueError: parties must be > 0");
}

CASE("multiprocessing.barrier.parties.most", "as many as there may be places for") {
  EXPECT_EQ(Barrier(65536).parties(), 65536U);
  EXPECT_EQ(raised([] { Barrier(65537); }), "OverflowError: too many parties");
}

CASE("multiprocessing.barrier.sharing.inheritance", "no barrier goes over a connection") {
  const auto [reader, writer] = mp::Pipe(false);
  const std::string said = raised([&] { writer.send(Barrier(2)); });
  Log{said.substr(0, said.find(':')), reader.poll()};
}

CASE("multiprocessing.barrier.repr.state", "its repr says how many wait, or that it is broken") {
  const Barrier barrier(2);
  log(barrier);
  Blocked blocked([&] { return barrier.wait(times::must_not_expire); });
  log(barrier);
  barrier.wait();
  blocked.join();
  barrier.abort();
  log(barrier);
}
