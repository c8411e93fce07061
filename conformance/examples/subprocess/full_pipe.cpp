// The danger of a pipe that nobody reads (lines 437 to 447 of the document), shown: a child that
// has filled it never ends, so wait() would not either; communicate() reads while it waits. And
// what is no danger (449): a list with shell=True.
#include <iostream>
#include <tandem/subprocess.hpp>

using namespace std::chrono_literals;
namespace subprocess = tandem::subprocess;
using subprocess::PIPE;

int main() {
  const subprocess::Command zeros{"head", "-c", "1000000", "/dev/zero"};

  subprocess::Popen child(zeros, {.stdout_ = PIPE});
  try {
    child.wait(200ms);
  } catch (const subprocess::TimeoutExpired&) {
    std::cout << "wait: the child is blocked\n";
  }
  const auto out = child.communicate().out;
  std::cout << "communicate: " << out->size() << " bytes, returncode " << *child.returncode()
            << '\n';

  try {
    subprocess::call(zeros, {.timeout = 200ms, .stdout_ = PIPE});
  } catch (const subprocess::TimeoutExpired&) {
    std::cout << "call: the child was blocked\n";
  }
  std::cout << "check_output: " << subprocess::check_output(zeros).size() << " bytes\n";

  std::cout << "a list for the shell: "
            << subprocess::check_output({"echo $0 $1", "one", "two"}, {.shell = true});
}
