// os::register_at_fork. What is registered stays: each case is a process of its own.
#include "tandem/os/register_at_fork.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

#include "conformance/harness/case.hpp"
#include "tandem/core/log.hpp"
#include "tandem/threading.hpp"

using namespace tandem::conformance;
namespace os = tandem::os;
namespace threading = tandem::threading;

namespace {

// What is said here and in children, in its order.
class Notes {
 public:
  Notes() {
    if (::pipe(ends_) != 0) throw std::runtime_error("no pipe");
  }
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;
  ~Notes() {
    ::close(ends_[1]);
    std::string text;
    char part[512];
    for (ssize_t n; (n = ::read(ends_[0], part, sizeof part)) > 0;)
      text.append(part, static_cast<std::size_t>(n));
    ::close(ends_[0]);
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) tandem::conformance::log(line);
  }
  void operator()(const std::string& line) const {
    const std::string text = line + "\n";
    if (::write(ends_[1], text.data(), text.size()) < 0) std::abort();
  }

 private:
  int ends_[2];
};

void fork_and_wait(const std::function<void()>& in_child = [] {}) {
  const auto child = ::fork();
  if (child == 0) {
    in_child();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

}  // namespace

CASE("os.register-at-fork.order", "before: backwards; after: in their order") {
  static const Notes& note = *new Notes;
  static int child_ended[2];
  ASSERT_EQ(::pipe(child_ended), 0);
  const auto saying = [](std::string line) { return [line = std::move(line)] { note(line); }; };
  const auto when_child_has_ended = [](const std::string& line, bool first) {
    return [line, first] {
      char nothing;
      if (first) ::close(child_ended[1]);
      while (::read(child_ended[0], &nothing, 1) > 0) {
      }
      note(line);
    };
  };
  for (const std::string n : {"1", "2"})
    os::register_at_fork({
        .before = saying("before " + n),
        .after_in_child = saying("child " + n),
        .after_in_parent = when_child_has_ended("parent " + n, n == "1"),
    });
  os::register_at_fork({.before = saying("before 3")});
  fork_and_wait();
  ::close(child_ended[0]);
  delete &note;
}

CASE("os.register-at-fork.forking-thread", "they run in the thread that forks") {
  static const Notes& note = *new Notes;
  const auto who = [] {
    const threading::Thread current = threading::current_thread();
    note(current.name() + (current == threading::main_thread() ? " True" : " False"));
  };
  os::register_at_fork({.before = who, .after_in_child = who});
  const threading::Thread thread({.target = [] { fork_and_wait(); }, .name = "forking"});
  thread.start();
  thread.join();
  delete &note;
}

CASE("os.register-at-fork.nothing-given", "at least one function is asked for") {
  log(raised([] { os::register_at_fork({}); }));
}

CASE("os.register-at-fork.errors", "what they throw is printed and ignored") {
  static const Notes& note = *new Notes;
  static std::string printed;
  tandem::log_sink([](std::string_view text) { printed += text; });
  const auto saying = [](std::string line) { return [line = std::move(line)] { note(line); }; };
  os::register_at_fork({.before = saying("before 1"), .after_in_child = saying("child 1")});
  os::register_at_fork({.before = [] { throw tandem::ValueError("as it should"); }});
  os::register_at_fork({.before = saying("before 3"), .after_in_child = saying("child 3")});
  fork_and_wait();
  tandem::log_sink({});
  delete &note;
  log(printed.substr(0, printed.find(':') + 1));
  log(printed.substr(printed.find('\n') + 1));
}

CASE("os.register-at-fork.meanwhile", "a function may register others") {
  static const Notes& note = *new Notes;
  os::register_at_fork({.before = [] {
    note("registers");
    os::register_at_fork({
        .before = [] { note("too late"); },
        .after_in_child = [] { note("in time"); },
    });
  }});
  fork_and_wait();
  delete &note;
}

CASE("os.register-at-fork.other-thread",
     "what another thread registers meanwhile is not half called") {
  static std::string called;
  const auto noting = [](char letter) { return [letter] { called += letter; }; };
  os::register_at_fork({.before = [noting] {
    static bool once = true;
    if (!std::exchange(once, false)) return;
    const threading::Thread other([noting] {
      os::register_at_fork({noting('b'), noting('c'), noting('p')});
    });
    other.start();
    other.join();
  }});
  fork_and_wait();
  EXPECT_EQ(called, "");
  fork_and_wait();
  EXPECT_EQ(called, "bp");
}

CASE("os.register-at-fork.own-lock", "a lock of one's own survives") {
  static const Notes& note = *new Notes;
  static threading::Lock lock;
  const auto release = [] { lock.release(); };
  os::register_at_fork(
      {.before = [] { lock.acquire(); }, .after_in_child = release, .after_in_parent = release});
  threading::Event stop;
  const threading::Thread user([&] {
    while (!stop.is_set()) const std::scoped_lock guard(lock);
  });
  user.start();
  for (int turn = 0; turn < 20; ++turn)
    fork_and_wait([] { note(repr(lock.acquire({.blocking = false}))); });
  stop.set();
  user.join();
  delete &note;
}
