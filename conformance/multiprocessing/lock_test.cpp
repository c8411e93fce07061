// multiprocessing.Lock and RLock
#include <string>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using mp::Lock;
using mp::RLock;

namespace {

void release(const Lock& lock) { lock.release(); }

// They begin together, and let the others run meanwhile: whoever a lock lets in beside counts from
// the same number, on one processor, too.
void count(const Lock& lock, const mp::Barrier& together, const mp::RawValue<int>& counter,
           int times) {
  together.wait();
  for (int i = 0; i < times; ++i) {
    std::scoped_lock guard(lock);
    const int seen = counter.value();
    std::this_thread::yield();
    counter.value() = seen + 1;
  }
}

void count_twice(const RLock& lock, const mp::Barrier& together, const mp::RawValue<int>& counter,
                 int times) {
  together.wait();
  for (int i = 0; i < times; ++i) {
    std::scoped_lock guard(lock);
    const int seen = counter.value();
    std::this_thread::yield();
    std::scoped_lock again(lock);
    counter.value() = seen + 1;
  }
}

void acquire_and_tell(const Lock& lock, const mp::Semaphore& taken) {
  lock.acquire();
  taken.release();
}

template <class L>
void hold(const L& lock, const mp::Semaphore& taken) {
  lock.acquire();
  taken.release();
  mp::Event().wait();
}

void try_acquire(const RLock& lock, const mp::Value<int>& answer) {
  answer.value(lock.acquire({.block = false}));
}

void release_inherited(const RLock& lock, const mp::Value<int>& answer) {
  const bool refused = raised([&] { lock.release(); }).starts_with("AssertionError");
  answer.value(refused && !lock.acquire({.block = false}));
}

// The lock is held by a process that has been killed.
template <class L>
void leave_held(const mp::Context& context, const L& lock) {
  const mp::Semaphore taken(context, 0);
  const mp::Process child = started(context, hold<L>, lock, taken);
  taken.acquire();
  killed(child);
}

template <class L>
void ask_timeout(const L& lock) {
  lock.acquire();
  const auto start = now();
  Log{in_thread([&] { return lock.acquire({.timeout = times::must_expire}); }),
      now() - start >= times::must_expire};
  Log{in_thread([&] { return lock.acquire({.timeout = 0s}); }),
      in_thread([&] { return lock.acquire({.timeout = -1s}); })};
  lock.release();
  log(lock.acquire({.timeout = 0s}));
  lock.release();
  log(lock.acquire({.timeout = -1s}));
  lock.release();
}

// Whether a lock that a dead process holds is had by those that come, and by those that wait.
template <class L>
bool recovers(const L& lock) {
  const mp::Context context = mp::get_context();
  leave_held(context, lock);
  if (!lock.acquire({.timeout = times::must_not_expire})) return false;
  lock.release();

  const mp::Semaphore taken(context, 0);
  const mp::Process child = started(context, hold<L>, lock, taken);
  taken.acquire();
  Blocked blocked([&] { return lock.acquire({.timeout = times::must_not_expire}); });
  killed(child);
  blocked.join();
  return blocked.said()[0] == "True";
}

}  // namespace

// Lock

CASE("multiprocessing.lock.acquire.free", "a free lock is taken, a held one is not") {
  const Lock lock;
  Log{lock.acquire(), lock.acquire({.block = false}),
      in_thread([&] { return lock.acquire({.block = false}); })};
  lock.release();
  log(lock.acquire({.block = false}));
  lock.release();
  log(lock.acquire({.timeout = times::must_not_expire}));
  lock.release();
}

CASE("multiprocessing.lock.acquire.timeout", "False after the timeout, never before") {
  ask_timeout(Lock());
  ask_timeout(RLock());
}

CASE("multiprocessing.lock.acquire.timeout-ignored", "without waiting no timeout counts") {
  const Lock lock;
  Log{lock.acquire({.block = false, .timeout = -1s}),
      lock.acquire({.block = false, .timeout = times::must_not_expire})};
  lock.release();
}

CASE("multiprocessing.lock.acquire.waits", "one of those that wait has it") {
  const Lock lock;
  lock.acquire();
  const auto acquire = [&] { return lock.acquire(); };
  Blocked both(acquire, acquire);
  lock.release();
  while (both.count("True") < 1) std::this_thread::yield();
  const bool third = lock.acquire({.block = false});
  std::vector<std::string> said;
  for (const auto& one : both.said()) said.push_back(str(one));
  std::sort(said.begin(), said.end());
  Log{third, said};
  lock.release();
  both.join();
  Log{both.said(), lock.acquire({.block = false})};
}

CASE("multiprocessing.lock.release.free", "what is free cannot be released") {
  const Lock lock;
  log(raised([&] { lock.release(); }));
  lock.acquire();
  lock.release();
  Log{raised([&] { lock.release(); }), lock.acquire({.block = false})};
}

CASE("multiprocessing.lock.release.anyone", "another thread or process may release it") {
  const Lock lock;
  lock.acquire();
  in_thread([&] { lock.release(); });
  log(lock.acquire({.block = false}));
  each_method([](const mp::Context& context) {
    const Lock own(context);
    own.acquire();
    Log{run(context, release, own), own.acquire({.block = false})};
  });
}

CASE("multiprocessing.lock.scope", "taken for a block") {
  const Lock lock;
  {
    std::scoped_lock guard(lock);
    log(lock.acquire({.block = false}));
  }
  const auto fail = [&] {
    std::scoped_lock guard(lock);
    throw tandem::ValueError("inside");
  };
  Log{raised(fail), lock.acquire({.block = false})};
}

CASE("multiprocessing.lock.processes.excludes", "one process at a time") {
  each_method([](const mp::Context& context) {
    const Lock lock(context);
    const mp::RawValue<int> counter(0);
    std::vector<mp::Process> children;
    const mp::Barrier together(context, 3);
    for (int i = 0; i < 3; ++i)
      children.push_back(started(context, count, lock, together, counter, 500));
    Log{joined(children), counter.value()};
  });
}

CASE("multiprocessing.lock.processes.waits", "a process waits until it is released elsewhere") {
  each_method([](const mp::Context& context) {
    const Lock lock(context);
    const mp::Semaphore taken(context, 0);
    lock.acquire();
    const mp::Process child = started(context, acquire_and_tell, lock, taken);
    log(taken.acquire({.timeout = times::must_expire}));
    lock.release();
    log(taken.acquire({.timeout = times::must_not_expire}));
    child.join();
    Log{child.exitcode(), lock.acquire({.block = false})};
  });
}

CASE("multiprocessing.lock.dead-owner.held", "the lock of a killed process stays held") {
  const mp::Context context = mp::get_context();
  const Lock lock(context);
  leave_held(context, lock);
  Log{lock.acquire({.timeout = times::must_expire}), raised([&] { lock.release(); }),
      lock.acquire({.block = false})};
}

CASE("multiprocessing.lock.dead-owner.robust", "a robust one is free again") {
  EXPECT_TRUE(recovers(Lock({.robust = true})));
}

CASE("multiprocessing.lock.sharing.inheritance", "no lock goes over a connection") {
  const auto [reader, writer] = mp::Pipe(false);
  Log{raised([&] { writer.send(Lock()); }), reader.poll()};
  Log{raised([&] { writer.send(RLock()); }), reader.poll()};
}

CASE("multiprocessing.lock.sharing.fork-context",
     "what fork has made does not go to a spawned process") {
  const mp::Context fork = fork_only("what it has made is not for the others");
  for (const std::string method : {"spawn", "forkserver"}) {
    const mp::Context other = mp::get_context(method);
    Log{method, raised([&] { started(other, release, Lock(fork)); })};
    const Lock lock(other);
    lock.acquire();
    Log{run(fork, release, lock), lock.acquire({.block = false})};
  }
}

CASE("multiprocessing.lock.repr.owner", "who has it") {
  const mp::Context context = mp::get_context();
  const Lock lock(context);
  const auto shown = [&] { return to_string(lock); };
  Log{shown(), in_thread(shown)};
  lock.acquire();
  Log{shown(), in_thread(shown)};
  lock.release();
  in_thread([&] { lock.acquire(); }, "T");
  log(shown());
  lock.release();
  log(in_thread([&] { return lock.acquire() ? shown() : ""; }, "T"));
  lock.release();
  const mp::Semaphore taken(context, 0);
  const mp::Process child = started(context, hold<Lock>, lock, taken);
  taken.acquire();
  log(shown());
  killed(child);
}

CASE("multiprocessing.lock.name.none", "nothing in the file system") {
  const auto names = [] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm"))
      count += entry.path().filename().string().starts_with("sem.");
    return count;
  };
  const std::size_t before = names();
  for (const char* const method : start_methods) {
    const Lock lock(mp::get_context(method));
    const RLock rlock(mp::get_context(method));
    const mp::Semaphore semaphore(mp::get_context(method), 1);
    EXPECT_EQ(names(), before) << method;
  }
}

// RLock

CASE("multiprocessing.rlock.recursive", "taken again, released as often") {
  const RLock lock;
  std::vector<bool> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(lock.acquire());
  Log{taken, free_for_others(lock)};
  for (int i = 0; i < 3; ++i) {
    log(free_for_others(lock));
    lock.release();
  }
  log(free_for_others(lock));
}

CASE("multiprocessing.rlock.release.not-owned", "only the owner may release it") {
  const RLock lock;
  const auto release = [&] { lock.release(); };
  log(raised(release));
  lock.acquire();
  Log{in_thread(release), free_for_others(lock)};
  lock.release();
  Log{raised(release), free_for_others(lock)};
}

CASE("multiprocessing.rlock.excludes", "nobody else before the last release") {
  const mp::Context context = mp::get_context();
  const RLock lock(context);
  const mp::Value<int> answer(context, 7);
  lock.acquire();
  lock.acquire();
  lock.release();
  Blocked blocked([&] { return lock.acquire(); });
  run(context, try_acquire, lock, answer);
  Log{answer.value(), blocked.said()};
  lock.release();
  blocked.join();
  log(blocked.said());
}

CASE("multiprocessing.rlock.processes.crosses", "recursive in each process, excluding the others") {
  each_method([](const mp::Context& context) {
    const RLock lock(context);
    const mp::RawValue<int> counter(0);
    std::vector<mp::Process> children;
    const mp::Barrier together(context, 3);
    for (int i = 0; i < 3; ++i)
      children.push_back(started(context, count_twice, lock, together, counter, 500));
    Log{joined(children), counter.value()};
  });
}

CASE("multiprocessing.rlock.forked", "a child does not hold what its parent holds") {
  const mp::Context context = mp::get_context();
  const RLock lock(context);
  const mp::Value<int> answer(context, 7);
  lock.acquire();
  Log{run(context, release_inherited, lock, answer), answer.value()};
  lock.release();
}

CASE("multiprocessing.rlock.scope", "taken for a block") {
  const RLock lock;
  {
    std::scoped_lock guard(lock);
    std::scoped_lock again(lock);
    log(free_for_others(lock));
  }
  log(free_for_others(lock));
}

CASE("multiprocessing.rlock.dead-owner.recovered", "the lock of a killed process is free again") {
  EXPECT_TRUE(recovers(RLock()));
}

CASE("multiprocessing.rlock.repr.owner", "who has it, how often") {
  const mp::Context context = mp::get_context();
  const RLock lock(context);
  const auto shown = [&] { return to_string(lock); };
  log(shown());
  lock.acquire();
  lock.acquire();
  Log{shown(), in_thread(shown)};
  lock.release();
  lock.release();
  log(in_thread([&] { return lock.acquire() ? shown() : ""; }, "T"));
  const RLock other(context);
  const mp::Semaphore taken(context, 0);
  const mp::Process child = started(context, hold<RLock>, other, taken);
  taken.acquire();
  log(to_string(other));
  killed(child);
}
