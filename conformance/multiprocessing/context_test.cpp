// start methods: get_context, get_start_method, set_start_method, get_all_start_methods,
// set_executable, freeze_support
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/harness/run_program.hpp"
#include "conformance/multiprocessing/support.hpp"
#include "tandem/os.hpp"

using namespace tandem::conformance;
using mp::Context;
using mp::Process;

namespace {

const std::vector<std::string> all_methods{"fork", "spawn", "forkserver"};

std::optional<std::string> settled() { return mp::get_start_method(true); }

void do_nothing() {}

}  // namespace

// ---- which there are

CASE("multiprocessing.context.all", "fork, spawn, forkserver") { log(mp::get_all_start_methods()); }

CASE("multiprocessing.context.default", "fork, once somebody has asked") {
  log(settled());
  Log{mp::get_start_method(), settled()};
  log(raised([] { mp::set_start_method("spawn"); }));
  log(mp::get_start_method());
}

CASE("multiprocessing.context.default.get-context", "get_context() asks too") {
  Log{mp::get_context("spawn").get_start_method(), settled()};
  Log{mp::get_context().get_start_method(), settled()};
}

CASE("multiprocessing.context.set", "it is set once, or by force") {
  mp::set_start_method("spawn");
  log(mp::get_start_method(), mp::get_context().get_start_method());
  for (const auto* method : {"spawn", "fork"}) log(raised([&] { mp::set_start_method(method); }));
  for (const auto& method : all_methods) {
    mp::set_start_method(method, true);
    log(mp::get_start_method(), mp::get_context().get_start_method());
  }
  mp::set_start_method(std::nullopt, true);
  log(settled());
  mp::set_start_method("forkserver");
  log(mp::get_start_method());
}

CASE("multiprocessing.context.unknown", "a method that there is not") {
  for (const auto* method : {"xyz", "", "Fork"}) {
    log(raised([&] { mp::get_context(method); }));
    log(raised([&] { mp::set_start_method(method); }));
  }
  log(settled());
}

CASE("multiprocessing.context.fixed", "a context keeps its method") {
  for (const auto& method : all_methods) {
    const Context context = mp::get_context(method);
    log(context.get_start_method(), context.get_context() == context,
        context.get_context("spawn").get_start_method());
    log(raised([&] { context.set_start_method("spawn"); }));
    log(raised([&] { context.set_start_method("spawn", true); }));
    log(raised([&] { context.get_context("xyz"); }));
  }
  log(mp::get_context("fork") == mp::get_context("fork"));
  log(mp::get_context("fork") == mp::get_context("spawn"));
}

CASE("multiprocessing.context.functions", "a context has the functions of the module") {
  const Context context = mp::get_context("spawn");
  log(context.cpu_count() == mp::cpu_count(), context.current_process().name());
  log(context.parent_process(), context.active_children());
}

// ---- what a child sees

namespace {

void note_method(const std::string& path) {
  note(path, mp::get_start_method(), settled());
  note(path, raised([] { mp::set_start_method("fork"); }));
  note(path, mp::get_context("spawn").get_start_method());
}

}  // namespace

CASE("multiprocessing.context.child", "a child's method is that which it was started by") {
  each_method([](const Context& context) {
    const Folder folder;
    ended(context, note_method, folder.path("notes"));
    log_notes(folder.path("notes"));
  });
}

CASE("multiprocessing.context.late",
     "a process is started as is set by then, not as when it was made") {
  const Folder folder;
  const Process process(note_method, folder.path("notes"));
  mp::set_start_method("spawn");
  process.start();
  process.join();
  log_notes(folder.path("notes"));
}

// ---- set_executable()

CASE("multiprocessing.context.executable", "the program that is executed") {
  const Folder folder;
  const std::string script = folder.path("script"), notes = folder.path("notes");
  const std::string own = std::filesystem::read_symlink("/proc/self/exe");
  std::ofstream(script) << "#!/bin/sh\necho executed >>" << notes << "\nexec " << own
                        << " \"$@\"\n";
  checked(::chmod(script.c_str(), 0755));
  mp::set_executable(script);
  const auto act = [&](const Context& context) {
    Log{ended(context, do_nothing).exitcode(), std::filesystem::exists(notes)};
    std::filesystem::remove(notes);
  };
  each_method(act);
  mp::get_context("spawn").set_executable(own);
  act(mp::get_context("spawn"));
}

// ---- the fork server

namespace {

void note_system_parent(const std::string& path, const std::string& gate) {
  note(path, tandem::os::getppid());
  enter(gate);
}

// The system's parents of so many children that live at the same time.
std::set<int> parents(const Folder& folder, int number) {
  const Context context = mp::get_context("forkserver");
  std::vector<Process> children;
  std::vector<std::string> gates;
  for (int count = 0; count < number; ++count) {
    gates.push_back(folder.gate("gate" + std::to_string(count)));
    children.push_back(started(context, note_system_parent, folder.path("notes"), gates.back()));
  }
  for (const auto& gate : gates) {
    open_gate(gate);
    std::filesystem::remove(gate);
  }
  const auto codes = joined(children);
  std::set<int> found;
  std::ifstream notes(folder.path("notes"));
  for (int pid; notes >> pid;) found.insert(pid);
  std::filesystem::remove(folder.path("notes"));
  log(codes);
  return found;
}

}  // namespace

CASE("multiprocessing.context.forkserver.one", "one server forks all children") {
  const Folder folder;
  const auto first = parents(folder, 3);
  log(first.size(), first.contains(tandem::os::getpid()));
  log(parents(folder, 2) == first);
}

CASE("multiprocessing.context.forkserver.sigint", "an interrupt does not end it") {
  const Folder folder;
  const auto first = parents(folder, 1);
  ::kill(*first.begin(), SIGINT);
  log(parents(folder, 1) == first);
}

CASE("multiprocessing.context.forkserver.killed", "one that was killed has a successor") {
  const Folder folder;
  const auto first = parents(folder, 1);
  ::kill(*first.begin(), SIGKILL);
  // It stays to be waited for until its successor is wanted.
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(*first.begin()), &info, WEXITED | WNOWAIT);
  const auto second = parents(folder, 1);
  log(second == first, second.size());
}

namespace {

void wait_for_gate(const std::string& hello, const std::string& gate) {
  open_gate(hello);
  enter(gate);
}

}  // namespace

CASE("multiprocessing.context.forkserver.killed-meanwhile",
     "a child of it goes on; how it ends, nobody tells") {
  const Folder folder;
  const Process process = started(mp::get_context("forkserver"), wait_for_gate,
                                  folder.gate("hello"), folder.gate("gate"));
  enter(folder.path("hello"));
  const auto server = parents(folder, 1);
  ::kill(*server.begin(), SIGKILL);
  process.join(times::brief);
  EXPECT_TRUE(process.is_alive());
  EXPECT_EQ(process.exitcode(), std::nullopt);
  open_gate(folder.path("gate"));
  process.join();
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exitcode(), 255);
}

// ---- the beginning of the program

CASE("multiprocessing.context.begins-anew",
     "spawn begins the program again, but not its main part") {
  for (const auto& method : all_methods) {
    log(method);
    const Folder folder;
    run_program("multiprocessing/guarded " + method + " " + folder.path("notes"));
    log_notes(folder.path("notes"));
  }
}

CASE("multiprocessing.context.unguarded",
     "who starts a process where the program begins is told, and does not go on for ever") {
  for (const auto& method : all_methods) {
    const Folder folder;
    const Ended program =
        run_program("multiprocessing/unguarded " + method + " process 2>" + folder.path("err"));
    auto out = lines_of(program);
    std::sort(out.begin(), out.end());
    log(method, out, program.exit_code);
    log(advice_in(folder.path("err")));
  }
}

CASE("multiprocessing.context.freeze-support.nothing",
     "in a process that nobody spawned it does nothing") {
  std::string name = "program", argument = "--case=x";
  std::array<char*, 3> arguments{name.data(), argument.data(), nullptr};
  mp::freeze_support(2, arguments.data());
  mp::freeze_support(1, arguments.data());
  log(std::nullopt, std::nullopt);
  mp::get_context("spawn").freeze_support(2, arguments.data());
  log(std::nullopt);
}
