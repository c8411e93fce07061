// multiprocessing.Condition
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using mp::Condition;
using mp::Semaphore;

namespace {

// So many threads that wait; each releases the semaphore when it goes on, the lock held.
class Waiting {
 public:
  using Wait = std::function<std::string()>;

  Waiting(const Condition& cond, std::size_t count)
      : Waiting(cond, count, [cond] { return str(cond.wait()); }) {}
  Waiting(const Condition& cond, std::size_t count, const Wait& wait)
      : woken(0), blocked(Blocked::many(count, [cond, wait, woken = woken] {
          std::scoped_lock guard(cond);
          std::string result = wait();
          woken.release();
          return result;
        })) {}

  const Semaphore woken;
  Blocked blocked;
};

bool acquired(const Semaphore& semaphore) {
  return semaphore.acquire({.timeout = times::must_not_expire});
}
bool acquired_soon(const Semaphore& semaphore) {
  return semaphore.acquire({.timeout = times::brief});
}

void notify(const Condition& cond, std::ptrdiff_t number = 1) {
  std::scoped_lock guard(cond);
  cond.notify(number);
}
void notify_all(const Condition& cond) {
  std::scoped_lock guard(cond);
  cond.notify_all();
}

std::string without_name(std::string text) {
  const std::string name = tandem::threading::current_thread().name();
  for (std::size_t at; (at = text.find("|" + name)) != text.npos;)
    text.replace(at, name.size() + 1, "!T");
  std::replace(text.begin(), text.end(), '!', '|');
  return text;
}

void wait_there(const Condition& cond, const Semaphore& sleeping, const Semaphore& woken) {
  std::scoped_lock guard(cond);
  sleeping.release();
  if (cond.wait(times::must_not_expire)) woken.release();
}

void wait_for_ever(const Condition& cond, const Semaphore& sleeping) {
  std::scoped_lock guard(cond);
  sleeping.release();
  cond.wait();
}

template <class L>
void over(const L& lock) {
  const Condition first(lock), second(lock);
  Log{first.acquire(), free_for_others(lock), raised([&] { second.notify(); })};
  first.release();
  Waiting waiting(first, 1);
  notify(first);
  waiting.blocked.join();
  log(waiting.blocked.said());
}

}  // namespace

CASE("multiprocessing.condition.wait.notified", "waits without the lock, and has it again") {
  const Condition cond;
  const std::vector<Waiting::Wait> waits{[&] { return str(cond.wait()); },
                                         [&] { return str(cond.wait(times::must_not_expire)); }};
  for (const auto& wait : waits) {
    Waiting waiting(cond, 1, wait);
    Log{cond.acquire({.block = false}), waiting.woken.acquire({.block = false})};
    cond.notify();
    log(acquired_soon(waiting.woken));
    cond.release();
    waiting.blocked.join();
    Log{waiting.blocked.said(), waiting.woken.get_value()};
  }
}

CASE("multiprocessing.condition.wait.timeout", "False after the timeout, never before") {
  const Condition cond;
  const auto start = now();
  std::scoped_lock guard(cond);
  Log{cond.wait(times::must_expire), now() - start >= times::must_expire, cond.wait(0s),
      cond.wait(-1s)};
  Log{free_for_others(cond), raised([&] { cond.notify(); })};
}

CASE("multiprocessing.condition.wait.not-held", "only who holds the lock may wait") {
  const Condition cond;
  Log{raised([&] { cond.wait(); }), raised([&] { cond.wait(times::brief); })};
}

CASE("multiprocessing.condition.wait.recursive", "an RLock is given up altogether") {
  const Condition cond;
  Waiting waiting(cond, 1, [&] {
    std::string twice;
    {
      std::scoped_lock again(cond);
      cond.wait();
      twice = to_string(cond);
    }
    return without_name(twice + " " + to_string(cond));
  });
  log(cond.acquire({.block = false}));
  cond.notify();
  cond.release();
  waiting.blocked.join();
  log(waiting.blocked.said()[0]);
}

CASE("multiprocessing.condition.notify.one", "one goes on") {
  const Condition cond;
  Waiting waiting(cond, 3);
  for (int i = 0; i < 3; ++i) {
    notify(cond);
    Log{acquired(waiting.woken), acquired_soon(waiting.woken)};
  }
  waiting.blocked.join();
  log(waiting.blocked.said());
}

CASE("multiprocessing.condition.notify.several", "so many go on, or all") {
  const Condition cond;
  Waiting waiting(cond, 6);
  const auto went_on = [&](int count) {
    std::vector<bool> each;
    for (int i = 0; i < count; ++i) each.push_back(acquired(waiting.woken));
    return each;
  };
  notify(cond, 3);
  Log{went_on(3), acquired_soon(waiting.woken)};
  notify(cond, 1);
  Log{acquired(waiting.woken), acquired_soon(waiting.woken)};
  notify(cond, 10);
  log(went_on(2));
  notify(cond, 3);
  waiting.blocked.join();
  log(waiting.woken.get_value());
}

CASE("multiprocessing.condition.notify.all", "all go on") {
  const Condition cond;
  Waiting waiting(cond, 5);
  notify_all(cond);
  waiting.blocked.join();
  Log{waiting.blocked.said(), waiting.woken.get_value()};
}

CASE("multiprocessing.condition.notify.nobody", "nothing is kept for later") {
  const Condition cond;
  notify(cond);
  notify_all(cond);
  std::scoped_lock guard(cond);
  log(cond.wait(times::brief));
  cond.notify();
  log(cond.wait(times::brief));
}

CASE("multiprocessing.condition.notify.not-held", "only who holds the lock may notify") {
  const Condition cond;
  Log{raised([&] { cond.notify(); }), raised([&] { cond.notify_all(); })};
}

CASE("multiprocessing.condition.wait-for.predicate", "until it is true") {
  const Condition cond;
  int state = 0;
  std::vector<int> seen;
  std::atomic<std::size_t> looks{0};
  Waiting waiting(cond, 1, [&] {
    return str(cond.wait_for([&] {
      seen.push_back(state);
      ++looks;
      return state >= 2;
    }));
  });
  while (state < 2) {
    std::size_t wanted;
    {
      std::scoped_lock guard(cond);
      wanted = static_cast<std::size_t>(++state);
      cond.notify();
    }
    while (looks <= wanted) std::this_thread::yield();
  }
  waiting.blocked.join();
  Log{waiting.blocked.said(), seen, waiting.woken.get_value()};
  std::scoped_lock guard(cond);
  Log{cond.wait_for([] { return true; }), cond.wait_for([] { return true; }, 0s)};
}

CASE("multiprocessing.condition.wait-for.timeout", "what it is when the time is over") {
  const Condition cond;
  const auto start = now();
  std::atomic<int> looks{0};
  const auto predicate = [&] {
    ++looks;
    return false;
  };
  Waiting waiting(cond, 1, [&] { return str(cond.wait_for(predicate, times::must_expire * 4)); });
  notify(cond);
  waiting.blocked.join();
  Log{waiting.blocked.said(), now() - start >= times::must_expire * 4, looks >= 2};
  std::scoped_lock guard(cond);
  Log{cond.wait_for(predicate, 0s), cond.wait_for(predicate, -1s)};
}

CASE("multiprocessing.condition.lock.given", "over a lock of one's own") {
  over(mp::Lock());
  over(mp::RLock());
  const Condition cond;
  Log{cond.acquire(), cond.acquire()};
  cond.release();
  cond.release();
  log(raised([&] { cond.release(); }));
}

CASE("multiprocessing.condition.processes.crosses", "from process to process") {
  each_method([](const mp::Context& context) {
    const Condition cond(context);
    const Semaphore sleeping(context, 0), woken(context, 0);
    std::vector<mp::Process> children;
    for (int i = 0; i < 2; ++i)
      children.push_back(started(context, wait_there, cond, sleeping, woken));
    for (int i = 0; i < 2; ++i) sleeping.acquire();
    for (int i = 0; i < 2; ++i) {
      notify(cond);
      Log{acquired(woken), acquired_soon(woken)};
    }
    for (const auto& code : joined(children)) log(code);
  });
}

CASE("multiprocessing.condition.processes.all", "threads here and processes there") {
  const mp::Context context = mp::get_context();
  const Condition cond(context);
  const Semaphore sleeping(context, 0), woken(context, 0);
  std::vector<mp::Process> children;
  for (int i = 0; i < 3; ++i)
    children.push_back(started(context, wait_there, cond, sleeping, woken));
  Waiting here(cond, 2);
  for (int i = 0; i < 3; ++i) sleeping.acquire();
  notify_all(cond);
  here.blocked.join();
  joined(children);
  Log{here.woken.get_value(), woken.get_value()};
}

CASE("multiprocessing.condition.dead-waiter.others", "the dead take nothing along") {
  const mp::Context context = mp::get_context();
  const Condition cond(context);
  const Semaphore sleeping(context, 0), woken(context, 0);
  const mp::Process dead = started(context, wait_for_ever, cond, sleeping);
  sleeping.acquire();
  { std::scoped_lock it_waits(cond); }
  const mp::Process other = started(context, wait_there, cond, sleeping, woken);
  sleeping.acquire();
  { std::scoped_lock it_waits(cond); }
  killed(dead);
  notify(cond);
  EXPECT_TRUE(acquired(woken));
  other.join();
  EXPECT_EQ(other.exitcode(), 0);
  notify_all(cond);
}

CASE("multiprocessing.condition.sharing.inheritance", "no condition goes over a connection") {
  const auto [reader, writer] = mp::Pipe(false);
  Log{raised([&] { writer.send(Condition()); }), reader.poll()};
}

CASE("multiprocessing.condition.repr.waiters", "the lock, and who waits") {
  const Condition cond;
  Log{to_string(cond), to_string(Condition(mp::Lock()))};
  Waiting waiting(cond, 2);
  log(to_string(cond));
  notify_all(cond);
  waiting.blocked.join();
}
