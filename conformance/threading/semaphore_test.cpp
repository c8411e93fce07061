// threading.Semaphore and threading.BoundedSemaphore. What holds for both is asked of both.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>

#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;

namespace {
template <class F>
void each_kind(std::int64_t value, F&& ask) {
  threading::Semaphore plain(value);
  ask(plain);
  threading::BoundedSemaphore bounded(value);
  ask(bounded);
}
constexpr threading::AcquireOptions at_once{.blocking = false};
}  // namespace

CASE("threading.semaphore.value.negative", "the first value may not be negative") {
  for (const std::int64_t value : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    log(raised([&] { threading::Semaphore{value}; }));
    log(raised([&] { threading::BoundedSemaphore{value}; }));
  }
}

CASE("threading.semaphore.value.default", "it is one; a second acquire waits for a release") {
  threading::Semaphore plain;
  threading::BoundedSemaphore bounded;
  const auto ask = [](threading::Semaphore& semaphore) {
    std::atomic<int> finished{0};
    log(semaphore.acquire());
    Bunch bunch(1, [&] {
      semaphore.acquire();
      semaphore.release();
      ++finished;
    });
    wait_until_blocked(1);
    log(finished.load());
    semaphore.release();
    bunch.join();
    log(finished.load());
  };
  ask(plain);
  ask(bounded);
}

CASE("threading.semaphore.acquire.counts", "as many as the value are let in at once") {
  each_kind(2, [](threading::Semaphore& semaphore) {
    Log{semaphore.acquire(), semaphore.acquire(at_once), semaphore.acquire(at_once)};
    semaphore.release();
    Log{semaphore.acquire(at_once), semaphore.acquire(at_once)};
  });
}

CASE("threading.semaphore.acquire.try-contended",
     "tries of several threads take no more than there is") {
  each_kind(4, [](threading::Semaphore& semaphore) {
    semaphore.acquire();
    std::atomic<int> taken{0};
    Bunch(5, [&] {
      taken += semaphore.acquire(at_once);
      taken += semaphore.acquire(at_once);
    });
    log(taken.load());
  });
}

CASE("threading.semaphore.acquire.contended", "each release lets one of those that wait through") {
  each_kind(7, [](threading::Semaphore& semaphore) {
    std::atomic<int> passed{0};
    threading::Semaphore arrived(0);
    Bunch bunch(10, [&] {
      for (int i = 0; i < 2; ++i) {
        semaphore.acquire();
        ++passed;
        arrived.release();
      }
    });
    // So many wait, at least, when n have passed.
    const auto let_pass = [&](int n, std::size_t blocked) {
      for (int i = 0; i < n; ++i) arrived.acquire();
      wait_until_blocked(blocked);
      log(passed.load(), arrived.acquire(at_once));
    };
    let_pass(7, 7);
    for (int i = 0; i < 7; ++i) semaphore.release();
    let_pass(7, 3);
    for (int i = 0; i < 6; ++i) semaphore.release();
    let_pass(6, 0);
    log(semaphore.acquire(at_once));
  });
}

CASE("threading.semaphore.acquire.timeout", "False after the timeout, not before") {
  each_kind(2, [](threading::Semaphore& semaphore) {
    for (int i = 0; i < 3; ++i) log(semaphore.acquire({.timeout = times::brief}));
    semaphore.release();
    log(semaphore.acquire({.timeout = times::brief}));
    const auto start = now();
    log(semaphore.acquire({.timeout = times::must_expire}));
    log(now() - start >= times::must_expire);
    log(semaphore.acquire({.timeout = 0s}));
  });
}

CASE("threading.semaphore.acquire.negative", "a negative timeout polls") {
  threading::Semaphore semaphore(1);
  Log{semaphore.acquire({.timeout = -5s}), semaphore.acquire({.timeout = -5s})};
}

CASE("threading.semaphore.acquire.without-blocking", "no timeout goes with blocking=False") {
  threading::Semaphore semaphore(1);
  for (const auto timeout : {1s, 0s, -1s})
    log(raised([&] { return semaphore.acquire({.blocking = false, .timeout = timeout}); }));
  log(semaphore.acquire(at_once));
}

CASE("threading.semaphore.acquire.too-large",
     "a timeout beyond TIMEOUT_MAX is an error where it would count") {
  threading::Semaphore semaphore(1);
  const std::chrono::duration<double> ages(1e100);
  log(semaphore.acquire({.timeout = ages}));
  log(raised([&] { return semaphore.acquire({.timeout = ages}); }));
}

CASE("threading.semaphore.release.several", "release(n) lets n through at once") {
  each_kind(7, [](threading::Semaphore& semaphore) {
    for (int i = 0; i < 7; ++i) semaphore.acquire();
    threading::Semaphore arrived(0);
    Bunch bunch(5, [&] {
      semaphore.acquire();
      arrived.release();
    });
    wait_until_blocked(5);
    semaphore.release(3);
    for (int i = 0; i < 3; ++i) arrived.acquire();
    wait_until_blocked(2);
    Log{arrived.acquire(at_once), semaphore.acquire(at_once)};
    semaphore.release(3);
    bunch.join();
    Log{semaphore.acquire(at_once), semaphore.acquire(at_once)};
  });
}

CASE("threading.semaphore.release.less-than-one", "n must be one or more") {
  each_kind(1, [](threading::Semaphore& semaphore) {
    semaphore.acquire();
    log(raised([&] { semaphore.release(0); }));
    log(raised([&] { semaphore.release(-1); }));
    log(semaphore.acquire(at_once));
  });
}

CASE("threading.semaphore.release.unacquired", "a plain one counts on above its first value") {
  threading::Semaphore semaphore(1);
  semaphore.release();
  Log{semaphore.acquire(at_once), semaphore.acquire(at_once), semaphore.acquire(at_once)};
}

CASE("threading.semaphore.bounded.over-release", "a bounded one refuses, and nothing is changed") {
  threading::BoundedSemaphore semaphore(2);
  log(raised([&] { semaphore.release(); }));
  semaphore.acquire();
  log(raised([&] { semaphore.release(2); }));
  Log{semaphore.acquire(at_once), semaphore.acquire(at_once)};
  semaphore.release();
  semaphore.release();
  log(raised([&] { semaphore.release(); }));
}

CASE("threading.semaphore.with.releases", "leaving a with block releases, by an exception too") {
  each_kind(2, [](threading::Semaphore& semaphore) {
    const auto inside = [&](bool fail) {
      with(semaphore, [&] {
        log(semaphore.acquire(at_once));
        semaphore.release();
        with(semaphore, [&] {
          log(semaphore.acquire(at_once));
          if (fail) throw tandem::TypeError("");
        });
      });
    };
    inside(false);
    log(raised([&] { inside(true); }));
    Log{semaphore.acquire(at_once), semaphore.acquire(at_once), semaphore.acquire(at_once)};
  });
}

CASE("threading.semaphore.repr.value", "its repr has the value") {
  each_kind(3, [](threading::Semaphore& semaphore) {
    log(semaphore);
    semaphore.acquire();
    log(semaphore);
    semaphore.release();
    log(semaphore);
  });
}

CASE("threading.semaphore.lifetime.let-through", "whoever has been let through may destroy it") {
  for (int i = 0; i < 200; ++i) {
    auto semaphore = std::make_unique<threading::Semaphore>(0);
    threading::Thread releaser([&, raw = semaphore.get()] { raw->release(); });
    releaser.start();
    EXPECT_TRUE(semaphore->acquire());
    semaphore.reset();
    releaser.join();
  }
}

CASE("threading.semaphore.value.limit", "the value ends at 2^32 - 1") {
  constexpr std::int64_t largest = std::numeric_limits<std::uint32_t>::max();
  threading::Semaphore semaphore(largest);
  EXPECT_EQ(raised([&] { semaphore.release(); }), "OverflowError: semaphore value too large");
  EXPECT_EQ(raised([] { threading::Semaphore{largest + 1}; }),
            "OverflowError: semaphore value too large");
  EXPECT_TRUE(semaphore.try_lock());
  semaphore.unlock();
}
