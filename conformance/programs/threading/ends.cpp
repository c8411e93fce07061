// The ways in which a program ends while a thread that is no daemon runs.
//
//   ends WAY   return, exit, exception, system-exit; bare-exception: without a main_scope
#include <cstdlib>
#include <optional>
#include <string_view>

#include "conformance/programs/threading/say.hpp"
#include "tandem/threading.hpp"

namespace threading = tandem::threading;

int main(int, char** arguments) {
  const std::string_view way = arguments[1];
  std::optional<tandem::main_scope> scope;
  if (way != "bare-exception") scope.emplace();
  threading::Thread([] {
    threading::main_thread().join();
    say("end of thread");
  }).start();
  say("end of main");
  if (way == "exit") std::exit(3);
  if (way == "system-exit") throw tandem::SystemExit(3);
  if (way != "return") throw tandem::ValueError("boom");
}
