// threading.Lock
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <thread>

#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;

CASE("threading.lock.acquire.free",
     "a free lock is taken at once, and is free again when released") {
  threading::Lock lock;
  Log{lock.locked(), lock.acquire(), lock.locked()};
  lock.release();
  log(lock.locked());
}

CASE("threading.lock.acquire.try", "without blocking, a held lock is refused at once") {
  threading::Lock lock;
  Log{lock.acquire({.blocking = false}), lock.acquire({.blocking = false})};
  bool other = true;
  Bunch(1, [&] { other = lock.acquire({.blocking = false}); });
  log(other);
  lock.release();
  log(lock.acquire({.blocking = false}));
}

CASE("threading.lock.acquire.contended", "all that wait for a held lock get it in the end") {
  threading::Lock lock;
  std::atomic<int> finished{0};
  lock.acquire();
  Bunch bunch(5, [&] {
    lock.acquire();
    lock.release();
    ++finished;
  });
  wait_until_blocked(5);
  log(finished.load());
  lock.release();
  bunch.join();
  log(finished.load());
}

CASE("threading.lock.acquire.excludes", "never two threads hold the lock") {
  threading::Lock lock;
  int counter = 0;
  Bunch(4, [&] {
    for (int i = 0; i < 2500; ++i) {
      lock.acquire();
      const int before = counter;
      if (i % 50 == 0) std::this_thread::yield();  // so that the others do come upon a held lock
      counter = before + 1;
      lock.release();
    }
  });
  log(counter);
}

CASE("threading.lock.acquire.not-recursive", "its holder waits like any other") {
  threading::Lock lock;
  threading::Event first;
  bool second = false;
  Bunch bunch(1, [&] {
    lock.acquire();
    first.set();
    second = lock.acquire();
  });
  first.wait();
  wait_until_blocked(1);
  log(lock.locked());
  lock.release();
  bunch.join();
  Log{second, lock.locked()};
}

CASE("threading.lock.release.wakes-one",
     "one release lets exactly one of those that wait through") {
  threading::Lock lock;
  threading::Semaphore arrived(0);
  lock.acquire();
  Bunch bunch(3, [&] {
    lock.acquire();
    arrived.release();
  });
  wait_until_blocked(3);
  for (int left = 2; left >= 0; --left) {
    lock.release();
    arrived.acquire();
    wait_until_blocked(static_cast<std::size_t>(left));
    Log{lock.locked(), arrived.acquire({.blocking = false})};
  }
}

CASE("threading.lock.release.any-thread", "a thread may release what another has taken") {
  threading::Lock lock;
  lock.acquire();
  Bunch(1, [&] { lock.release(); });
  log(lock.acquire({.blocking = false}));
}

CASE("threading.lock.release.unlocked", "releasing a free lock is an error that changes nothing") {
  threading::Lock lock;
  log(raised([&] { lock.release(); }));
  Log{lock.locked(), lock.acquire({.blocking = false})};
  lock.release();
  log(raised([&] { lock.unlock(); }));
}

CASE("threading.lock.timeout.expires", "False when the lock stays held, not before the timeout") {
  threading::Lock lock;
  lock.acquire();
  const auto start = now();
  log(lock.acquire({.timeout = times::must_expire}));
  log(now() - start >= times::must_expire);
  lock.release();
  Log{lock.locked(), lock.acquire({.blocking = false})};
}

CASE("threading.lock.timeout.in-time", "True when the lock is released in time") {
  threading::Lock lock;
  bool taken = false;
  lock.acquire();
  Bunch bunch(1, [&] { taken = lock.acquire({.timeout = times::must_not_expire}); });
  wait_until_blocked(1);
  lock.release();
  bunch.join();
  Log{taken, lock.locked()};
}

CASE("threading.lock.timeout.zero", "a timeout of zero is a try") {
  threading::Lock lock;
  Log{lock.acquire({.timeout = 0s}), lock.acquire({.timeout = 0s})};
}

CASE("threading.lock.timeout.without-blocking", "no timeout goes with blocking=False") {
  threading::Lock lock;
  for (const auto timeout : {1s, 0s, -2s})
    log(raised([&] { return lock.acquire({.blocking = false, .timeout = timeout}); }));
  log(lock.locked());
}

CASE("threading.lock.timeout.negative", "a negative timeout is an error, held or free") {
  threading::Lock lock;
  log(raised([&] { return lock.acquire({.timeout = -100s}); }));
  lock.acquire();
  log(raised([&] { return lock.acquire({.timeout = -100s}); }));
}

CASE("threading.lock.timeout.minus-one", "-1 is for ever, as if there was no timeout") {
  threading::Lock lock;
  Log{lock.acquire({.timeout = -1s}), lock.acquire({.blocking = false, .timeout = -1s})};
  bool taken = false;
  Bunch bunch(1, [&] { taken = lock.acquire({.timeout = -1s}); });
  wait_until_blocked(1);
  lock.release();
  bunch.join();
  log(taken);
}

CASE("threading.lock.timeout.too-large", "beyond TIMEOUT_MAX it is an error") {
  using Seconds = std::chrono::duration<double>;
  threading::Lock lock;
  log(raised([&] { return lock.acquire({.timeout = Seconds(1e100)}); }));
  log(raised([&] { return lock.acquire({.timeout = Seconds(threading::TIMEOUT_MAX) + 1s}); }));
  log(lock.acquire({.timeout = threading::TIMEOUT_MAX}));
  log(Seconds(threading::TIMEOUT_MAX).count());
}

CASE("threading.lock.timeout.not-a-number", "NaN is an error") {
  threading::Lock lock;
  const std::chrono::duration<double> nan(std::numeric_limits<double>::quiet_NaN());
  log(raised([&] { return lock.acquire({.timeout = nan}); }));
  log(lock.locked());
}

CASE("threading.lock.with.releases", "leaving a with block releases, by an exception too") {
  threading::Lock lock;
  with(lock, [&] { log(lock.locked()); });
  log(lock.locked());
  log(raised([&] { with(lock, [] { throw tandem::TypeError(""); }); }));
  log(lock.locked());
  Bunch(1, [&] { with(lock, [] {}); });
}

CASE("threading.lock.repr.state", "its repr says whether it is locked") {
  threading::Lock lock;
  log(lock);
  lock.acquire();
  log(lock);
}

CASE("threading.lock.foreign.no-trace", "a foreign thread that uses a lock gets no Thread object") {
  threading::Lock lock;
  const auto before = threading::active_count();
  const auto use = [&] {
    lock.acquire();
    EXPECT_EQ(threading::active_count(), before);  // here, since a dummy goes with its thread
    lock.release();
  };
  for (int i = 0; i < 15; ++i) std::thread(use).join();
  log(threading::active_count() - before);
}

CASE("threading.lock.lockable.standard", "the standard's guards and algorithms take it") {
  threading::Lock a, b;
  {
    const std::scoped_lock both(a, b);
    EXPECT_TRUE(a.locked() && b.locked());
  }
  std::unique_lock guard(a, std::try_to_lock);
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_FALSE(a.try_lock());
  guard.unlock();
  EXPECT_TRUE(!a.locked() && !b.locked());
}
