// What the cases of multiprocessing share: the twin of reference/multiprocessing/support.py.
//
// What a child has seen goes to a file, by note(); the case logs that file when the child has
// ended. A log() in a child is seen by nobody.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "conformance/harness/calls.hpp"
#include "conformance/harness/case.hpp"
#include "conformance/harness/folder.hpp"
#include "conformance/harness/leaks.hpp"
#include "conformance/harness/redirected.hpp"
#include "tandem/multiprocessing.hpp"
#include "tandem/threading.hpp"

namespace tandem::conformance {

namespace mp = tandem::multiprocessing;

// The first piece of shared memory that locks and the like stand in stays until the program ends.
inline const mp::RawValue<int> keeps_the_heap;

inline constexpr std::array start_methods{"fork", "spawn", "forkserver"};

// For a case that is about fork(): it is not run with another method when the others are.
//   why  for who reads it
inline mp::Context fork_only([[maybe_unused]] const char* why) { return mp::get_context("fork"); }

// Calls act(context) under each start method; the transcript says which.
template <class Act>
void each_method(Act&& act) {
  for (const char* const method : start_methods) {
    log(method);
    act(mp::get_context(method));
  }
}

// A case's own folder, in which processes meet.
class Folder : public OwnFolder {
 public:
  // Whoever passes it with enter() waits there for one open_gate().
  std::string gate(const std::string& name) const {
    checked(::mkfifo(path(name).c_str(), 0600));
    return path(name);
  }
};

// A line for the file, whole even where several processes write.
template <typename... Values>
void note(const std::string& path, const Values&... values) {
  std::string line;
  ((line += (line.empty() ? "" : " ") + str(values)), ...);
  line += '\n';
  const int file = checked(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  checked(static_cast<int>(::write(file, line.data(), line.size())));
  ::close(file);
}

// Logs the lines of the file, and empties it.
inline void log_notes(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) log(line);
  std::filesystem::remove(path);
}

// Which of what whoever has forgotten freeze_support() has to know is said there.
inline std::string advice_in(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::string said;
  for (const char* const word : {"RuntimeError:", "bootstrapping", "freeze_support("})
    said += (said.empty() ? "" : " ") + str(text.find(word) != text.npos);
  return said;
}

// How many of the first lines are 0, 1, 2 and so on.
inline int count_in_order(const std::string& path) {
  std::ifstream file(path);
  int count = 0;
  for (int number; file >> number && number == count;) ++count;
  return count;
}

// Called by a child: waits until the case opens the gate.
inline void enter(const std::string& gate) {
  ::close(checked(::open(gate.c_str(), O_RDONLY | O_CLOEXEC)));
}

// Waits until a child has come to the gate, and lets it through.
inline void open_gate(const std::string& gate) {
  ::close(checked(::open(gate.c_str(), O_WRONLY | O_CLOEXEC)));
}

// One hands over, another one takes; the FIFO has to be kept open meanwhile, for both.
inline void give(const std::string& fifo) {
  const int end = checked(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  checked(static_cast<int>(::write(end, "x", 1)));
  ::close(end);
}
inline void take(const std::string& fifo) {
  const int end = checked(::open(fifo.c_str(), O_RDONLY | O_CLOEXEC));
  char token;
  checked(static_cast<int>(::read(end, &token, 1)));
  ::close(end);
}

// Called by a child: a descriptor that it holds until it closes it, or ends. See UntilDropped.
inline int hold(const std::string& path) {
  return checked(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
}

// Waits until every hold() of the gate is over; there has to be one.
class UntilDropped {
 public:
  explicit UntilDropped(const std::string& path)
      : reader_(checked(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC))) {}
  UntilDropped(const UntilDropped&) = delete;
  UntilDropped& operator=(const UntilDropped&) = delete;
  ~UntilDropped() { ::close(reader_); }

  void wait() const {
    while (!poll(-1)) {
    }
  }
  // Whether that is so in time.
  bool in_time() const {
    using std::chrono::milliseconds;
    return poll(static_cast<int>(duration_cast<milliseconds>(times::must_not_expire).count()));
  }

 private:
  bool poll(int milliseconds) const {
    pollfd until{reader_, POLLIN, 0};
    return ::poll(&until, 1, milliseconds) > 0;
  }

  int reader_;
};

// The children of a process that is killed are this one's from then on, and theirs. Those that are
// left at its end are killed.
class Heir {
 public:
  Heir() {
    checked(::prctl(PR_SET_CHILD_SUBREAPER, 1));
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &ends, &former_);
  }
  Heir(const Heir&) = delete;
  Heir& operator=(const Heir&) = delete;
  ~Heir() {
    while (has_children()) {
      std::ifstream children("/proc/thread-self/children");
      for (int pid; children >> pid;) ::kill(pid, SIGKILL);
      wait_for_an_end();
    }
    ::sigprocmask(SIG_SETMASK, &former_, nullptr);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

  // Whether all have ended by themselves, in time.
  bool is_alone_in_time() const {
    for (const auto deadline = now() + times::must_not_expire; has_children();) {
      if (now() > deadline) return false;
      wait_for_an_end();
    }
    return true;
  }

 private:
  // Those that have ended are waited for.
  static bool has_children() {
    siginfo_t child{};
    while (::waitid(P_ALL, 0, &child, WEXITED | WNOHANG) == 0)
      if (child.si_pid == 0) return true;
    return false;
  }
  // At most for a short time.
  static void wait_for_an_end() {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGCHLD);
    const timespec brief{0, static_cast<long>(times::brief.count())};
    ::sigtimedwait(&ends, nullptr, &brief);
  }

  sigset_t former_{};
};

// Calls it in another thread, of that name, and returns what it returned or raised.
template <class Act>
std::string in_thread(Act act, std::string name = {}) {
  std::string said;
  threading::Thread thread({.target = [&] { said = outcome(act); }, .name = std::move(name)});
  thread.start();
  thread.join();
  return said;
}

// Whether another thread can take it; it gives it back.
template <class L>
bool free_for_others(const L& lock) {
  bool taken = false;
  std::thread([&] {
    taken = lock.try_lock();
    if (taken) lock.unlock();
  }).join();
  return taken;
}

// A child that has been started; the case joins it.
template <class F, class... A>
mp::Process started(const mp::Context& context, F target, A... args) {
  mp::Process process = context.Process(target, std::move(args)...);
  process.start();
  return process;
}

// A child that has ended.
template <class F, class... A>
mp::Process ended(const mp::Context& context, F target, A... args) {
  mp::Process process = started(context, target, std::move(args)...);
  process.join();
  return process;
}

// A child from its start to its end: what it exited with.
template <class F, class... A>
std::optional<int> run(const mp::Context& context, F target, A... args) {
  return ended(context, target, std::move(args)...).exitcode();
}

// In a process that somebody is about to kill.
[[noreturn]] inline void wait_to_be_killed() {
  for (;;) ::pause();
}

// Kills the child, and returns when it is gone.
inline void killed(const mp::Process& process) {
  process.kill();
  process.join();
}

// Joins them all; what they have exited with.
inline std::vector<std::optional<int>> joined(const std::vector<mp::Process>& children) {
  std::vector<std::optional<int>> codes;
  for (const mp::Process& child : children) {
    child.join();
    codes.push_back(child.exitcode());
  }
  return codes;
}

// ---- a process that is killed, and what it has started

// What the two workers of its pool do: the first is idle after it, the second never is.
inline int come_to_gate(const std::string& top) {
  const std::string number(1, mp::current_process().name().back());
  hold(top + "/held-" + number);
  open_gate(top + "/hello-" + number);
  enter(top + "/gate-" + number);
  return 0;
}

// Whether its workers have ended in time, the idle one while the other one was busy.
//   have_pool  has both called as above, opens "/ready" in that folder when the first is idle, and
//              waits to be killed
inline bool workers_end_with_parent(const char* method,
                                    void (*have_pool)(std::string method, std::string top)) {
  const Heir heir;
  const Folder folder;
  for (const char* const name : {"held-1", "held-2", "hello-1", "hello-2", "gate-1", "gate-2"})
    folder.gate(name);
  const std::string ready = folder.gate("ready");
  const UntilDropped idle(folder.path("held-1")), busy(folder.path("held-2"));
  const mp::Process parent =
      started(mp::get_context("fork"), have_pool, std::string(method), folder.top);
  enter(folder.path("hello-1"));
  enter(folder.path("hello-2"));
  open_gate(folder.path("gate-1"));
  enter(ready);
  killed(parent);
  if (!idle.in_time()) return false;
  open_gate(folder.path("gate-2"));
  return busy.in_time() && heir.is_alone_in_time();
}

template <class Q>
void pass_on(const Q& source, const Q& target, int count) {
  for (int i = 0; i < count; ++i) target.put(source.get());
}
template <class Q>
void take_before_and_after(const Q& q, int count, const std::string& top) {
  std::vector<int> taken{q.get()};
  open_gate(top + "/hello");
  enter(top + "/gate");
  while (static_cast<int>(taken.size()) < count) taken.push_back(q.get());
  note(top + "/notes", taken.front(), taken.back(), std::is_sorted(taken.begin(), taken.end()));
}
template <class Q>
void have_queues(const std::string& method, const std::string& top) {
  constexpr int count = 100;
  const mp::Context context = mp::get_context(method);
  const Q first(context), second(context);
  for (int number = 0; number < count; ++number) first.put(number);
  const mp::Process passes_on = started(context, pass_on<Q>, first, second, count);
  const mp::Process takes = started(context, take_before_and_after<Q>, second, count, top);
  wait_to_be_killed();
}

// What the users of two queues see when the one who has made them is killed: under each method.
template <class Q>
std::vector<std::string> without_maker() {
  std::vector<std::string> seen;
  for (const std::string method : start_methods) {
    const Heir heir;
    const Folder folder;
    folder.gate("hello");
    folder.gate("gate");
    const mp::Process maker = started(mp::get_context("fork"), have_queues<Q>, method, folder.top);
    enter(folder.path("hello"));
    killed(maker);
    open_gate(folder.path("gate"));
    if (!heir.is_alone_in_time()) return {"somebody stays"};
    std::ifstream notes(folder.path("notes"));
    std::getline(notes, seen.emplace_back());
  }
  return seen;
}

}  // namespace tandem::conformance
