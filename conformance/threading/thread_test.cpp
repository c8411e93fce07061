// threading.Thread, the functions beside it, and what the end of the program waits for.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "conformance/harness/run_program.hpp"
#include "conformance/harness/sanitizers.hpp"
#include "conformance/threading/exits.hpp"
#include "conformance/threading/support.hpp"
#include "tandem/core/fn.hpp"
#include "tandem/core/log.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace threading = tandem::threading;
using threading::Thread;

namespace {

void func() {}

bool is_listed(const Thread& thread) {
  const auto threads = threading::enumerate();
  return std::find(threads.begin(), threads.end(), thread) != threads.end();
}

// What reaches the log sink while this lives.
class Captured {
 public:
  Captured() {
    before_ = tandem::log_sink([this](std::string_view text) { texts_.emplace_back(text); });
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() { tandem::log_sink(before_); }
  // The first and the last line: what is between is a traceback in Python.
  void log_ends() const {
    const std::string ident = std::to_string(threading::get_ident());
    for (const auto& text : texts_) {
      std::string first = text.substr(0, text.find('\n'));
      if (const auto at = first.find(ident); at != first.npos)
        first.replace(at, ident.size(), "<ident>");
      log(first);
      log(text.substr(text.rfind('\n') + 1));
    }
    if (texts_.empty()) log("silence");
  }

 private:
  tandem::LogSink before_;
  std::vector<std::string> texts_;
};

void run_to_end(const Thread& thread) {
  thread.start();
  thread.join();
}

// The same of a program's end and of a forked child's.
std::vector<std::string> said_when_a_thread_outlives_main() {
  return said_until_exit([](Child& child) {
    Thread([&] {
      threading::main_thread().join();
      child.say("end of thread");
    }).start();
    child.say("end of main");
  });
}

[[noreturn]] void fail() { throw tandem::ValueError("run failed"); }

}  // namespace

CASE("threading.thread.name.default", "Thread-N, with the target's name where it has one") {
  log(Thread().name());
  log(Thread(tandem::fn<&func>).name());
  log(Thread({.target = tandem::fn<&func>, .name = "given"}).name());
  log(Thread({.name = ""}).name());
  log(Thread({.target = tandem::call(tandem::fn<&func>)}).name());
}

CASE("threading.thread.name.closure", "a closure has no name") {
  EXPECT_EQ(Thread([] {}).name(), "Thread-1");
  EXPECT_EQ(Thread({.target = func}).name(), "Thread-2");
}

CASE("threading.thread.name.set", "a name is given, kept, and may be changed at any time") {
  Thread thread({.name = "first"});
  log(thread.name());
  thread.name("second");
  log(thread.name());
  run_to_end(thread);
  log(thread.name());
  thread.name("");
  log(thread.name());
}

CASE("threading.thread.daemon.option",
     "no daemon unless asked for; it may be changed before the start") {
  log(Thread().daemon());
  log(Thread({.daemon = false}).daemon());
  Thread thread({.daemon = true});
  log(thread.daemon());
  thread.daemon(false);
  log(thread.daemon());
}

CASE("threading.thread.daemon.inherited",
     "a thread made by a daemon is one, unless told otherwise") {
  bool child = false, told = true;
  const auto make = [&] {
    child = Thread().daemon();
    told = Thread({.daemon = false}).daemon();
  };
  run_to_end(Thread({.target = make, .daemon = true}));
  Log{child, told, threading::main_thread().daemon()};
}

CASE("threading.thread.daemon.after-start", "it is fixed by the start") {
  Thread thread;
  thread.start();
  log(raised([&] { thread.daemon(true); }));
  thread.join();
  log(raised([&] { thread.daemon(false); }));
  log(raised([] { threading::current_thread().daemon(true); }));
}

CASE("threading.thread.daemon.output", "what a daemon prints is shown") {
  log(said_until_exit([](Child& child) {
    run_to_end(Thread({.target = [&] { child.say("daemon"); }, .daemon = true}));
    child.say("end of main");
  }));
}

CASE("threading.thread.start.calls", "run calls the target with its arguments; none is nothing") {
  std::vector<std::string> seen;
  const auto two = [&](int number, std::string text) {
    seen.push_back(std::to_string(number) + text);
  };
  const auto one = [&](std::vector<int> items) { seen.push_back(std::to_string(items.size())); };
  run_to_end(Thread(two, 1, "str"));
  run_to_end(Thread({.target = tandem::call(one, std::vector<int>{1, 2})}));
  run_to_end(Thread());
  log(seen);
}

CASE("threading.thread.start.once", "a thread is started once, also after its end") {
  Thread thread;
  thread.start();
  log(raised([&] { thread.start(); }));
  thread.join();
  log(raised([&] { thread.start(); }));
  log(raised([] { threading::current_thread().start(); }));
}

CASE("threading.thread.start.by-value",
     "arguments are bound by value; std::ref passes a reference") {
  int number = 1;
  std::string text = "before";
  Thread thread([](int& n, const std::string& t) { n = static_cast<int>(t.size()); },
                std::ref(number), text);
  text = "afterwards";
  run_to_end(thread);
  EXPECT_EQ(number, 6);
  std::unique_ptr<int> moved;
  run_to_end(
      Thread([&](std::unique_ptr<int> p) { moved = std::move(p); }, std::make_unique<int>(7)));
  EXPECT_EQ(*moved, 7);
}

CASE("threading.thread.life.states", "initial, alive from start() to the end of run()") {
  threading::Event go;
  std::uint64_t inside = 0;
  Thread thread([&] {
    inside = threading::get_ident();
    go.wait();
  });
  Log{thread.is_alive(), thread.ident(), thread.native_id(), is_listed(thread)};
  thread.start();
  Log{thread.is_alive(), thread.ident().has_value(), thread.native_id().has_value(),
      is_listed(thread)};
  go.set();
  thread.join();
  Log{thread.is_alive(), thread.ident() == inside, is_listed(thread)};
}

CASE("threading.thread.life.copies", "copies are the same thread; others are not") {
  Thread a, b;
  Thread same = a;
  EXPECT_TRUE(same == a && same != b);
  EXPECT_EQ((std::unordered_set<Thread>{a, same, b}.size()), 2U);
  Thread moved = std::move(same);
  EXPECT_TRUE(moved == a && same == a);  // NOLINT: a move is a copy
  run_to_end(moved);
  EXPECT_EQ(raised([&] { a.start(); }), "RuntimeError: threads can only be started once");
}

CASE("threading.thread.life.many", "ten tasks, three at a time") {
  threading::BoundedSemaphore three(3);
  threading::RLock mutex;
  int running = 0, most = 0;
  std::vector<Thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] {
      with(three, [&] {
        with(mutex, [&] { most = std::max(most, ++running); });
        let_others_run();
        with(mutex, [&] { --running; });
      });
    });
    threads.back().start();
  }
  for (const auto& thread : threads) thread.join();
  Log{running, most >= 1 && most <= 3};
}

CASE("threading.thread.life.native-ids", "threads that live at once have different numbers") {
  threading::Event go;
  std::set<std::uint64_t> idents{threading::get_ident()}, natives{threading::get_native_id()};
  std::vector<Thread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&] { go.wait(); });
    threads.back().start();
  }
  for (const auto& thread : threads) {
    idents.insert(thread.ident().value());
    natives.insert(thread.native_id().value());
  }
  go.set();
  for (const auto& thread : threads) thread.join();
  Log{idents.size(), natives.size()};
}

CASE("threading.thread.life.dropped", "a thread runs to its end though nobody has a handle on it") {
  threading::Event go, ended;
  Thread([&] {
    go.wait();
    ended.set();
  }).start();
  go.set();
  log(ended.wait());
}

CASE("threading.thread.life.idle", "a thousand that wait use no processor time") {
  constexpr std::size_t each = 250;
  threading::stack_size(256 * 1024);
  threading::Event event;
  threading::Condition condition;
  threading::Semaphore semaphore(0);
  threading::Barrier barrier(each + 1);
  {
    Bunch waiting(each, [&] { event.wait(); });
    Bunch conditional(each, [&] { with(condition, [&] { condition.wait(); }); });
    Bunch acquiring(each, [&] { semaphore.acquire(); });
    Bunch meeting(each, [&] { barrier.wait(); });
    wait_until_blocked(4 * each);
    const auto used = std::clock();
    EXPECT_FALSE(event.wait(times::may_expire));
    const std::chrono::duration<double> cpu(double(std::clock() - used) / CLOCKS_PER_SEC);
    EXPECT_LT(cpu, times::may_expire / 4);  // all of it, were a single one of them to spin
    event.set();
    with(condition, [&] { condition.notify_all(); });
    semaphore.release(each);
    barrier.wait();
  }
}

CASE("threading.thread.life.fair", "a thread that never waits does not keep others from running") {
  std::atomic<int> turn{0};
  const auto take_turns = [&](int first) {
    for (int n = first; n < 20; n += 2) {
      while (turn != n) {
      }
      ++turn;
    }
  };
  const Thread thread(take_turns, 1);
  thread.start();
  take_turns(0);
  thread.join();
  log(turn.load());
}

CASE("threading.thread.join.order", "what the thread did, and the end of its target, are seen") {
  const auto held = std::make_shared<int>(0);
  for (int i = 1; i <= 100; ++i) {
    Thread thread([copy = held] { ++*copy; });
    run_to_end(thread);
    EXPECT_EQ(*held, i);
    EXPECT_EQ(held.use_count(), 1);
  }
}

CASE("threading.thread.join.before-start", "there is nothing to wait for") {
  log(raised([] { Thread().join(); }));
  log(raised([] { Thread().join(0s); }));
}

CASE("threading.thread.join.current", "a thread cannot wait for itself") {
  log(raised([] { threading::current_thread().join(); }));
  run_to_end(Thread([] { log(raised([] { threading::current_thread().join(); })); }));
}

CASE("threading.thread.join.timeout", "it returns after the timeout, and the thread lives on") {
  threading::Event go;
  Thread thread([&] { go.wait(); });
  thread.start();
  const auto start = now();
  thread.join(times::must_expire);
  Log{now() - start >= times::must_expire, thread.is_alive()};
  thread.join(0s);
  thread.join(-1s);
  log(thread.is_alive());
  go.set();
  thread.join(times::must_not_expire);
  log(thread.is_alive());
  thread.join();
}

CASE("threading.thread.join.destructors", "no timeout waits for thread_local destructors") {
  threading::Event go;
  threading::Semaphore running(0), over(0);
  struct Slow {
    threading::Event* go = nullptr;
    threading::Semaphore* over = nullptr;
    ~Slow() {
      go->wait();
      over->release();
    }
  };
  const auto work = [&] {
    static thread_local Slow slow;
    slow.go = &go;
    slow.over = &over;
    running.release();
  };
  const Thread thread(work);
  thread.start();
  Thread(work).start();  // nobody has a handle
  running.acquire();
  running.acquire();
  while (thread.is_alive()) std::this_thread::yield();
  threading::Event joined;
  const Thread joining([&] {
    thread.join(0s);
    thread.join(times::brief);
    for (int i = 0; i < 10; ++i) run_to_end(Thread());
    joined.set();
  });
  joining.start();
  EXPECT_TRUE(joined.wait(times::must_not_expire));
  EXPECT_FALSE(over.try_lock());
  go.set();
  thread.join();
  over.lock();
  over.lock();
}

CASE("threading.thread.join.too-large", "a timeout beyond TIMEOUT_MAX is an error") {
  Thread thread;
  run_to_end(thread);
  log(raised([&] { thread.join(std::chrono::duration<double>(1e100)); }));
}

CASE("threading.thread.join.by-many", "several threads may wait for one") {
  threading::Event go;
  Thread thread([&] { go.wait(); });
  thread.start();
  std::atomic<int> joined{0};
  Bunch bunch(5, [&] {
    thread.join();
    ++joined;
  });
  wait_until_blocked(6);
  log(joined.load());
  go.set();
  bunch.join();
  log(joined.load());
}

CASE("threading.thread.list.alive-only",
     "enumerate() has those that are alive, and never a joined one") {
  const auto before = threading::active_count();
  log(is_listed(threading::main_thread()));
  bool listed = false;
  for (int i = 0; i < 100; ++i) {
    Thread thread;
    run_to_end(thread);
    listed = listed || is_listed(thread);
  }
  Log{listed, threading::active_count() == before,
      threading::enumerate().size() == threading::active_count()};
}

CASE("threading.thread.list.current", "current_thread() is the thread that asks") {
  const Thread main = threading::main_thread();
  Log{main.name(), main == threading::current_thread(), main.ident() == threading::get_ident()};
  log(main.is_alive());
  Thread thread([&] {
    Log{threading::current_thread() == thread, threading::main_thread() == main,
        threading::current_thread() == main, thread.ident() == threading::get_ident()};
  });
  run_to_end(thread);
}

CASE("threading.thread.foreign.dummy", "a thread that threading did not start gets a dummy") {
  std::optional<Thread> dummy;
  std::thread([&] {
    dummy = threading::current_thread();
    Log{dummy->name(), dummy->daemon(), dummy->is_alive(), is_listed(*dummy)};
    Log{dummy->ident() == threading::get_ident(), *dummy == threading::current_thread()};
    log(raised([&] { dummy->start(); }));
    log(to_string(*dummy).substr(0, 32));
  }).join();
  log(raised([&] { dummy->join(); }));
  log(is_listed(*dummy));
}

CASE("threading.thread.stack-size.default", "zero at first; setting returns what it was") {
  log(threading::stack_size());
  Log{threading::stack_size(262144), threading::stack_size(300001), threading::stack_size(),
      threading::stack_size()};
  Log{threading::stack_size(32768), threading::stack_size(0), threading::stack_size()};
}

CASE("threading.thread.stack-size.refused", "negative and tiny ones are refused") {
  threading::stack_size(262144);
  for (const int size : {-1, -4096, 1, 4096, 32767})
    log(raised([&] { return threading::stack_size(size); }));
  log(threading::stack_size());
}

CASE("threading.thread.stack-size.threads", "small and large stacks do") {
  for (const int size : {262144, 0x1000000}) {
    threading::stack_size(size);
    std::atomic<int> ran{0};
    Bunch(10, [&] { ++ran; }).join();
    Log{threading::stack_size(), ran.load()};
  }
}

namespace {
// Uses up that many KiB of stack, and has the compiler keep each frame.
int go_deep(int kibibytes) {
  volatile char frame[16 * 1024];
  frame[0] = static_cast<char>(kibibytes);
  return kibibytes <= 0 ? frame[0] : go_deep(kibibytes - 16) + frame[0] - frame[0];
}
}  // namespace

CASE("threading.thread.stack-size.effect", "a thread has as much stack as it was asked for") {
  constexpr int mebibytes = 64;  // more than any system's default
  threading::stack_size(mebibytes * 1024 * 1024);
  int reached = 1;
  run_to_end(Thread([&] { reached = go_deep(mebibytes * 1024 / 2); }));
  EXPECT_EQ(reached, 0);
}

CASE("threading.thread.constant.timeout-max", "a second more is too much") {
  const std::chrono::duration<double> seconds = threading::TIMEOUT_MAX;
  log(seconds.count());
  const Thread thread;
  run_to_end(thread);
  log(raised([&] { thread.join(threading::TIMEOUT_MAX); }));
  log(raised([&] { thread.join(seconds + 1s); }));
}

CASE("threading.thread.constant.thread-error", "ThreadError is RuntimeError") {
  log(std::same_as<threading::ThreadError, tandem::RuntimeError>);
}

CASE("threading.thread.repr.states", "its repr has its name, its state and that it is a daemon") {
  Thread thread({.target = [] {}, .name = "x"});
  log(thread);
  thread.daemon(true);
  log(thread);
  run_to_end(thread);
  log(to_string(thread).starts_with("<Thread(x, stopped daemon "));
  log(to_string(threading::main_thread()).starts_with("<_MainThread(MainThread, started "));
}

CASE("threading.thread.hook.default",
     "an exception out of run() is printed, and ends the thread alone") {
  Captured captured;
  run_to_end(Thread({.target = fail, .name = "hooked"}));
  captured.log_ends();
}

CASE("threading.thread.hook.no-thread", "without a thread it prints the ident") {
  Captured captured;
  try {
    fail();
  } catch (...) {
    threading::excepthook(threading::ExceptHookArgs{std::current_exception()});
  }
  captured.log_ends();
}

CASE("threading.thread.hook.system-exit", "SystemExit ends the thread in silence") {
  Captured captured;
  run_to_end(Thread([] { throw tandem::SystemExit(1); }));
  captured.log_ends();
}

CASE("threading.thread.hook.custom", "a hook gets the exception and the thread") {
  Captured captured;
  Thread thread(fail);
  threading::excepthook([&](const threading::ExceptHookArgs& args) {
    log(raised([&] { std::rethrow_exception(args.exc_value); }));
    log(args.thread == thread);
  });
  run_to_end(thread);
  captured.log_ends();
}

CASE("threading.thread.hook.restored", "the default can be put back") {
  Captured captured;
  auto before = threading::excepthook([](const threading::ExceptHookArgs&) { log("custom"); });
  run_to_end(Thread({.target = fail, .name = "hooked"}));
  threading::excepthook(std::move(before));
  run_to_end(Thread({.target = fail, .name = "hooked"}));
  captured.log_ends();
}

CASE("threading.thread.hook.fails", "a hook that raises is reported in its turn") {
  Captured captured;
  threading::excepthook(
      [](const threading::ExceptHookArgs&) { throw tandem::ValueError("threading_hook failed"); });
  run_to_end(Thread(fail));
  captured.log_ends();
}

// Subclasses

namespace {

class Counting : public Thread {
 public:
  explicit Counting(int& ran, threading::Event* go = nullptr, bool* destroyed = nullptr)
      : Thread({.name = "counting"}), ran_(ran), go_(go), destroyed_(destroyed) {}
  ~Counting() override {
    if (destroyed_) *destroyed_ = true;
  }

 protected:
  void run() override {
    if (go_) go_->wait();
    ++ran_;
  }

 private:
  int& ran_;
  threading::Event* go_;
  bool* destroyed_;
};

}  // namespace

CASE("threading.thread.subclass.run", "a subclass says in run() what the thread does") {
  int ran = 0;
  const auto thread = threading::make_thread<Counting>(ran);
  Log{thread->name(), thread->is_alive()};
  thread->start();
  thread->join();
  Log{ran, thread->is_alive(), to_string(*thread).substr(0, 28)};
}

CASE("threading.thread.subclass.kept", "its object lives until run() has ended") {
  int ran = 0;
  bool destroyed = false;
  threading::Event go;
  auto thread = threading::make_thread<Counting>(ran, &go, &destroyed);
  const Thread handle = *thread;
  handle.start();
  thread.reset();
  EXPECT_FALSE(destroyed);
  go.set();
  handle.join();
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(ran, 1);
}

CASE("threading.thread.subclass.owned", "one that make_thread() does not own cannot be started") {
  int ran = 0;
  const std::string refused =
      "RuntimeError: a subclass of Thread must be made by make_thread() and still be owned";
  const Counting local(ran);
  const Thread slice = local;
  EXPECT_EQ(raised([&] { local.start(); }), refused);
  EXPECT_EQ(raised([&] { slice.start(); }), refused);
  const Thread orphan = *threading::make_thread<Counting>(ran);
  EXPECT_EQ(raised([&] { orphan.start(); }), refused);
  EXPECT_TRUE(ran == 0 && !orphan.is_alive() && !is_listed(orphan));
}

// The end of the program

CASE("threading.thread.exit.joined", "the program ends when its threads have") {
  log(said_when_a_thread_outlives_main());
}

CASE("threading.thread.exit.started-late", "a thread started by a thread is waited for too") {
  const auto lines = said_until_exit([](Child& child) {
    Thread([&] {
      threading::main_thread().join();
      Thread([&] { child.say("second"); }).start();
      child.say("first");
    }).start();
    child.say("end of main");
  });
  log(lines.size());
}

CASE("threading.thread.exit.daemon", "a daemon is not waited for") {
  log(said_until_exit([](Child& child) {
    static auto& never = *new threading::Event;
    Thread({.target = [] { never.wait(); }, .daemon = true}).start();
    wait_until_blocked(1);
    child.say("end of main");
  }));
}

CASE("threading.thread.exit.no-more-threads", "after that no thread can be started") {
  log(said_until_exit([](Child& child) {
    static auto& say = child;
    std::atexit([] { say.say(raised([] { Thread().start(); })); });
    run_to_end(Thread());
    say.say("end of main");
  }));
}

CASE("threading.thread.exit.everything-done", "thread_local destructors have run before the exit") {
  const auto lines = said_until_exit([](Child& child) {
    struct Last {
      Child* child = nullptr;
      ~Last() {
        let_others_run();
        child->say("thread_local destroyed");
      }
    };
    static Child& say = child;
    std::atexit([] { say.say("after the threads"); });
    Thread([&child] {
      static thread_local Last last;
      last.child = &child;
    }).start();
  });
  EXPECT_EQ(lines, (std::vector<std::string>{"thread_local destroyed", "after the threads"}));
}

// fork()

CASE("threading.thread.fork.main", "in a child the thread that forked is the main one, and alone") {
  threading::Event go;
  Thread other({.target = [&] { go.wait(); }, .name = "other"});
  other.start();
  const auto ask = [&](Child& child) {
    const Thread main = threading::main_thread();
    child.say(main.name());
    child.say(repr(main == threading::current_thread()));
    child.say(repr(main.ident() == threading::get_ident()));
    child.say(repr(other.is_alive()));
    child.say(repr(threading::active_count()));
    std::_Exit(0);  // a leak checker would miss what the threads that are not here held
  };
  run_to_end(Thread({.target = [&] { log(said_until_exit(ask)); }, .name = "forking"}));
  log(other.is_alive());
  go.set();
  other.join();
}

CASE("threading.thread.fork.joined-in-child", "a child waits for its threads") {
  log(said_when_a_thread_outlives_main());
}

CASE("threading.thread.fork.former-main", "in the child of another thread the main one has ended") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  const Thread former = threading::main_thread();
  run_to_end(Thread([&] {
    log(said_until_exit([&](Child& child) {
      child.say(repr(former.is_alive()));
      run_to_end(Thread([&] {
        former.join();
        child.say("end of thread");
      }));
    }));
  }));
}

CASE("threading.thread.fork.dummy", "a foreign thread is not alive in the child") {
  threading::Event known, go;
  std::thread foreign([&] {
    threading::current_thread();
    known.set();
    go.wait();
  });
  known.wait();
  auto lines = said_until_exit([](Child& child) {
    child.say(repr(threading::active_count()));
    std::_Exit(0);  // a leak checker would miss what the foreign thread held
  });
  lines.insert(lines.begin(), repr(threading::active_count()));
  log(lines);
  go.set();
  foreign.join();
}

CASE("threading.thread.fork.by-many", "many threads fork at once") {
  std::atomic<bool> wrong = false;
  Bunch(16, [&] {
    const auto child = ::fork();
    if (child == 0) ::_exit(50);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 50 << 8) wrong = true;
  }).join();
  log(std::vector<std::string>{wrong ? "wrong" : "all of them"});
}

CASE("threading.thread.fork.in-exit-handler", "so may an exit handler") {
  const auto lines = said_until_exit([](Child& child) {
    static auto& say = child;
    std::atexit([] {
      if (const auto grandchild = ::fork())
        ::waitpid(grandchild, nullptr, 0);
      else
        say.say("child");
    });
    run_to_end(Thread());
  });
  EXPECT_EQ(lines, std::vector<std::string>{"child"});  // not as the one that refuses
  log(lines);
}

CASE("threading.thread.fork.locks", "what another thread held stays held") {
  threading::Lock lock, free_lock;
  threading::RLock rlock, free_rlock;
  threading::Condition condition, free_condition;
  threading::Semaphore semaphore, free_semaphore;
  threading::Event held, go;
  Bunch holder(1, [&] {
    const std::scoped_lock guard(lock, rlock, condition, semaphore);
    held.set();
    go.wait();
  });
  held.wait();
  log(said_until_exit([&](Child& child) {
    const auto try_each = [&](auto&... locks) {
      (child.say(repr(locks.acquire({.timeout = times::brief}))), ...);
    };
    try_each(lock, rlock, condition, semaphore, free_lock, free_rlock, free_condition,
             free_semaphore);
    lock.release();
    try_each(lock);
    std::_Exit(0);  // the holder's guards are not here
  }));
  go.set();
}

CASE("threading.thread.fork.waiting-threads", "those that waited do not count in the child") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  threading::Condition condition;
  threading::Semaphore semaphore(0);
  threading::Event event;
  std::atomic<bool> over = false;
  const auto wait_for_all = [&] {
    event.wait();
    semaphore.acquire();
    with(condition, [&] { return condition.wait_for([&] { return over.load(); }); });
  };
  Bunch at_event(2, [&] { event.wait(); });
  Bunch at_semaphore(2, [&] { semaphore.acquire(); });
  Bunch at_condition(
      2, [&] { with(condition, [&] { return condition.wait_for([&] { return over.load(); }); }); });
  wait_until_blocked(6);
  EXPECT_EQ(said_until_exit([&](Child& child) {
              detail::forget_blocked();
              const Thread own(wait_for_all);
              own.start();
              wait_until_blocked(1);
              event.set();
              wait_until_blocked(1);
              semaphore.release();
              while (to_string(condition).find(", 1)") == std::string::npos) wait_until_blocked(1);
              with(condition, [&] {
                over = true;
                condition.notify();
              });
              own.join(times::must_not_expire);
              child.say(own.is_alive() ? "one waits still" : "all passed");
              std::_Exit(0);
            }),
            (std::vector<std::string>{"all passed"}));
  event.set();
  semaphore.release(2);
  with(condition, [&] {
    over = true;
    condition.notify_all();
  });
}

CASE("threading.thread.fork.ended-handle", "a handle on a thread that had ended is only asked") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  std::optional<Thread> ended(Thread({.target = [] {}, .daemon = true}));
  ended->start();
  while (ended->is_alive()) std::this_thread::yield();
  EXPECT_EQ(said_until_exit([&](Child& child) {
              threading::Event go;
              Bunch own(3, [&] { go.wait(); });  // one of them may have its ident
              ended->join();
              child.say(repr(ended->is_alive()));
              ended.reset();  // detaches nobody
              go.set();
              own.join();
            }),
            (std::vector<std::string>{"False"}));
}

CASE("threading.thread.fork.races", "a child is whole whatever other threads were doing") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  EXPECT_EQ(run_program("threading/fork_races 100").printed, "0 failed\n");
}

CASE("threading.thread.fork.by-foreign", "a foreign thread that forks becomes the main one") {
  for (const bool met : {false, true})
    std::thread([=] {
      if (met) threading::current_thread();
      log(said_until_exit([](Child& child) {
        const Thread main = threading::main_thread();
        child.say(main.name());
        child.say(repr(main == threading::current_thread()));
        child.say(repr(main.daemon()));
        child.say(repr(threading::active_count()));
        std::_Exit(0);
      }));
    }).join();
}
