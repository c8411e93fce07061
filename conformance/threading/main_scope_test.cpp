// main_scope, and every other way in which a program ends.
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/harness/run_program.hpp"
#include "conformance/threading/exits.hpp"
#include "conformance/threading/support.hpp"

using namespace tandem::conformance;
namespace threading = tandem::threading;

namespace {

using Lines = std::vector<std::string>;

Ended ended(std::string_view program) {
  return run_program("threading/" + std::string(program) + " 2>&1");
}

void log_program(std::string_view program) {
  const Ended end = ended(program);
  for (const auto& line : lines_of(end)) tandem::conformance::log(line);
  tandem::conformance::log("status", end.exit_code);
}

Lines after_success(std::string_view program) {
  const Ended end = ended(program);
  EXPECT_EQ(end.exit_code, 0) << end.printed;
  return lines_of(end);
}

}  // namespace

CASE("threading.main-scope.return", "main() returns: the thread is joined") {
  log_program("ends return");
}

CASE("threading.main-scope.exit", "exit() in main(): so it is") { log_program("ends exit"); }

CASE("threading.main-scope.exception", "an exception leaves main(): printed first, and status 1") {
  log_program("ends exception");
}

CASE("threading.main-scope.system-exit", "SystemExit leaves main(): its status, without a word") {
  log_program("ends system-exit");
}

CASE("threading.main-scope.bare-exception", "without a main_scope that is std::terminate()") {
  const Ended end = ended("ends bare-exception");
  EXPECT_NE(end.exit_code, 0);
  EXPECT_NE(end.printed.find("terminat"), std::string::npos) << end.printed;  // each library's word
  EXPECT_EQ(end.printed.find("end of thread"), std::string::npos);
}

CASE("threading.main-scope.executors-first", "pools finish before threads are joined") {
  log_program("executors_first");
}

CASE("threading.main-scope.later-statics", "all statics outlive the threads, and older locals do") {
  EXPECT_EQ(after_success("later_statics"),
            (Lines{"younger local", "thread", "older local", "later static"}));
}

CASE("threading.main-scope.only-one", "a second one at the same time is refused") {
  EXPECT_EQ(said_until_exit([](Child& child) {
              tandem::main_scope scope;
              child.say(raised([] { tandem::main_scope second; }));
            }),
            (Lines{"RuntimeError: there is a main_scope already"}));
}

CASE("threading.main-scope.daemons-in-statics", "daemons may use statics until the very end") {
  for (int turn = 0; turn < 20; ++turn)
    EXPECT_EQ(after_success("daemons_in_statics"), (Lines{"end of main"}));
}

CASE("threading.main-scope.foreign-in-statics", "so may foreign threads that never wait") {
  EXPECT_EQ(after_success("foreign_in_statics"), (Lines{"end of main", "it still works"}));
}

CASE("threading.main-scope.user-terminate-handler", "a main_scope puts back what it has changed") {
  EXPECT_EQ(said_until_exit([](Child& child) {
              const auto before = std::get_terminate();
              const std::terminate_handler own = [] { std::_Exit(7); };
              { const tandem::main_scope scope; }
              child.say(repr(std::get_terminate() == before));
              {
                const tandem::main_scope scope;
                std::set_terminate(own);
              }
              child.say(repr(std::get_terminate() == own));
            }),
            (Lines{"True", "True"}));
}

CASE("threading.main-scope.daemon-stays", "a daemon that waits then never comes back") {
  EXPECT_EQ(after_success("daemon_stays"), (Lines{"end of main", "end"}));
}

CASE("threading.main-scope.start-exit-races", "the program ends while threads come and go") {
  EXPECT_EQ(after_success("start_exit_races 100 10"), (Lines{"all joined"}));
}

CASE("threading.main-scope.exit-in-thread",
     "exit() in a thread joins all others but the main one") {
  EXPECT_EQ(said_until_exit([](Child& child) {
              static threading::Event go;
              threading::Thread([&] {
                go.wait();
                threading::Event().wait(times::brief);
                child.say("end of other");
              }).start();
              threading::Thread([&] {
                go.set();
                std::exit(0);
              }).start();
              threading::Event().wait();
            }),
            (Lines{"end of other"}));
}
