// threading.RLock
#include <chrono>
#include <mutex>

#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;

namespace {
bool free_for_others(threading::RLock& lock) {
  bool free = false;
  Bunch(1, [&] {
    free = lock.acquire({.blocking = false});
    if (free) lock.release();
  });
  return free;
}
}  // namespace

CASE("threading.rlock.acquire.again", "its owner takes it again, and must release as often") {
  threading::RLock lock;
  Log{lock.acquire(), lock.acquire(), lock.acquire({.blocking = false})};
  for (int i = 0; i < 3; ++i) {
    log(free_for_others(lock));
    lock.release();
  }
  log(free_for_others(lock));
}

CASE("threading.rlock.acquire.contended", "others wait until the owner has released it wholly") {
  threading::RLock lock;
  int finished = 0;
  lock.acquire();
  lock.acquire();
  Bunch bunch(5, [&] {
    lock.acquire();
    ++finished;
    lock.release();
  });
  wait_until_blocked(5);
  lock.release();
  log(finished);
  lock.release();
  bunch.join();
  log(finished);
}

CASE("threading.rlock.release.unacquired", "releasing what one does not own is an error") {
  threading::RLock lock;
  log(raised([&] { lock.release(); }));
  lock.acquire();
  lock.acquire();
  lock.release();
  lock.acquire();
  lock.release();
  lock.release();
  log(raised([&] { lock.release(); }));
}

CASE("threading.rlock.release.other-thread", "only the owner may release it") {
  threading::RLock lock;
  lock.acquire();
  std::string other;
  Bunch(1, [&] { other = raised([&] { lock.release(); }); });
  log(other);
  log(free_for_others(lock));
  lock.release();
}

CASE("threading.rlock.timeout.expires", "False when another owns it, not before the timeout") {
  threading::RLock lock;
  lock.acquire();
  bool taken = true, in_time = true;
  Bunch(1, [&] {
    const auto start = now();
    taken = lock.acquire({.timeout = times::must_expire});
    in_time = now() - start < times::must_expire;
  });
  log(taken, in_time);
  lock.release();
}

CASE("threading.rlock.timeout.checked", "the arguments are checked as a Lock checks them") {
  threading::RLock lock;
  for (int i = 0; i < 2; ++i) {  // free, and owned already
    log(raised([&] { return lock.acquire({.blocking = false, .timeout = 1s}); }));
    log(raised([&] { return lock.acquire({.timeout = -100s}); }));
    log(raised([&] { return lock.acquire({.timeout = std::chrono::duration<double>(1e100)}); }));
    log(lock.acquire({.timeout = -1s}));
  }
}

CASE("threading.rlock.with.nested", "with blocks nest, and release by an exception too") {
  threading::RLock lock;
  with(lock, [&] { with(lock, [&] { log(free_for_others(lock)); }); });
  log(free_for_others(lock));
  log(raised([&] { with(lock, [] { throw tandem::TypeError(""); }); }));
  log(free_for_others(lock));
}

CASE("threading.rlock.repr.state", "its repr says whether it is locked, and how often") {
  threading::RLock lock;
  log(lock);
  lock.acquire();
  lock.acquire();
  const std::string text = to_string(lock);
  log(text.starts_with("<locked _thread.RLock object owner="));
  log(text.find(" count=2 at ") != std::string::npos);
}

CASE("threading.rlock.lockable.standard", "the standard's guards and algorithms take it") {
  threading::RLock a, b;
  {
    const std::scoped_lock both(a, b);
    EXPECT_FALSE(free_for_others(a));
    EXPECT_TRUE(a.try_lock());
    a.unlock();
  }
  EXPECT_TRUE(free_for_others(a) && free_for_others(b));
}
