// os::system, os::waitstatus_to_exitcode
#include "tandem/os/system.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "conformance/harness/case.hpp"
#include "conformance/harness/redirected.hpp"

using namespace tandem::conformance;
namespace os = tandem::os;

namespace {

std::atomic<int> interrupts{0}, quits{0};

void count(int number) { ++(number == SIGINT ? interrupts : quits); }

// The handler of a signal, for a scope.
class Handled {
 public:
  explicit Handled(int number) : number_(number) {
    struct sigaction action = {};
    action.sa_handler = count;
    ::sigaction(number_, &action, &before_);
  }
  Handled(const Handled&) = delete;
  Handled& operator=(const Handled&) = delete;
  ~Handled() { ::sigaction(number_, &before_, nullptr); }

 private:
  int number_;
  struct sigaction before_;
};

}  // namespace

CASE("os.system.status", "the wait status: the exit code times 256, or the number of the signal") {
  for (const auto* command :
       {"true", "exit 0", "exit 3", "exit 42", "exit 255", "exit 256", "kill -9 $$", "kill -15 $$"})
    Log{command, os::system(command)};
  log(os::system("/no/such/command 2>/dev/null"));
}

CASE("os.system.shell", "the command is a shell's") {
  Redirected out(1);
  const int status =
      os::system("x=3; echo $((x + 4)) | tr 7 y; pwd -P >/dev/null && printf '[%s]' 'a  b' \"$0\"");
  const std::string said = out.read();
  log(status);
  log(said);
}

CASE("os.system.streams", "what it writes goes where ours goes: each stream to its own") {
  {
    Redirected out(1), err(2);
    os::system("echo out; echo err >&2");
    const std::string said = out.read(), complained = err.read();
    Log{repr(said), repr(complained)};
  }
  Redirected out(1);
  std::ostringstream elsewhere;
  auto* const replaced = std::cout.rdbuf(elsewhere.rdbuf());
  os::system("echo out");
  std::cout.rdbuf(replaced);
  log(repr(out.read()));
}

CASE("os.system.blocks", "it returns when the command has ended") {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  log(os::system("printf done >&" + std::to_string(ends[1]) + "; exit 3"));
  ::close(ends[1]);
  char said[100];
  log(std::string(said, static_cast<std::size_t>(::read(ends[0], said, sizeof said))));
  ::close(ends[0]);
}

CASE("os.system.environment", "it sees our variables and our directory, and changes neither") {
  ::setenv("TANDEM_HELLO", "World", 1);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path("/");
  Redirected out(1);
  os::system("echo $TANDEM_HELLO; pwd -P; cd /etc; TANDEM_HELLO=changed");
  Log{repr(out.read()), std::getenv("TANDEM_HELLO"), std::filesystem::current_path().string()};
  std::filesystem::current_path(before);
}

CASE("os.system.null-byte", "a null byte is a ValueError, and nothing is run") {
  log(raised([] { os::system(std::string("echo run >&2\0", 13)); }));
}

CASE("os.system.interrupt",
     "meanwhile SIGINT and SIGQUIT are the command's alone; afterwards they are as before") {
  const Handled interrupt(SIGINT), quit(SIGQUIT);
  const auto came = [] {
    std::vector<int> numbers;
    if (interrupts > 0) numbers.push_back(SIGINT);
    if (quits > 0) numbers.push_back(SIGQUIT);
    return numbers;
  };
  Log{os::system("kill -INT $PPID; kill -QUIT $PPID; exit 3"), came()};
  log(os::system("kill -INT $$"));
  ::kill(::getpid(), SIGINT);
  ::kill(::getpid(), SIGQUIT);
  log(came());
}

CASE("os.system.exitcode", "waitstatus_to_exitcode: the exit code, or minus the signal") {
  for (const int status : {0, 3 << 8, 255 << 8, 9, 15, 6 | 0x80})
    Log{status, os::waitstatus_to_exitcode(status)};
  Log{os::waitstatus_to_exitcode(os::system("exit 23")),
      os::waitstatus_to_exitcode(os::system("kill -9 $$"))};
}

CASE("os.system.exitcode-invalid", "what is neither ended nor killed is a ValueError") {
  for (const int status : {0x7F | 19 << 8, 0x7F | 5 << 8, 0xFFFF})
    log(raised([&] { os::waitstatus_to_exitcode(status); }));
}
