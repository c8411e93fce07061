// threading.Timer
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;
using threading::Timer;

namespace {

const auto say = [](const std::string& text) { log(text); };

void run_to_end(const threading::Thread& timer) {
  timer.start();
  timer.join();
}

}  // namespace

CASE("threading.timer.start.calls",
     "the function is called after the interval, with its arguments") {
  std::vector<Clock::time_point> called;
  const threading::Thread* self = nullptr;
  const auto function = [&](int number, const std::string& text) {
    called.push_back(now());
    log(number, text);
    Log{threading::current_thread() == *self,
        threading::current_thread() == threading::main_thread()};
  };
  const Timer timer(times::must_expire, function, 1, "str");
  self = &timer;
  const auto start = now();
  run_to_end(timer);
  Log{called.size(), called.at(0) - start >= times::must_expire};
}

CASE("threading.timer.start.own-arguments", "no other timer sees what one does to its arguments") {
  const auto function = [](std::vector<std::string> items) {
    items.push_back("mine");
    log(items);
  };
  const std::vector<std::string> none;
  run_to_end(Timer(0s, function, none));
  run_to_end(Timer(0s, function, none));
}

CASE("threading.timer.start.zero", "zero or less calls at once") {
  run_to_end(Timer(0s, say, "zero"));
  run_to_end(Timer(-1s, say, "less"));
}

CASE("threading.timer.start.once", "it is started once") {
  const Timer timer(0s, [] {});
  run_to_end(timer);
  log(raised([&] { timer.start(); }));
  const Timer cancelled(times::must_not_expire, [] {});
  cancelled.start();
  cancelled.cancel();
  log(raised([&] { cancelled.start(); }));
  cancelled.join();
}

CASE("threading.timer.start.move-only", "what can only be moved is moved on") {
  std::unique_ptr<int> moved;
  run_to_end(Timer(
      0s, [&](std::unique_ptr<int> p) { moved = std::move(p); }, std::make_unique<int>(7)));
  EXPECT_EQ(*moved, 7);
}

CASE("threading.timer.cancel.in-time", "cancel ends it without a call") {
  const Timer timer(times::must_not_expire, say, "called");
  timer.start();
  wait_until_blocked(1);
  Log{timer.is_alive(), timer.finished().is_set()};
  timer.cancel();
  timer.join();
  Log{timer.is_alive(), timer.finished().is_set()};
}

CASE("threading.timer.cancel.before-start", "one cancelled before never calls") {
  const Timer timer(times::must_not_expire, say, "called");
  timer.cancel();
  run_to_end(timer);
  Log{timer.is_alive(), timer.finished().is_set()};
}

CASE("threading.timer.cancel.late", "cancel comes too late for a call that was made") {
  const Timer timer(0s, say, "called");
  run_to_end(timer);
  timer.cancel();
  log(timer.finished().is_set());
}

CASE("threading.timer.cancel.for-ever", "None waits for cancel") {
  const Timer timer(std::nullopt, say, "called");
  timer.start();
  wait_until_blocked(1);
  log(timer.is_alive());
  timer.cancel();
  timer.join();
  log(timer.is_alive());
}

CASE("threading.timer.finished.set", "set when the function has returned, not when it raises") {
  std::vector<std::string> seen;
  threading::excepthook([&](const threading::ExceptHookArgs& args) {
    seen.push_back(raised([&] { std::rethrow_exception(args.exc_value); }));
  });
  const Timer good(0s, [] {}), bad(0s, [] { throw tandem::ValueError("the function"); });
  log(good.finished().is_set());
  run_to_end(good);
  run_to_end(bad);
  Log{good.finished().is_set(), bad.finished().is_set(), seen};
}

CASE("threading.timer.finished.too-large", "beyond TIMEOUT_MAX the thread ends by OverflowError") {
  std::vector<std::string> seen;
  threading::excepthook([&](const threading::ExceptHookArgs& args) {
    const auto text = raised([&] { std::rethrow_exception(args.exc_value); });
    seen.push_back(text.substr(0, text.find(':')));
  });
  const Timer timer(std::chrono::duration<double>(1e100), say, "called");
  run_to_end(timer);
  Log{seen, timer.finished().is_set()};
}

CASE("threading.timer.thread.is-one", "a timer is a Thread") {
  const Timer timer(times::must_not_expire, [] {});
  Log{timer, timer.name(), timer.daemon(), timer.is_alive(),
      std::derived_from<Timer, threading::Thread>};
  timer.name("tick");
  timer.daemon(true);
  timer.start();
  const auto alive = threading::enumerate();
  Log{timer.is_alive(), std::find(alive.begin(), alive.end(), timer) != alive.end(),
      to_string(timer).starts_with("<Timer(tick, started daemon ")};
  timer.cancel();
  timer.join();
  Log{timer.is_alive(), to_string(timer).starts_with("<Timer(tick, stopped daemon ")};
}

CASE("threading.timer.thread.handle", "a copy is the same thread") {
  bool called = false;
  const Timer timer(times::must_not_expire, [&] { called = true; });
  const Timer copy = timer;
  const threading::Thread slice = copy;
  EXPECT_TRUE(slice == timer);
  EXPECT_EQ(to_string(slice), "<Timer(Thread-1, initial)>");
  slice.start();
  copy.cancel();
  timer.join();
  EXPECT_FALSE(slice.is_alive() || called);
  const auto owned = threading::make_thread<Timer>(0s, [] {});
  run_to_end(*owned);
  EXPECT_TRUE(owned->finished().is_set());
}

namespace {

class Repeating : public Timer {
 public:
  using Timer::Timer;

 protected:
  void run() override {
    while (!finished().wait(interval())) function()();
  }
};

}  // namespace

CASE("threading.timer.thread.subclass", "a run() of its own may call again and again") {
  std::vector<int> called;
  threading::Event thrice;
  std::shared_ptr<Repeating> timer;
  const auto function = [&](int number) {
    called.push_back(number);
    if (called.size() < 3) return;
    timer->cancel();
    thrice.set();
  };
  timer = threading::make_thread<Repeating>(times::brief, function, 7);
  log(*timer);
  timer->start();
  log(thrice.wait(times::must_not_expire));
  timer->join();
  log(called);
}
