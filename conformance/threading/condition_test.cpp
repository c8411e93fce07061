// threading.Condition
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;

namespace {
constexpr threading::AcquireOptions at_once{.blocking = false};

template <class F>
void over_each_lock(F&& ask) {
  threading::Condition own;
  ask(own);
  threading::Lock lock;
  threading::Condition over_lock(lock);
  ask(over_lock);
}
}  // namespace

CASE("threading.condition.lock.own", "a condition of its own is recursive") {
  threading::Condition condition;
  Log{condition.acquire(), condition.acquire()};
  condition.release();
  bool other = true;
  const auto ask = [&] {
    other = condition.acquire(at_once);
    if (other) condition.release();
  };
  Bunch(1, ask);
  log(other);
  condition.release();
  Bunch(1, ask);
  log(other);
}

CASE("threading.condition.lock.given", "the condition is the lock that it was given") {
  threading::Lock lock;
  threading::Condition condition(lock);
  condition.acquire();
  log(lock.acquire(at_once));
  condition.release();
  Log{lock.acquire(at_once), condition.acquire(at_once)};
  lock.release();
  with(condition, [&] { log(lock.acquire(at_once)); });
  log(raised([&] { condition.release(); }));
}

CASE("threading.condition.lock.not-held", "waiting and notifying need the lock") {
  over_each_lock([](threading::Condition& condition) {
    log(raised([&] { return condition.wait(); }));
    log(raised([&] { return condition.wait(0s); }));
    log(raised([&] { condition.notify(); }));
    log(raised([&] { condition.notify_all(); }));
  });
}

namespace {
// A lock that can be taken and freed, and knows no timeout.
class Plain {
 public:
  void lock() { inner_.lock(); }
  bool try_lock() { return inner_.try_lock(); }
  void unlock() { inner_.unlock(); }

 private:
  threading::Lock inner_;
};
}  // namespace

CASE("threading.condition.lock.any", "any lock will do") {
  Plain lock;
  threading::Condition condition(lock);
  std::vector<std::string> items;
  Bunch bunch(1, [&] {
    condition.acquire();
    while (items.empty()) condition.wait();
    Log{items, condition.wait(0s)};
    condition.release();
  });
  wait_until_blocked(1);
  Log{condition.acquire(), lock.try_lock()};
  items.push_back("item");
  condition.notify();
  condition.release();
  bunch.join();
  Log{lock.try_lock(), condition.acquire(at_once)};
  lock.unlock();
  const auto refused = raised([&] { return condition.acquire({.timeout = 1s}); });
  log(refused.substr(0, refused.find(':')));
}

namespace {
template <class L>
void hand_over(L& lock) {
  threading::Condition condition(lock);
  bool there = false;
  Bunch bunch(
      1, [&] { with(condition, [&] { EXPECT_TRUE(condition.wait_for([&] { return there; })); }); });
  wait_until_blocked(1);
  with(lock, [&] {
    there = true;
    condition.notify();
  });
  bunch.join();
}
}  // namespace

CASE("threading.condition.lock.standard", "so will the standard's") {
  std::mutex mutex;
  hand_over(mutex);
  std::recursive_mutex recursive;
  hand_over(recursive);
  std::timed_mutex timed;
  hand_over(timed);
  threading::Condition patient(timed);
  with(timed, [&] { Bunch(1, [&] { EXPECT_FALSE(patient.acquire({.timeout = 1ms})); }); });
  EXPECT_TRUE(to_string(patient).starts_with("<Condition(<std::timed_mutex at 0x"));
}

CASE("threading.condition.wait.frees-the-lock", "all of a recursive lock is freed, and restored") {
  threading::RLock lock;
  threading::Condition condition(lock);
  bool notified = false;
  int releases = 0;
  Bunch bunch(1, [&] {
    lock.acquire();
    lock.acquire();
    lock.acquire();
    notified = condition.wait();
    while (raised([&] { lock.release(); }) == "nothing") ++releases;
  });
  wait_until_blocked(1);
  log(condition.acquire(at_once));
  condition.notify();
  condition.release();
  bunch.join();
  Log{notified, releases};
}

CASE("threading.condition.wait.timeout",
     "False after the timeout, not before, with the lock held") {
  over_each_lock([](threading::Condition& condition) {
    condition.acquire();
    const auto start = now();
    log(condition.wait(times::must_expire));
    log(now() - start >= times::must_expire);
    condition.notify();
    condition.release();
    log(raised([&] { condition.notify(); }));
  });
}

CASE("threading.condition.wait.timeout-checked", "zero or less polls; too much is an error") {
  threading::Condition condition;
  condition.acquire();
  Log{condition.wait(0s), condition.wait(-1s)};
  log(raised([&] { return condition.wait(std::chrono::duration<double>(1e100)); }));
  condition.notify();
}

CASE("threading.condition.wait.no-spurious",
     "notify(n) lets exactly n through, round after round") {
  over_each_lock([](threading::Condition& condition) {
    int first = 0, second = 0, ready = 0;
    threading::Semaphore passed(0);
    Bunch bunch(5, [&] {
      for (int* const count : {&first, &second}) {
        with(condition, [&] {
          ++ready;
          *count += condition.wait();
        });
        passed.release();
      }
    });
    // Settled: all that are not through wait, so that the notified ones are counted exactly.
    const auto settle = [&](int n, std::size_t blocked) {
      for (int i = 0; i < n; ++i) passed.acquire();
      wait_until_blocked(blocked);
      with(condition, [&] { Log{first, second, first + second, passed.acquire(at_once)}; });
    };
    wait_until_blocked(5);
    with(condition, [&] { condition.notify(3); });
    settle(3, 5);
    with(condition, [&] { condition.notify(5); });
    settle(5, 2);
    with(condition, [&] { condition.notify_all(); });
    bunch.join();
    log(first, second, ready);
  });
}

CASE("threading.condition.notify.oldest-first", "who has waited longest is woken first") {
  threading::Condition condition;
  std::vector<int> order;
  std::vector<threading::Thread> threads;
  threading::Semaphore passed(0);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      with(condition, [&] {
        condition.wait();
        order.push_back(i);
      });
      passed.release();
    });
    threads.back().start();
    wait_until_blocked(static_cast<std::size_t>(i) + 1);
  }
  for (int i = 0; i < 4; ++i) {
    with(condition, [&] { condition.notify(); });
    passed.acquire();
  }
  for (const auto& thread : threads) thread.join();
  log(order);
}

CASE("threading.condition.notify.all", "all that wait are woken; none is remembered for later") {
  threading::Condition condition;
  std::atomic<int> notified{0};
  with(condition, [&] {
    condition.notify();
    condition.notify_all();
    log(condition.wait(times::brief));
  });
  for (const bool all : {true, false}) {
    Bunch bunch(3, [&] { with(condition, [&] { notified += condition.wait(); }); });
    wait_until_blocked(3);
    with(condition, [&] { all ? condition.notify_all() : condition.notify(100); });
    bunch.join();
    log(notified.load());
  }
}

CASE("threading.condition.notify.none", "notifying zero or fewer wakes nobody") {
  threading::Condition condition;
  bool notified = false;
  Bunch bunch(1, [&] { with(condition, [&] { notified = condition.wait(); }); });
  wait_until_blocked(1);
  with(condition, [&] {
    condition.notify(0);
    condition.notify(-1);
    const std::string text = to_string(condition);
    log(static_cast<int>(notified), "waiting:", text.substr(text.size() - 3, 1));
    condition.notify();
  });
  bunch.join();
  log(notified);
}

CASE("threading.condition.wait-for.holds", "it waits until the predicate holds") {
  threading::Condition condition;
  int state = 0;
  bool held = false;
  Bunch bunch(1, [&] {
    with(condition, [&] {
      held = condition.wait_for([&] { return state == 4; });
      log(held, state);
    });
  });
  for (int i = 0; i < 4; ++i) {
    wait_until_blocked(1);
    with(condition, [&] {
      ++state;
      condition.notify();
    });
    let_others_run();
  }
  bunch.join();
}

CASE("threading.condition.wait-for.timeout",
     "False after the timeout, not before, though notified") {
  threading::Condition condition;
  int state = 0;
  Bunch bunch(1, [&] {
    with(condition, [&] {
      const auto start = now();
      log(condition.wait_for([&] { return state == 4; }, times::must_expire));
      log(now() - start >= times::must_expire);
    });
  });
  for (int i = 0; i < 3; ++i) {
    with(condition, [&] {
      ++state;
      condition.notify();
    });
  }
  bunch.join();
}

CASE("threading.condition.wait-for.asks", "the predicate is asked first, and after each wake-up") {
  threading::Condition condition;
  condition.acquire();
  int asked = 0;
  const auto never = [&] { return ++asked < 0; };
  Log{condition.wait_for([&] { return ++asked > 0; }), asked};
  for (const auto timeout :
       {std::chrono::nanoseconds(0), std::chrono::nanoseconds(-3s), times::brief}) {
    asked = 0;
    log(condition.wait_for(never, timeout));
    log(asked);
  }
}

CASE("threading.condition.wait-for.unlocked", "the lock is needed only to wait") {
  threading::Condition condition;
  log(condition.wait_for([] { return true; }));
  log(raised([&] { return condition.wait_for([] { return false; }); }));
}

CASE("threading.condition.with.releases", "leaving a with block releases, by an exception too") {
  over_each_lock([](threading::Condition& condition) {
    with(condition, [&] { condition.notify(); });
    log(raised([&] { condition.notify(); }));
    log(raised([&] { with(condition, [] { throw tandem::TypeError(""); }); }));
    log(raised([&] { condition.notify(); }));
  });
}

CASE("threading.condition.repr.state", "its repr has the lock's, and how many wait") {
  threading::Lock lock;
  threading::Condition over_lock(lock), own;
  log(over_lock);
  log(own);
  Bunch bunch(2, [&] { with(own, [&] { own.wait(); }); });
  wait_until_blocked(2);
  log(own);
  with(own, [&] { own.notify_all(); });
  bunch.join();
  log(own);
  with(own, [&] { own.wait(0s); });
  log(own);
}
