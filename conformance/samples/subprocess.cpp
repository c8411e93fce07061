#include <iostream>
#include <string>
#include <tandem/os.hpp>
#include <tandem/subprocess.hpp>
#include <vector>

#include "support.hpp"

using namespace std::chrono_literals;
namespace os = tandem::os;
namespace subprocess = tandem::subprocess;
using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::Popen;

void shell_commands() {
  int result = os::system("pwd -P");
  print("exit code:", os::waitstatus_to_exitcode(result));

  auto c = os::popen("pwd -P", {.mode = "r", .buffering = -1});
  std::cout << c.read();
  c.close();

  auto listing = os::popen("ls -l");
  for (const std::string& line : listing) std::cout << line;
  if (auto status = listing.close()) print("failed:", *status);

  auto writer = os::popen("cat", {.mode = "w"});
  writer.write("hello from a pipe\n");
}

void run() {
  print(subprocess::run({"ls", "-l"}));  // CompletedProcess(args=['ls', '-l'], returncode=0)
  subprocess::run("exit 1", {.shell = true});

  auto listing =
      subprocess::run({"ls", "-l", "/dev/null"}, {.capture_output = true, .check = true});
  print(*listing.stdout_);

  auto upper = subprocess::run({"tr", "a-z", "A-Z"}, {.input = "hello\n", .stdout_ = PIPE});
  print(*upper.stdout_, "stderr captured:", upper.stderr_.has_value());

  subprocess::run({"env"}, {.stdout_ = DEVNULL, .cwd = "/", .env = {{"LANG", "C"}}});
}

void calls() {
  int returncode = subprocess::call({"sleep", "0.01"});
  print("sleep returned", returncode);
  subprocess::check_call("whoami");
  std::cout << subprocess::check_output({"id", "-u"});

  try {
    subprocess::check_call("exit 3", {.shell = true});
  } catch (const subprocess::CalledProcessError& e) {
    print(e.cmd(), "returned", e.returncode());
  }
  try {
    subprocess::run({"sleep", "5"}, {.timeout = 50ms});
  } catch (const subprocess::TimeoutExpired& e) {
    print(e.what());
  }
  try {
    subprocess::run({"no-such-command"});
  } catch (const tandem::FileNotFoundError& e) {
    print(e.what());  // [Errno 2] No such file or directory: 'no-such-command'
  }
}

void popen() {
  Popen p({"id", "-u"});
  print("pid", p.pid(), "returned", p.wait());

  Popen cat({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = subprocess::STDOUT});
  try {
    auto [outs, errs] = cat.communicate({.input = "hello\n", .timeout = 15s});
    std::cout << *outs;
  } catch (const subprocess::TimeoutExpired&) {
    cat.kill();
    auto [outs, errs] = cat.communicate();
  }

  Popen lines({"printf", "one\ntwo\n"}, {.stdout_ = PIPE});
  for (const std::string& line : lines.stdout_()) std::cout << "got " << line;
}

void pipeline() {
  Popen p1({"ls", "-l", "/"}, {.stdout_ = PIPE});
  Popen p2({"grep", "usr"}, {.stdin_ = p1.stdout_(), .stdout_ = PIPE});
  p1.stdout_().close();  // p1 receives a SIGPIPE if p2 exits
  auto [output, errors] = p2.communicate();
  std::cout << *output;
}

void many() {
  std::vector<Popen> children;
  for (int i : range(3)) children.push_back(Popen({"echo", "child " + std::to_string(i)}));
  for (auto& child : children) child.wait();

  Popen sleeper({"sleep", "100"});
  sleeper.terminate();
  print("ended by signal", -sleeper.wait());
}

int main() {
  shell_commands();
  run();
  calls();
  popen();
  pipeline();
  many();
}
