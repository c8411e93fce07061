// threading.Event
#include <atomic>
#include <chrono>
#include <memory>

#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;

namespace {
// Five threads wait twice. Logs how many came through before and after set(), and with True.
void let_five_through(threading::Event& event) {
  std::atomic<int> first{0}, second{0};
  Bunch bunch(5, [&] {
    first += event.wait();
    second += event.wait();
  });
  wait_until_blocked(5);
  log(first.load(), second.load());
  event.set();
  bunch.join();
  log(first.load(), second.load());
}
}  // namespace

CASE("threading.event.flag.set-and-clear",
     "the flag is down at first; set and clear may be repeated") {
  threading::Event event;
  log(event.is_set());
  event.set();
  log(event.is_set());
  event.set();
  log(event.is_set());
  event.clear();
  log(event.is_set());
  event.clear();
  log(event.is_set());
}

CASE("threading.event.wait.all", "set lets all through that wait, and all that come later") {
  threading::Event event;
  let_five_through(event);
}

CASE("threading.event.wait.again", "after clear the event is as new") {
  threading::Event event;
  event.set();
  event.clear();
  let_five_through(event);
  event.clear();
  let_five_through(event);
}

CASE("threading.event.wait.set-then-clear", "who waits at set() gets True though clear() follows") {
  threading::Event event;
  int through = 5;
  for (int round = 0; round < 20 && through == 5; ++round) {  // some threads are quick to look
    std::atomic<int> now_through{0};
    Bunch bunch(5, [&] { now_through += event.wait(times::must_not_expire); });
    wait_until_blocked(5);
    event.set();
    event.clear();
    bunch.join();
    through = now_through;
  }
  log(through, event.is_set());
}

CASE("threading.event.wait.timeout", "False after the timeout, not before; True when set") {
  threading::Event event;
  log(event.wait(0s));
  const auto start = now();
  log(event.wait(times::must_expire));
  log(now() - start >= times::must_expire);
  event.set();
  Log{event.wait(0s), event.wait(times::must_expire), event.wait()};
}

CASE("threading.event.wait.negative", "a negative timeout polls") {
  threading::Event event;
  log(event.wait(-1s));
  event.set();
  log(event.wait(-1s));
}

CASE("threading.event.wait.too-large",
     "a timeout beyond TIMEOUT_MAX is an error where it would count") {
  threading::Event event;
  const std::chrono::duration<double> ages(1e100);
  log(raised([&] { return event.wait(ages); }));
  event.set();
  log(event.wait(ages));
}

CASE("threading.event.repr.state", "its repr says whether it is set") {
  threading::Event event;
  log(event);
  event.set();
  log(event);
}

CASE("threading.event.lifetime.let-through", "whoever has been let through may destroy the event") {
  for (int i = 0; i < 200; ++i) {
    auto event = std::make_unique<threading::Event>();
    threading::Thread setter([&, raw = event.get()] { raw->set(); });
    setter.start();
    EXPECT_TRUE(event->wait());
    event.reset();
    setter.join();
  }
}
