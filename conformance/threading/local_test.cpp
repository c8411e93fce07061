// threading.local
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "conformance/harness/sanitizers.hpp"
#include "conformance/threading/exits.hpp"
#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
namespace threading = tandem::threading;

namespace {

template <class F>
void in_thread(F&& f) {
  const threading::Thread thread(std::ref(f));
  thread.start();
  thread.join();
}

// Something whose end can be seen.
struct Seen {
  std::shared_ptr<int> value;
  std::weak_ptr<int> renew() {
    value = std::make_shared<int>();
    return value;
  }
};

auto alive(const std::vector<std::weak_ptr<int>>& weak) {
  return std::count_if(weak.begin(), weak.end(), [](const auto& each) { return !each.expired(); });
}

}  // namespace

CASE("threading.local.value.own", "what one thread sets no other sees") {
  struct Attributes {
    std::optional<std::string> x;
  };
  threading::local<Attributes> local;
  threading::Event go;
  local->x = "main";
  const threading::Thread other([&] {
    log(local->x);
    local->x = "other";
    go.wait();
    log(local->x);
  });
  other.start();
  wait_until_blocked(1);
  in_thread([&] { log(local->x); });
  log(local->x);
  go.set();
  other.join();
  log(local->x);
}

CASE("threading.local.value.several", "each local has its own, a new one nothing of an older") {
  using Local = threading::local<std::optional<int>>;
  auto first = std::make_unique<Local>();
  Local second;
  **first = 1;
  *second = 2;
  Log{**first, *second};
  for (int i = 0; i < 10; ++i) {
    first = nullptr;
    first = std::make_unique<Local>();
    Log{**first, *second};
    **first = 3;
  }
}

CASE("threading.local.init.in-each-thread",
     "the constructor runs in each thread, with the same arguments") {
  static std::vector<std::uint64_t> inits;
  struct Attributes {
    Attributes(int n, const std::string& t) : number(n), text(t) {
      inits.push_back(threading::get_ident());
    }
    int number;
    std::string text;
  };
  threading::local<Attributes> local(7, "seven");
  log(inits.size());
  local->number = 8;
  const auto touch = [&] {
    Log{local->number, local->text, local->number, inits.size(),
        inits.back() == threading::get_ident()};
  };
  in_thread(touch);
  in_thread(touch);
  Log{local->number, inits.size()};
}

CASE("threading.local.init.untouched", "no touch, no value") {
  static int inits = 0;
  struct Attributes {
    Attributes() { ++inits; }
  };
  const threading::local<Attributes> local;
  in_thread([] {});
  log(inits);
}

CASE("threading.local.init.slow", "constructors that wait do not mix up the values") {
  struct Attributes {
    explicit Attributes(threading::Event* go) { go->wait(); }
    std::optional<int> x;
  };
  threading::Event go;
  go.set();
  threading::local<Attributes> local(&go);
  go.clear();
  std::atomic<int> used{0}, right{0}, next{0};
  threading::Barrier all_set(10);
  Bunch bunch(10, [&] {
    const int i = next++;
    local->x = i;
    all_set.wait();
    right += local->x == i;
    ++used;
  });
  wait_until_blocked(10);
  go.set();
  bunch.join();
  Log{used.load(), right == used};
}

CASE("threading.local.init.fails",
     "what the constructor raises reaches who touches, and it is tried again") {
  struct Attributes {
    explicit Attributes(const bool* fail) {
      if (*fail) throw tandem::ValueError("not yet");
    }
    int x = 1;
  };
  bool fail = false;
  const bool* const asked = &fail;
  threading::local<Attributes> local(asked);
  in_thread([&] {
    fail = true;
    log(raised([&] { return local->x; }));
    log(raised([&] { return local->x; }));
    fail = false;
    log(local->x);
  });
  fail = true;
  log(raised([&] { threading::local<Attributes> another(asked); }));
}

CASE("threading.local.init.own-touch", "a constructor cannot touch what it makes") {
  struct Attributes {
    explicit Attributes(const std::function<void()>* touch) {
      if (*touch) (*touch)();
    }
  };
  std::function<void()> touch;
  const auto* const asked = &touch;
  threading::local<Attributes> local(asked);
  touch = [&] { local.get(); };
  in_thread([&] {
    EXPECT_EQ(raised([&] { local.get(); }),
              "RuntimeError: a thread's value of a local cannot be used before it is made");
    touch = nullptr;
    EXPECT_EQ(raised([&] { local.get(); }), "nothing");
  });
}

CASE("threading.local.end.thread", "a value ends with its thread") {
  threading::local<Seen> local;
  std::vector<std::weak_ptr<int>> weak;
  const auto touch = [&] { weak.push_back(local->renew()); };
  touch();
  for (int i = 0; i < 20; ++i) in_thread(touch);
  Log{weak.size(), alive(weak), weak[0].lock() == local->value};
}

CASE("threading.local.end.local", "all values end with the local") {
  auto local = std::make_unique<threading::local<Seen>>();
  std::vector<std::weak_ptr<int>> weak;
  threading::Lock lock;
  threading::Event go;
  const auto touch = [&] { with(lock, [&] { weak.push_back((*local)->renew()); }); };
  touch();
  Bunch bunch(3, [&] {
    touch();
    go.wait();
  });
  wait_until_blocked(3);
  const auto count = [&] {
    std::scoped_lock guard(lock);
    return alive(weak);
  };
  log(count());
  local.reset();
  log(count());
  go.set();
  bunch.join();
}

CASE("threading.local.end.fork", "the thread that forked keeps its value") {
  if (!threads_survive_fork) GTEST_SKIP() << "the sanitizer stumbles over threads after fork()";
  threading::local<std::optional<std::string>> local;
  threading::Event go;
  *local = "main";
  Bunch bunch(1, [&] {
    *local = "other";
    go.wait();
  });
  wait_until_blocked(1);
  const auto ask = [&](Child& child) {
    child.say(local->value());
    in_thread([&] { child.say(repr(*local)); });
    std::_Exit(0);  // a leak checker would miss what the threads that are not here held
  };
  in_thread([&] {
    *local = "forking";
    log(said_until_exit(ask));
  });
  log(local->value());
  go.set();
}

CASE("threading.local.end.foreign", "a foreign thread is as good as any") {
  threading::local<Seen> local;
  std::weak_ptr<int> weak;
  std::thread([&] {
    weak = local->renew();
    EXPECT_FALSE(weak.expired());
  }).join();
  EXPECT_TRUE(weak.expired());
}

CASE("threading.local.end.uses-locals", "what a value destroys may use locals") {
  static std::atomic<int> uses_seen{0};
  struct Count {
    ~Count() { uses_seen += uses; }
    int uses = 0;
  };
  static threading::local<Count>* counts = nullptr;
  struct User {
    ~User() {
      ++(*counts)->uses;
      if (itself) itself->get().number = 0;
    }
    const threading::local<User>* itself = nullptr;
    int number = 7;
  };
  threading::local<Count> counter;
  counts = &counter;
  threading::local<User> user;
  const auto touch = [&] { user->itself = &user; };
  for (int i = 0; i < 10; ++i) in_thread(touch);
  std::thread(touch).join();
  EXPECT_EQ(counter->uses, 0);
  EXPECT_EQ(uses_seen, 11);
}

CASE("threading.local.end.keeps-local", "a value may be the last to keep its local") {
  struct Holder {
    struct Value {
      std::shared_ptr<Holder> holder;
    };
    threading::local<Value> local;
  };
  auto holder = std::make_shared<Holder>();
  const std::weak_ptr<Holder> weak = holder;
  threading::Event go;
  const threading::Thread thread([&go, holder] {
    holder->local->holder = holder;
    go.wait();
  });
  thread.start();
  holder.reset();
  EXPECT_FALSE(weak.expired());
  go.set();
  thread.join();
  EXPECT_TRUE(weak.expired());
}

CASE("threading.local.end.race", "each value is destroyed once, whichever ends first") {
  static std::atomic<int> made{0}, destroyed{0};
  struct Counted {
    Counted() { ++made; }
    ~Counted() { ++destroyed; }
    std::vector<int> memory = std::vector<int>(16);  // for the sanitizers
  };
  for (int round = 0; round < 200; ++round) {
    auto local = std::make_unique<threading::local<Counted>>();
    threading::Barrier touched(4);
    Bunch bunch(3, [&, raw = local.get()] {
      raw->get().memory[0] = 1;
      touched.wait();
    });
    touched.wait();
    local.reset();
    EXPECT_EQ(made, destroyed);
  }
  struct Slow {
    ~Slow() {
      if (go) go->wait();
    }
    threading::Event* go = nullptr;
  };
  auto local = std::make_unique<threading::local<Slow>>();
  threading::Event go;
  std::atomic<bool> over = false;
  Bunch ends_slowly(1, [&go, raw = local.get()] { raw->get().go = &go; });
  wait_until_blocked(1);
  Bunch ends_the_local(1, [&] {
    local.reset();
    over = true;
  });
  let_others_run();
  EXPECT_FALSE(over);
  go.set();
}
