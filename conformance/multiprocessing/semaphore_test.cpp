// multiprocessing.Semaphore and BoundedSemaphore
#include <algorithm>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using mp::BoundedSemaphore;
using mp::Semaphore;

namespace {

void answer(const Semaphore& asked, const Semaphore& answered, int count) {
  for (int i = 0; i < count; ++i) {
    asked.acquire();
    answered.release();
  }
}

void be_inside(const Semaphore& sem, const mp::Value<int>& inside, const mp::Value<int>& most,
               int count) {
  for (int i = 0; i < count; ++i) {
    std::scoped_lock one(sem);
    {
      std::scoped_lock guard(inside);
      most.value() = std::max(most.value(), ++inside.value());
    }
    std::scoped_lock guard(inside);
    --inside.value();
  }
}

void take_and_stay(const Semaphore& sem, const Semaphore& taken) {
  sem.acquire();
  taken.release();
  mp::Event().wait();
}

void release_too_often(const BoundedSemaphore& sem, const mp::Value<int>& refused) {
  sem.release();
  refused.value(raised([&] { sem.release(); }).starts_with("ValueError"));
}

}  // namespace

CASE("multiprocessing.semaphore.value.counts", "acquire takes, release gives") {
  const Semaphore sem(2);
  std::vector<std::int64_t> seen{sem.get_value()};
  for (const char act : {'-', '-', '+', '+', '+', '+'}) {
    if (act == '-')
      sem.acquire();
    else
      sem.release();
    seen.push_back(sem.get_value());
  }
  Log{seen, Semaphore().get_value(), Semaphore(0).get_value()};
}

CASE("multiprocessing.semaphore.value.negative", "no value below zero") {
  Log{raised([] { Semaphore(-1); }), raised([] { BoundedSemaphore(-1); })};
}

CASE("multiprocessing.semaphore.value.limit", "no more than an int holds") {
  const Semaphore sem(2147483646);
  const auto release = [&] { sem.release(); };
  Log{raised(release), sem.get_value(), raised(release), sem.get_value()};
}

CASE("multiprocessing.semaphore.acquire.none-left", "nothing to take") {
  const Semaphore sem(1);
  Log{sem.acquire({.block = false}), sem.acquire({.block = false}),
      sem.acquire({.block = false, .timeout = times::must_not_expire}), sem.get_value()};
}

CASE("multiprocessing.semaphore.acquire.timeout", "False after the timeout, never before") {
  const Semaphore sem(0);
  const auto start = now();
  Log{sem.acquire({.timeout = times::must_expire}), now() - start >= times::must_expire};
  Log{sem.acquire({.timeout = 0s}), sem.acquire({.timeout = -1s}), sem.acquire({.block = false}),
      sem.get_value()};
  sem.release();
  Log{sem.acquire({.timeout = -1s}), sem.get_value()};
}

CASE("multiprocessing.semaphore.acquire.timeout-released", "True when there is one in time") {
  const Semaphore sem(0);
  Blocked blocked([&] { return sem.acquire({.timeout = times::must_not_expire}); });
  sem.release();
  blocked.join();
  Log{blocked.said(), sem.get_value()};
}

CASE("multiprocessing.semaphore.release.one", "one release, one that goes on") {
  const Semaphore sem(0), through(0);
  Blocked blocked = Blocked::many(3, [&] {
    sem.acquire();
    through.release();
  });
  for (int i = 0; i < 3; ++i) {
    sem.release();
    through.acquire();
    Log{sem.get_value(), through.acquire({.block = false})};
  }
  blocked.join();
}

CASE("multiprocessing.semaphore.scope", "one for a block") {
  const Semaphore sem(2);
  {
    std::scoped_lock guard(sem);
    log(sem.get_value());
  }
  log(sem.get_value());
}

CASE("multiprocessing.semaphore.processes.crosses", "released here, acquired there") {
  each_method([](const mp::Context& context) {
    const Semaphore asked(context, 0), answered(context, 0);
    const mp::Process child = started(context, answer, asked, answered, 10);
    int rounds = 0;
    for (int i = 0; i < 10; ++i) {
      asked.release();
      rounds += answered.acquire({.timeout = times::must_not_expire});
    }
    child.join();
    Log{rounds, child.exitcode(), asked.get_value(), answered.get_value()};
  });
}

CASE("multiprocessing.semaphore.processes.limits", "never more than the value at a time") {
  const mp::Context context = mp::get_context();
  const Semaphore sem(context, 2);
  const mp::Value<int> inside(context, 0), most(context, 0);
  std::vector<mp::Process> children;
  for (int i = 0; i < 4; ++i)
    children.push_back(started(context, be_inside, sem, inside, most, 500));
  joined(children);
  Log{most.value() <= 2, inside.value(), sem.get_value()};
}

CASE("multiprocessing.semaphore.dead-holder.lost", "what a killed process had is gone") {
  const mp::Context context = mp::get_context();
  const Semaphore sem(context, 2), taken(context, 0);
  const mp::Process child = started(context, take_and_stay, sem, taken);
  taken.acquire();
  killed(child);
  Log{sem.get_value(), sem.acquire({.block = false}), sem.acquire({.timeout = times::must_expire})};
}

CASE("multiprocessing.semaphore.sharing.inheritance", "no semaphore goes over a connection") {
  const auto [reader, writer] = mp::Pipe(false);
  Log{raised([&] { writer.send(Semaphore()); }), reader.poll()};
  Log{raised([&] { writer.send(BoundedSemaphore()); }), reader.poll()};
}

CASE("multiprocessing.semaphore.repr.value", "its value") {
  const Semaphore sem(2);
  log(to_string(sem));
  sem.acquire();
  sem.acquire();
  log(to_string(sem));
}

CASE("multiprocessing.bounded-semaphore.release.beyond", "no more than at first") {
  const BoundedSemaphore sem(2);
  const auto release = [&] { sem.release(); };
  Log{raised(release), sem.get_value()};
  sem.acquire();
  Log{raised(release), raised(release), sem.get_value()};
}

CASE("multiprocessing.bounded-semaphore.counts", "a semaphore within its bound") {
  const BoundedSemaphore sem(2);
  Log{sem.acquire(), sem.get_value(), sem.acquire(), sem.acquire({.block = false})};
  sem.release();
  Log{sem.get_value(), sem.acquire({.timeout = 0s}), sem.acquire({.timeout = 0s}),
      BoundedSemaphore().get_value()};
}

CASE("multiprocessing.bounded-semaphore.processes.crosses", "the bound holds among processes") {
  each_method([](const mp::Context& context) {
    const BoundedSemaphore sem(context, 2);
    const mp::Value<int> refused(context, 7);
    sem.acquire();
    Log{run(context, release_too_often, sem, refused), refused.value(), sem.get_value(),
        raised([&] { sem.release(); })};
  });
}

CASE("multiprocessing.bounded-semaphore.repr.value", "its value and its bound") {
  const BoundedSemaphore sem(2);
  sem.acquire();
  log(to_string(sem));
}
