// multiprocessing.Process, current_process, parent_process, active_children, cpu_count
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cctype>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <tuple>

#include "conformance/harness/run_program.hpp"
#include "conformance/multiprocessing/support.hpp"
#include "tandem/core/log.hpp"
#include "tandem/multiprocessing/detail/helpers.hpp"
#include "tandem/os.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace os = tandem::os;
namespace threading = tandem::threading;
using mp::Context;
using mp::Process;

namespace {

using Lines = std::vector<std::string>;

const std::vector<std::string> all_methods{"fork", "spawn", "forkserver"};

// The start methods that begin the program anew.
template <class Act>
void each_other_method(Act act) {
  for (const std::string method : {"spawn", "forkserver"}) {
    log(method);
    act(mp::get_context(method));
  }
}

bool is_active(const Process& process) {
  const auto children = mp::active_children();
  return std::find(children.begin(), children.end(), process) != children.end();
}

Lines lines_of(const std::string& path) {
  std::ifstream file(path);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string with(std::string text, const std::string& part, const std::string& name) {
  for (std::size_t at; (at = text.find(part)) != text.npos;) text.replace(at, part.size(), name);
  return text;
}

std::string hex(const std::string& bytes) {
  std::ostringstream text;
  for (const char byte : bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    text << digits[value >> 4U] << digits[value & 15U];
  }
  return text.str();
}

std::string first_word(const std::string& text) { return text.substr(0, text.find(':')); }

// ---- what a child runs

void note_arguments(const std::string& path, int number, const std::string& text,
                    const std::vector<int>& list, const std::tuple<double, bool>& tuple,
                    const std::map<int, std::string>& map) {
  note(path, repr(number), repr(text), repr(list), repr(tuple), repr(map));
}

void note_pids(const std::string& path, const std::string& gate) {
  note(path, os::getpid(), os::getppid());
  enter(gate);
}

void leave(int code) { ::_exit(code); }

void fail(const std::string& text) { throw tandem::ValueError(text); }

void finish(int code) { throw tandem::SystemExit(code); }

void do_nothing() {}

}  // namespace

// ---- what is run

CASE("multiprocessing.process.target.arguments",
     "the target gets its arguments, in another process") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process =
        ended(context, note_arguments, folder.path("notes"), 1, std::string("text"), std::vector{1},
              std::tuple(2.5, true), std::map<int, std::string>{{1, "a"}});
    log_notes(folder.path("notes"));
    log(process.exitcode());
  });
}

CASE("multiprocessing.process.target.none", "no target is nothing to do") {
  each_method([](const Context& context) {
    const Process process = context.Process({});
    process.start();
    process.join();
    log(process.exitcode());
  });
}

CASE("multiprocessing.process.run.called-here", "run() is a call like any other") {
  std::vector<int> seen;
  Process process([&] { seen.push_back(1); });
  process.run();
  process.run();
  Process().run();
  log(seen, process.pid(), process.is_alive());
}

CASE("multiprocessing.process.fork.closure",
     "under fork a target may be anything that can be called") {
  const Folder folder;
  std::vector<int> seen{1, 2, 3};
  ended(mp::get_context("fork"), [&] {
    seen.push_back(4);
    note(folder.path("notes"), seen);
  });
  log_notes(folder.path("notes"));
  log(seen);
}

CASE("multiprocessing.process.spawn.closure", "which the others cannot send") {
  each_other_method([](const Context& context) {
    const Folder folder;
    const Process process = context.Process([&] { note(folder.path("notes"), "never"); });
    const std::string said = raised([&] { process.start(); });
    EXPECT_EQ(first_word(said), "PicklingError");
    log(said == "nothing");
    log(process.pid(), process.exitcode(), process.is_alive(), is_active(process));
    log(std::filesystem::exists(folder.path("notes")));
  });
}

namespace {

// What run() does in the child; the object's members come along.
class Upper : public Process {
 public:
  Upper(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {}

  void run() override {
    std::transform(text_.begin(), text_.end(), text_.begin(),
                   [](char c) { return static_cast<char>(std::toupper(c)); });
    note(path_, text_, name());
  }
  std::tuple<std::string, std::string> reduce() const { return {path_, text_}; }

 private:
  std::string path_, text_;
};

class Unpicklable : public Process {
 public:
  explicit Unpicklable(std::string path) : path_(std::move(path)) {}
  void run() override { note(path_, "ran"); }

 private:
  std::string path_;
};

}  // namespace

CASE("multiprocessing.process.subclass.run", "a subclass has a run() of its own") {
  for (const auto& method : all_methods) {
    log(method);
    mp::set_start_method(method, true);
    const Folder folder;
    const auto process = mp::make_process<Upper>(folder.path("notes"), "hello");
    process->name("upper");
    process->start();
    process->join();
    log_notes(folder.path("notes"));
    log(process->exitcode());
  }
}

CASE("multiprocessing.process.subclass.owned", "which has to be kept") {
  const Folder folder;
  Upper on_the_stack(folder.path("notes"), "never");
  EXPECT_EQ(first_word(raised([&] { on_the_stack.start(); })), "RuntimeError");
  const auto made = std::make_shared<Upper>(folder.path("notes"), "never");
  EXPECT_EQ(first_word(raised([&] { made->start(); })), "RuntimeError");
  EXPECT_EQ(made->pid(), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(folder.path("notes")));
}

CASE("multiprocessing.process.subclass.unpicklable", "and picklable, where it is sent") {
  const Folder folder;
  for (const auto& method : all_methods) {
    const auto process = mp::get_context(method).make_process<Unpicklable>(folder.path(method));
    const bool fork = method == "fork";
    EXPECT_EQ(first_word(raised([&] { process->start(); })), fork ? "nothing" : "PicklingError");
    if (fork) process->join();
    EXPECT_EQ(process->exitcode(), fork ? std::optional(0) : std::nullopt);
    EXPECT_EQ(std::filesystem::exists(folder.path(method)), fork);
    EXPECT_TRUE(mp::active_children().empty());
  }
}

// ---- name, daemon, authkey

namespace {

void note_names(const std::string& path, int depth) {
  note(path, mp::current_process().name());
  if (depth == 0) return;
  for (int count = 0; count < 2; ++count) {
    const Process process(note_names, path, depth - 1);
    process.start();
    process.join();
  }
}

void note_name(const std::string& path) { note(path, mp::current_process().name()); }

void note_daemon(const std::string& path) {
  note(path, mp::current_process().daemon(), Process().daemon());
}

void note_child_of_daemon(const std::string& path) {
  for (const std::optional<bool> daemon : {std::optional<bool>(), std::optional(false)}) {
    const Process process({.target = do_nothing, .daemon = daemon});
    note(path, raised([&] { process.start(); }), process.pid());
  }
}

void note_authkey(const std::string& path) {
  note(path, hex(mp::current_process().authkey()));
  note(path, Process().authkey() == mp::current_process().authkey());
}

}  // namespace

CASE("multiprocessing.process.name.default", "Process-N, and below it Process-N:M") {
  Log{Process().name(), Process().name(), Process({.name = "given"}).name(), Process().name()};
  const Folder folder;
  const Process process(note_names, folder.path("notes"), 2);
  process.start();
  process.join();
  log_notes(folder.path("notes"));
}

CASE("multiprocessing.process.name.context", "a context's processes are called after it") {
  each_method([](const Context& context) {
    Log{context.Process({}).name(), context.Process({}).name()};
  });
}

CASE("multiprocessing.process.name.given",
     "a name that is given, or assigned, is the child's too") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process first =
        context.Process({.target = tandem::call(note_name, folder.path("notes")), .name = "given"});
    first.start();
    first.join();
    const Process process =
        context.Process({.target = tandem::call(note_name, folder.path("notes")), .name = "given"});
    process.name("assigned");
    process.start();
    process.name("too late");
    process.join();
    log_notes(folder.path("notes"));
    log(process.name());
  });
  log(Process({.name = ""}).name());
}

CASE("multiprocessing.process.daemon.default", "as the process that makes it, else as is given") {
  log(Process().daemon(), Process({.daemon = true}).daemon(), Process({.daemon = false}).daemon());
  const Process assigned;
  assigned.daemon(true);
  log(assigned.daemon());
  each_method([](const Context& context) {
    const Folder folder;
    ended(context, note_daemon, folder.path("notes"));
    const Process process = context.Process(
        {.target = tandem::call(note_daemon, folder.path("notes")), .daemon = true});
    process.start();
    process.join();
    log_notes(folder.path("notes"));
  });
}

CASE("multiprocessing.process.daemon.late", "which is settled when it starts") {
  const Process process(do_nothing);
  process.start();
  process.join();
  Log{raised([&] { process.daemon(true); }), process.daemon()};
}

CASE("multiprocessing.process.daemon.childless", "a daemon has no children") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = context.Process(
        {.target = tandem::call(note_child_of_daemon, folder.path("notes")), .daemon = true});
    process.start();
    process.join();
    log(process.exitcode());
    log_notes(folder.path("notes"));
  });
}

CASE("multiprocessing.process.authkey.inherited", "32 random bytes, the same in all descendants") {
  const std::string own = mp::current_process().authkey();
  log(own.size(), own != std::string(32, '\0'), Process().authkey() == own);
  each_method([&](const Context& context) {
    const Folder folder;
    ended(context, note_authkey, folder.path("notes"));
    const Lines notes = lines_of(folder.path("notes"));
    log(notes.at(0) == hex(own), notes.at(1));
  });
}

CASE("multiprocessing.process.authkey.assigned", "what is assigned is the child's") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = context.Process(note_authkey, folder.path("notes"));
    process.authkey("\x01secret");
    log(process.authkey() == mp::current_process().authkey());
    process.start();
    process.join();
    log_notes(folder.path("notes"));
  });
  mp::current_process().authkey("another");
  log(Process().authkey() == "another");
}

// ---- before, while, after

CASE("multiprocessing.process.state.initial", "nothing is known of what has not been started") {
  const Process process(do_nothing);
  log(process.pid(), process.ident(), process.exitcode(), process.is_alive());
  log(is_active(process));
  log(raised([&] { process.sentinel(); }));
  log(raised([&] { process.join(); }));
  log(raised([&] { process.join(0s); }));
}

CASE("multiprocessing.process.state.signal-initial", "nor is there anything to end") {
  const Process process(do_nothing);
  log(raised([&] { process.terminate(); }) == "nothing",
      raised([&] { process.kill(); }) == "nothing");
  log(process.pid(), process.exitcode());
}

CASE("multiprocessing.process.state.running", "it lives, and has no exit code") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, enter, folder.gate("gate"));
    log(process.is_alive(), process.exitcode(), process.pid() == process.ident(),
        process.pid() > 1);
    log(is_active(process), mp::active_children().size());
    open_gate(folder.path("gate"));
    process.join();
  });
}

CASE("multiprocessing.process.state.ended", "it is dead, and has one") {
  each_method([](const Context& context) {
    const Process process = started(context, do_nothing);
    const auto pid = process.pid();
    process.join();
    log(std::nullopt);
    log(process.is_alive(), process.exitcode(), process.pid() == pid);
    log(is_active(process));
    process.join(), process.join(0s), process.join(-1s);
    log(std::nullopt, std::nullopt, std::nullopt);
  });
}

CASE("multiprocessing.process.state.twice", "a process is started once") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, enter, folder.gate("gate"));
    log(raised([&] { process.start(); }));
    open_gate(folder.path("gate"));
    process.join();
    Log{raised([&] { process.start(); }), process.exitcode()};
  });
}

CASE("multiprocessing.process.pid.child", "pid is the child's number") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, note_pids, folder.path("notes"), folder.gate("gate"));
    open_gate(folder.path("gate"));
    process.join();
    std::istringstream notes(lines_of(folder.path("notes")).at(0));
    int pid = 0, parent = 0;
    notes >> pid >> parent;
    // Under forkserver the system's parent is the server.
    log(pid == process.pid(), parent == os::getpid());
  });
}

CASE("multiprocessing.process.join.timeout",
     "join() with a timeout returns while the child lives") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, enter, folder.gate("gate"));
    const auto start = now();
    process.join(0s), process.join(-1s);
    log(std::nullopt, std::nullopt, process.is_alive());
    process.join(times::must_expire);
    log(std::nullopt, process.is_alive(), now() - start >= times::must_expire);
    open_gate(folder.path("gate"));
    process.join(times::must_not_expire);
    log(std::nullopt, process.is_alive(), process.exitcode());
  });
}

namespace {

int joined_code(const Process& process) {
  process.join();
  return process.exitcode().value_or(INT_MAX);
}

}  // namespace

CASE("multiprocessing.process.join.threads", "several threads may wait for one child") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, enter, folder.gate("gate"));
    std::vector<std::thread> threads;
    std::array<int, 4> codes{};
    for (int& code : codes) threads.emplace_back([&] { code = joined_code(process); });
    open_gate(folder.path("gate"));
    for (auto& thread : threads) thread.join();
    for (const int code : codes) EXPECT_EQ(code, 0) << context.get_start_method();
  });
}

namespace {

std::atomic<int> handled{0};

// What a handler of SIGUSR1 does while this lives.
class Handling {
 public:
  Handling() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++handled; };
    checked(::sigaction(SIGUSR1, &action, &before_));
  }
  Handling(const Handling&) = delete;
  Handling& operator=(const Handling&) = delete;
  ~Handling() { ::sigaction(SIGUSR1, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

// Opens the gate in a thread that no SIGUSR1 interrupts while it waits there: one may come when the
// thread that makes this one still has all signals blocked.
std::thread opener_of(const std::string& gate) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread opener([=] { open_gate(gate); });
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return opener;
}

void signal_and_wait(int pid, const std::string& gate) {
  ::kill(pid, SIGUSR1);
  enter(gate);
}

}  // namespace

CASE("multiprocessing.process.join.signal",
     "a signal that is handled meanwhile does not end join()") {
  const Handling handling;
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, signal_and_wait, os::getpid(), folder.gate("gate"));
    std::thread opener = opener_of(folder.path("gate"));
    process.join();
    opener.join();
    log(process.exitcode(), handled.exchange(0));
  });
}

CASE("multiprocessing.process.foreign", "only the process that made it can ask for it") {
  const Folder folder;
  const Process sibling(enter, folder.gate("gate"));
  sibling.start();
  const Process fresh(do_nothing);
  const std::string path = folder.path("notes");
  const Process process([&] {
    note(path, raised([&] { sibling.join(); }));
    note(path, raised([&] { sibling.is_alive(); }));
    note(path, raised([&] { Process(do_nothing).join(); }));
    note(path, raised([&] { fresh.start(); }));
    note(path, mp::active_children().size() == 0 ? "[]" : "some");
  });
  process.start();
  process.join();
  log_notes(path);
  open_gate(folder.path("gate"));
  sibling.join();
}

// ---- exit codes

CASE("multiprocessing.process.exitcode.system-exit", "SystemExit says the code") {
  each_method([](const Context& context) {
    for (const int code : {0, 1, 8, 255, 256, -1})
      log(code, ended(context, finish, code).exitcode());
  });
}

namespace {

void finish_with_text(const std::string& text) { throw tandem::SystemExit(text); }

// What is written to stderr until the child has ended, and its server.
std::string standard_error(const Process& process) {
  Redirected err(2);
  process.start();
  process.join();
  mp::detail::stop_helpers();
  return err.read();
}

}  // namespace

CASE("multiprocessing.process.exitcode.system-exit-text",
     "what is no number is printed, and the code is 1") {
  for (const auto& method : all_methods) {
    const Process process = mp::get_context(method).Process(finish_with_text, "ignore this");
    const std::string said = standard_error(process);
    log(method, process.exitcode(), repr(said));
  }
}

CASE("multiprocessing.process.exitcode.exception",
     "an exception that leaves it is printed, and the code is 1") {
  for (const auto& method : all_methods) {
    log(method);
    const Process process = mp::get_context(method).Process(
        {.target = tandem::call(fail, "as it should"), .name = "failing"});
    std::istringstream said(standard_error(process));
    Lines lines;
    for (std::string line; std::getline(said, line);) lines.push_back(line);
    log(process.exitcode(), lines.at(0), lines.back());
  }
}

CASE("multiprocessing.process.exitcode.os-exit", "or what _exit() is told") {
  each_method([](const Context& context) {
    std::vector<std::optional<int>> codes;
    for (const int code : {0, 1, 7, 255}) codes.push_back(ended(context, leave, code).exitcode());
    log(codes);
  });
}

namespace {

void kill_self(int number) {
  ::signal(number, SIG_DFL);
  const rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);
  ::kill(::getpid(), number);
}

}  // namespace

CASE("multiprocessing.process.exitcode.signal", "or -N where signal N ended it") {
  each_method([](const Context& context) {
    std::vector<std::optional<int>> codes;
    for (const int number : {6, 9, 11, 15})
      codes.push_back(ended(context, kill_self, number).exitcode());
    log(codes);
  });
}

CASE("multiprocessing.process.exitcode.polled", "exitcode and is_alive() look without waiting") {
  each_method([](const Context& context) {
    const Process first = started(context, finish, 3);
    while (!first.exitcode()) std::this_thread::yield();
    log(first.exitcode(), first.is_alive());
    const Process second = started(context, finish, 4);
    while (second.is_alive()) std::this_thread::yield();
    log(second.exitcode());
  });
}

// ---- terminate(), kill()

namespace {

void wait_for_ever(const std::string& gate, const std::string& hello) {
  open_gate(hello);
  enter(gate);
}

template <class How>
void end(const Context& context, How how) {
  const Folder folder;
  const Process process =
      started(context, wait_for_ever, folder.gate("gate"), folder.gate("hello"));
  enter(folder.path("hello"));
  const bool alive = process.is_alive();
  how(process);
  process.join();
  log(alive, std::nullopt, std::nullopt, process.exitcode(), process.is_alive());
  log(is_active(process));
  how(process);
  log(std::nullopt, process.exitcode());
}

void terminate(const Process& process) { process.terminate(); }
void kill(const Process& process) { process.kill(); }

void ignore_terminate(const std::string& gate, const std::string& hello) {
  ::signal(SIGTERM, SIG_IGN);
  wait_for_ever(gate, hello);
}

// The destructor is what `finally` is.
struct NoteAtEnd {
  std::string path;
  ~NoteAtEnd() { note(path, "finally"); }
};

void note_at_end(const std::string& path, const std::string& gate, const std::string& hello) {
  const NoteAtEnd at_end{path};
  threading::Thread(enter, gate).start();
  wait_for_ever(gate, hello);
}

void note_orphaned(const std::string& gate, const std::string& hello, const std::string& path,
                   const std::string& held_path) {
  const Process parent = mp::parent_process().value();
  note(path, parent.is_alive());
  const int held = hold(held_path);
  open_gate(hello);
  parent.join();
  note(path, parent.is_alive());
  enter(gate);
  note(path, "goes on");
  ::close(held);
}

void have_child(const std::string& gate, const std::string& hello, const std::string& path,
                const std::string& held_path) {
  const Process process(note_orphaned, gate, hello, path, held_path);
  process.start();
  enter(gate + "-never");
}

}  // namespace

CASE("multiprocessing.process.terminate", "SIGTERM") {
  each_method([](const Context& context) { end(context, terminate); });
}

CASE("multiprocessing.process.kill", "SIGKILL") {
  each_method([](const Context& context) { end(context, kill); });
}

CASE("multiprocessing.process.terminate.ignored", "which can be ignored; SIGKILL cannot") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process =
        started(context, ignore_terminate, folder.gate("gate"), folder.gate("hello"));
    enter(folder.path("hello"));
    process.terminate();
    process.join(times::must_expire);
    log(process.is_alive());
    process.kill();
    process.join();
    log(process.exitcode());
  });
}

CASE("multiprocessing.process.terminate.no-finally",
     "no finally, no exit handler, no thread is waited for") {
  each_method([](const Context& context) {
    for (const auto how : {terminate, kill}) {
      const Folder folder;
      const Process process = started(context, note_at_end, folder.path("notes"),
                                      folder.gate("gate"), folder.gate("hello"));
      enter(folder.path("hello"));
      how(process);
      process.join();
      log(process.exitcode() < 0, std::filesystem::exists(folder.path("notes")));
    }
  });
}

CASE("multiprocessing.process.terminate.orphans", "its children go on, and see that it is gone") {
  each_method([](const Context& context) {
    const Folder folder;
    folder.gate("gate-never");
    UntilDropped dropped(folder.gate("held"));
    const Process process = started(context, have_child, folder.gate("gate"), folder.gate("hello"),
                                    folder.path("notes"), folder.path("held"));
    enter(folder.path("hello"));
    process.terminate();
    process.join();
    log(process.exitcode());
    open_gate(folder.path("gate"));
    dropped.wait();
    log_notes(folder.path("notes"));
  });
}

// ---- close()

CASE("multiprocessing.process.close.running", "a process that runs cannot be closed") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, enter, folder.gate("gate"));
    log(raised([&] { process.close(); }));
    log(process.is_alive());
    open_gate(folder.path("gate"));
    process.join();
    log(raised([&] { process.close(); }));
  });
}

CASE("multiprocessing.process.close.closed", "a closed one only has its name") {
  const Process process({.target = do_nothing, .name = "closed", .daemon = true});
  process.start();
  process.join();
  process.close();
  log(raised([&] { process.is_alive(); }));
  log(raised([&] { process.join(); }));
  log(raised([&] { process.terminate(); }));
  log(raised([&] { process.kill(); }));
  log(raised([&] { process.start(); }));
  log(raised([&] { process.exitcode(); }));
  log(raised([&] { process.pid(); }));
  log(raised([&] { process.ident(); }));
  log(raised([&] { process.sentinel(); }));
  Log{process.name(), process.daemon(), raised([&] { process.close(); })};
  const Process fresh(do_nothing);
  fresh.close();
  log(raised([&] { fresh.start(); }));
}

CASE("multiprocessing.process.close.unjoined", "a child that has ended needs no join() before") {
  each_method([](const Context& context) {
    const Process process = started(context, finish, 3);
    mp::connection::wait({process.sentinel()});
    while (raised([&] { process.close(); }) != "nothing") std::this_thread::yield();
    Log{raised([&] { process.join(); }), is_active(process)};
  });
}

// ---- repr()

namespace {

std::string parts_of(const Process& process) {
  return with(to_string(process), "parent=" + std::to_string(os::getpid()), "parent=PARENT");
}

std::string parts_of_started(const Process& process) {
  return with(parts_of(process), "pid=" + std::to_string(*process.pid()), "pid=CHILD");
}

}  // namespace

CASE("multiprocessing.process.repr", "name, number, parent, state, exit code, daemon") {
  {
    const Folder folder;
    const Process process(
        {.target = tandem::call(enter, folder.gate("gate")), .name = "it's", .daemon = true});
    log(parts_of(process));
    process.start();
    log(parts_of_started(process));
    open_gate(folder.path("gate"));
    process.join();
    log(parts_of_started(process));
    process.close();
    log(parts_of(process));
  }
  const Process killed(kill_self, SIGKILL);
  killed.start();
  killed.join();
  log(parts_of_started(killed));
  const Process left(leave, 3);
  left.start();
  left.join();
  log(parts_of_started(left));
  each_method([](const Context& context) { log(parts_of(context.Process({.name = "x"}))); });
}

// ---- sentinel

CASE("multiprocessing.process.sentinel", "a descriptor that is ready when the process has ended") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, enter, folder.gate("gate"));
    const std::vector sentinel{process.sentinel()};
    log(sentinel[0] >= 0, mp::connection::wait(sentinel, 0s));
    open_gate(folder.path("gate"));
    log(mp::connection::wait(sentinel, times::must_not_expire) == sentinel);
    process.join();
    log(mp::connection::wait(sentinel, times::must_not_expire) == sentinel,
        process.sentinel() == sentinel[0]);
  });
}

CASE("multiprocessing.process.sentinel.killed", "however it ended") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = started(context, enter, folder.gate("gate"));
    process.kill();
    const std::vector sentinel{process.sentinel()};
    log(mp::connection::wait(sentinel) == sentinel);
    process.join();
  });
}

// ---- current_process(), parent_process(), active_children(), cpu_count()

namespace {

void note_current(const std::string& path) {
  const Process current = mp::current_process();
  note(path, current.name(), current.is_alive(), current.daemon(), current.pid() == os::getpid());
  note(path, mp::active_children().empty() ? "[]" : "some");
  const auto thread = threading::current_thread();
  note(path, thread == threading::main_thread());
  note(path, thread.name(), threading::main_thread().native_id() == os::getpid());
}

void note_parent(const std::string& path, int pid) {
  const Process parent = mp::parent_process().value();
  note(path, parent.name(), parent.pid() == pid, parent.ident() == pid, parent.is_alive());
  parent.join(0s);
  note(path, parent.is_alive(), mp::connection::wait(std::vector{parent.sentinel()}, 0s));
  note(path, parent.exitcode(), parent.daemon());
}

}  // namespace

CASE("multiprocessing.process.current.main", "the main process is one too") {
  const Process main = mp::current_process();
  log(main.name(), main.daemon(), main.is_alive(), main.exitcode(), main.pid() == os::getpid(),
      main.ident() == os::getpid());
  log(mp::parent_process(), mp::active_children(), main == mp::current_process());
  Log{raised([&] { main.close(); }), main.is_alive()};
  log(main);
}

CASE("multiprocessing.process.current.child", "in a child it is the child") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process process = context.Process(
        {.target = tandem::call(note_current, folder.path("notes")), .name = "child"});
    process.start();
    process.join();
    log_notes(folder.path("notes"));
  });
}

CASE("multiprocessing.process.parent", "a child knows its parent") {
  each_method([](const Context& context) {
    const Folder folder;
    ended(context, note_parent, folder.path("notes"), os::getpid());
    log_notes(folder.path("notes"));
  });
}

CASE("multiprocessing.process.active-children",
     "those that live; asking for them reaps the others") {
  each_method([](const Context& context) {
    const Folder folder;
    const Process first = started(context, enter, folder.gate("first"));
    const Process second = started(context, enter, folder.gate("second"));
    log(std::vector{false, mp::active_children().size() == 2 && is_active(second)});
    open_gate(folder.path("first"));
    mp::connection::wait({first.sentinel()});
    while (mp::active_children().size() > 1) std::this_thread::yield();
    log(mp::active_children().at(0) == second, first.exitcode());
    open_gate(folder.path("second"));
    second.join();
    log(mp::active_children());
  });
}

CASE("multiprocessing.process.active-children.dropped",
     "a child that nobody names any more is still one") {
  const Folder folder;
  Process({.target = tandem::call(enter, folder.gate("gate")), .name = "dropped"}).start();
  const auto children = mp::active_children();
  Lines names;
  for (const Process& child : children) names.push_back(child.name());
  log(names);
  open_gate(folder.path("gate"));
  children.at(0).join();
  log(mp::active_children());
}

CASE("multiprocessing.process.cpu-count", "the number of the machine's processors") {
  log(mp::cpu_count() == os::cpu_count(), mp::cpu_count() >= 1);
}

// ---- the end of a child

namespace {

void note_end(const std::string& path, const std::string& folder, const std::string& name) {
  const int held = hold(folder + "/held-" + name);
  open_gate(folder + "/hello-" + name);
  enter(folder + "/gate-" + name);
  note(path, "end of child");
  ::close(held);
}

void open_both(const std::string& folder) {
  for (const std::string name : {"a", "b"}) open_gate(folder + "/gate-" + name);
}

void have_children(const std::string& path, const std::string& folder, bool daemon) {
  for (const std::string name : {"a", "b"}) {
    const Process process({.target = tandem::call(note_end, path, folder, name), .daemon = daemon});
    process.start();
    enter(folder + "/hello-" + name);
  }
  note(path, "end of parent");
  if (!daemon)
    threading::Thread({.target = tandem::call(open_both, folder), .daemon = true}).start();
}

void end_of_children(const Context& context, bool daemon) {
  const Folder folder;
  for (const std::string name : {"a", "b"})
    folder.gate("hello-" + name), folder.gate("gate-" + name);
  UntilDropped first(folder.gate("held-a")), second(folder.gate("held-b"));
  const Process process = started(context, have_children, folder.path("notes"), folder.top, daemon);
  process.join();
  first.wait();
  second.wait();
  log(process.exitcode());
  log_notes(folder.path("notes"));
}

void start_threads(const std::string& path, const std::string& gate) {
  threading::Thread([path] {
    threading::main_thread().join();
    note(path, "end of thread");
  }).start();
  threading::Thread({.target = tandem::call(enter, gate), .daemon = true}).start();
  note(path, "end of target");
}

void print_unfinished(const std::string& text) { std::fputs(text.c_str(), stdout); }

}  // namespace

CASE("multiprocessing.process.exit.joins-children",
     "a process waits for its children before it ends") {
  each_method([](const Context& context) { end_of_children(context, false); });
}

CASE("multiprocessing.process.exit.ends-daemons", "and ends those that are daemons") {
  each_method([](const Context& context) { end_of_children(context, true); });
}

CASE("multiprocessing.process.exit.joins-threads", "it waits for its threads, but for no daemon") {
  each_method([](const Context& context) {
    const Folder folder;
    log(ended(context, start_threads, folder.path("notes"), folder.gate("never")).exitcode());
    log_notes(folder.path("notes"));
  });
}

CASE("multiprocessing.process.exit.flushes", "what the child has printed is not lost") {
  for (const auto& method : all_methods) {
    log(method);
    Redirected out(1);
    ended(mp::get_context(method), print_unfinished, std::string("no end of line"));
    mp::detail::stop_helpers();
    log(repr(out.read()));
  }
}

CASE("multiprocessing.process.start.flushes",
     "nor printed twice what the parent had printed before") {
  Redirected out(1);
  std::fputs("once;", stdout);
  ended(mp::get_context("fork"), print_unfinished, std::string("child"));
  std::fflush(stdout);
  log(repr(out.read()));
}

namespace {

void note_standard_input(const std::string& path) {
  note(path, repr(std::string(std::istreambuf_iterator<char>(std::cin), {})));
}

// Descriptor 0 is the case's for a while.
class StandardInput {
 public:
  explicit StandardInput(int fd) : before_(checked(::fcntl(0, F_DUPFD_CLOEXEC, 20))) {
    checked(::dup2(fd, 0));
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() {
    ::dup2(before_, 0);
    ::close(before_);
  }

 private:
  int before_;
};

}  // namespace

CASE("multiprocessing.process.start.standard-input", "the standard input of a child is empty") {
  int ends[2];
  checked(::pipe2(ends, O_CLOEXEC));
  checked(static_cast<int>(::write(ends[1], "the parent's\n", 13)));
  {
    const StandardInput input(ends[0]);
    each_method([](const Context& context) {
      const Folder folder;
      ended(context, note_standard_input, folder.path("notes"));
      log_notes(folder.path("notes"));
    });
    std::array<char, 100> text{};
    const auto size = checked(static_cast<int>(::read(0, text.data(), text.size())));
    log(std::string_view(text.data(), static_cast<std::size_t>(size)) == "the parent's\n");
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

// ---- what a child has of its parent

namespace {

int counter = 1;

void note_counter(const std::string& path) { note(path, counter); }

void change_counter() { counter = 100; }

void note_directory(const std::string& path, const std::string& name) {
  note(path, std::filesystem::current_path() == name);
}

void note_descriptor(const std::string& path, int fd) {
  note(path, ::fcntl(fd, F_GETFD) >= 0 ? "open" : "closed");
}

void note_count(const std::string& path, const std::string& gate) {
  note(path, std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
  enter(gate);
}

}  // namespace

CASE("multiprocessing.process.start.globals",
     "under fork the globals as they are; else as the program begins") {
  counter = 2;
  each_method([](const Context& context) {
    const Folder folder;
    ended(context, note_counter, folder.path("notes"));
    log_notes(folder.path("notes"));
  });
}

CASE("multiprocessing.process.start.copies", "what the child changes is not changed here") {
  each_method([](const Context& context) {
    Log{ended(context, change_counter).exitcode(), counter};
  });
}

CASE("multiprocessing.process.start.directory",
     "the working directory and the environment are the parent's") {
  const auto before = std::filesystem::current_path();
  each_method([](const Context& context) {
    const Folder folder;
    std::filesystem::current_path(folder.top);
    ended(context, note_directory, folder.path("notes"), folder.top);
    log_notes(folder.path("notes"));
    std::filesystem::current_path("/");
  });
  std::filesystem::current_path(before);
}

CASE("multiprocessing.process.start.descriptors",
     "under fork the child has all descriptors; else none but its own") {
  const int fd = checked(::fcntl(0, F_DUPFD_CLOEXEC, 150));
  each_method([&](const Context& context) {
    const Folder folder;
    ended(context, note_descriptor, folder.path("notes"), fd);
    log_notes(folder.path("notes"));
  });
  ::close(fd);
}

CASE("multiprocessing.process.start.no-inflation",
     "the children do not get more and more of them") {
  each_other_method([](const Context& context) {
    const Folder folder;
    std::vector<Process> children;
    for (const std::string number : {"0", "1", "2", "3", "4"})
      children.push_back(
          started(context, note_count, folder.path("notes"), folder.gate("gate" + number)));
    for (const std::string number : {"0", "1", "2", "3", "4"})
      open_gate(folder.path("gate" + number));
    joined(children);
    const Lines notes = lines_of(folder.path("notes"));
    log(std::set(notes.begin(), notes.end()).size());
  });
}

// ---- threads and fork

namespace {

void note_thread(const std::string& path) {
  const auto current = threading::current_thread();
  note(path, current == threading::main_thread(), current.is_alive(), threading::active_count());
}

// What is logged meanwhile, without what kind of warning it is.
template <class Act>
Lines warned(Act act) {
  Lines lines;
  const auto before = tandem::log_sink([&](std::string_view message) {
    lines.push_back(with(std::string(message.substr(message.find(": ") + 2)),
                         std::to_string(os::getpid()), "PID"));
  });
  act();
  tandem::log_sink(before);
  return lines;
}

}  // namespace

CASE("multiprocessing.process.fork.thread",
     "the thread that forked is the child's main thread, and its only one") {
  const Folder folder;
  threading::Thread other(enter, folder.gate("gate"));
  other.start();
  warned([&] {
    threading::Thread thread(
        [&] { ended(mp::get_context("fork"), note_thread, folder.path("notes")); });
    thread.start();
    thread.join();
  });
  open_gate(folder.path("gate"));
  other.join();
  log_notes(folder.path("notes"));
}

CASE("multiprocessing.process.fork.warning", "a fork while there are other threads is warned of") {
  const Folder folder;
  log(warned([] { ended(mp::get_context("fork"), do_nothing); }));
  threading::Thread other(enter, folder.gate("gate"));
  other.start();
  each_method([](const Context& context) { log(warned([&] { ended(context, do_nothing); })); });
  open_gate(folder.path("gate"));
  other.join();
}

// ---- many

CASE("multiprocessing.process.many", "many children at once, each of them with its own end") {
  each_method([](const Context& context) {
    const int number = context.get_start_method() == "spawn" ? 5 : 50;
    std::vector<Process> children;
    for (int code = 0; code < number; ++code) children.push_back(started(context, finish, code));
    bool each = true;
    for (int code = 0; const auto& ended_with : joined(children)) each &= ended_with == code++;
    log(each);
    const Folder folder;
    children.clear();
    for (int code = 0; code < number; ++code)
      children.push_back(started(context, enter, folder.gate("gate" + std::to_string(code))));
    for (const Process& child : children) child.terminate();
    const auto codes = joined(children);
    log(std::set(codes.begin(), codes.end()));
  });
}

CASE("multiprocessing.process.many.threads", "several threads may start children") {
  warned([] {
    each_method([](const Context& context) {
      std::vector<std::thread> threads;
      std::array<std::array<std::optional<int>, 3>, 3> codes;
      for (auto& own : codes)
        threads.emplace_back([&] {
          for (int code = 0; auto& exitcode : own)
            exitcode = ended(context, finish, code++).exitcode();
        });
      for (auto& thread : threads) thread.join();
      for (const auto& own : codes)
        for (int code = 0; const auto& exitcode : own)
          EXPECT_EQ(exitcode, code++) << context.get_start_method();
    });
  });
}

namespace {

void note_recursion(const std::string& path, const std::vector<int>& id) {
  note(path, id, mp::get_start_method());
  if (id.size() == 2) return;
  for (int number = 0; number < 2; ++number) {
    std::vector<int> next = id;
    next.push_back(number);
    const Process process(note_recursion, path, next);
    process.start();
    process.join();
  }
}

}  // namespace

CASE("multiprocessing.process.nested",
     "children have children, under the start method of their parent") {
  each_method([](const Context& context) {
    mp::set_start_method(context.get_start_method(), true);
    const Folder folder;
    note_recursion(folder.path("notes"), {});
    log_notes(folder.path("notes"));
  });
}

// ---- exit handlers

namespace {

std::string exit_notes;  // where those of this process note that they were called

void at_exit_of_parent() {
  if (!exit_notes.empty()) note(exit_notes, "by the parent");
}

void register_at_exit(const std::string& path) {
  exit_notes = path;
  std::atexit([] { note(exit_notes, "first"); });
  std::atexit([] { note(exit_notes, "second"); });
  note(path, "end of target");
}

}  // namespace

CASE("multiprocessing.process.exit.handlers", "what a child registers is called at its end") {
  std::atexit(at_exit_of_parent);
  each_method([](const Context& context) {
    const Folder folder;
    exit_notes = folder.path("notes");
    log(ended(context, register_at_exit, folder.path("notes")).exitcode());
    log_notes(folder.path("notes"));
  });
  exit_notes.clear();
}

// ---- the end of the main program

CASE("multiprocessing.process.exit.main",
     "the main program ends its daemons and waits for its other children") {
  for (const auto& method : all_methods) {
    for (const std::string way : {"return", "exit", "exception"}) {
      log(method, way);
      const Folder folder;
      for (const auto* name : {"hello-child", "hello-daemon", "gate-child", "gate-daemon"})
        folder.gate(name);
      const Ended ended = run_program("multiprocessing/ends " + method + " " + folder.top + " " +
                                      way + " 2>/dev/null");
      log("status", ended.exit_code);
      log_notes(folder.path("notes"));
    }
  }
}
