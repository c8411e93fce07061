// multiprocessing.Event
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using mp::Event;
using mp::Semaphore;

namespace {

void wait_there(const Event& event, const Semaphore& asked, const Semaphore& answered) {
  asked.release();
  if (event.wait(times::must_not_expire) && event.is_set()) answered.release();
}

void wait_for_ever(const Event& event, const Semaphore& asked) {
  asked.release();
  event.wait();
}

void set_there(const Event& event) { event.set(); }

}  // namespace

CASE("multiprocessing.event.state.set-and-clear", "set, unset") {
  const Event event;
  std::vector<bool> seen{event.is_set()};
  for (const bool set : {true, true, false, false, true}) {
    if (set)
      event.set();
    else
      event.clear();
    seen.push_back(event.is_set());
  }
  log(seen);
}

CASE("multiprocessing.event.wait.set", "at once when it is set") {
  const Event event;
  event.set();
  Log{event.wait(), event.wait(0s), event.wait(-1s), event.wait(times::must_not_expire),
      event.is_set()};
}

CASE("multiprocessing.event.wait.timeout", "False after the timeout, never before") {
  const Event event;
  const auto start = now();
  Log{event.wait(times::must_expire), now() - start >= times::must_expire, event.wait(0s),
      event.wait(-1s)};
}

CASE("multiprocessing.event.wait.woken", "all go on") {
  const Event event;
  const auto wait = [&] { return event.wait(); };
  Blocked blocked(wait, wait, [&] { return event.wait(times::must_not_expire); });
  Log{event.is_set(), blocked.said()};
  event.set();
  blocked.join();
  Log{blocked.said(), event.is_set()};
}

CASE("multiprocessing.event.processes.crosses", "set here, seen there") {
  each_method([](const mp::Context& context) {
    const Event event(context);
    const Semaphore asked(context, 0), answered(context, 0);
    std::vector<mp::Process> children;
    for (int i = 0; i < 3; ++i)
      children.push_back(started(context, wait_there, event, asked, answered));
    for (int i = 0; i < 3; ++i) asked.acquire();
    log(answered.acquire({.timeout = times::brief}));
    event.set();
    const auto codes = joined(children);
    Log{answered.get_value(), codes};
  });
}

CASE("multiprocessing.event.processes.parent-waits", "set there, seen here") {
  each_method([](const mp::Context& context) {
    const Event event(context);
    const mp::Process child = started(context, set_there, event);
    Log{event.wait(times::must_not_expire), event.is_set()};
    child.join();
  });
}

CASE("multiprocessing.event.dead-waiter.others", "the dead keep nobody") {
  const mp::Context context = mp::get_context();
  const Event event(context);
  const Semaphore asked(context, 0), answered(context, 0);
  const mp::Process dead = started(context, wait_for_ever, event, asked);
  const mp::Process other = started(context, wait_there, event, asked, answered);
  asked.acquire();
  asked.acquire();
  killed(dead);
  event.set();
  other.join();
  EXPECT_EQ(other.exitcode(), 0);
  EXPECT_EQ(answered.get_value(), 1);
  event.clear();
  event.set();
}

CASE("multiprocessing.event.sharing.inheritance", "no event goes over a connection") {
  const auto [reader, writer] = mp::Pipe(false);
  const std::string said = raised([&] { writer.send(Event()); });
  Log{said.substr(0, said.find(':')), reader.poll()};
}

CASE("multiprocessing.event.repr.state", "its state") {
  const Event event;
  log(to_string(event));
  event.set();
  log(to_string(event));
}
