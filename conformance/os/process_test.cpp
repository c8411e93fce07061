// os::getpid, getppid, cpu_count, environ
#include "tandem/os/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "conformance/harness/case.hpp"
#include "conformance/harness/redirected.hpp"
#include "tandem/os/system.hpp"

using namespace tandem::conformance;
namespace os = tandem::os;

CASE("os.process.getpid", "the number by which children know us") {
  Redirected out(1);
  os::system("echo $PPID");
  Log{std::stoi(out.read()) == os::getpid(), os::getpid() > 1};
}

CASE("os.process.getppid", "the number of who started us") {
  const int own = os::getpid();
  const auto child = ::fork();
  if (child == 0) ::_exit(os::getppid() == own ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  log(status == 0);
}

CASE("os.process.cpu-count", "a number from 1 on, or None where nobody knows") {
  const auto count = os::cpu_count();
  Log{!count || *count >= 1, count == static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN))};
}

CASE("os.process.environ", "the variables and their values") {
  ::setenv("TANDEM_HELLO", "World", 1);
  ::setenv("TANDEM_EMPTY", "", 1);
  ::setenv("TANDEM_EQUALS", "a=b=c", 1);
  const auto variables = os::environ();
  Log{variables.at("TANDEM_HELLO"), repr(variables.at("TANDEM_EMPTY")),
      variables.at("TANDEM_EQUALS")};
  Log{variables.contains("TANDEM_NEVER"), variables.at("PATH") == std::getenv("PATH")};
  ::unsetenv("TANDEM_HELLO");
  Log{os::environ().contains("TANDEM_HELLO"), variables.contains("TANDEM_HELLO")};
}
