// The document's examples of run, call, check_call and check_output (lines 367, 388, 398 and 408),
// mended: nobody waits for 233 seconds; what run() prints is the command that was run, not another;
// and `whoami` prints who runs the example.
#include <iostream>
#include <tandem/subprocess.hpp>

namespace subprocess = tandem::subprocess;

int main() {
  const auto p = subprocess::run({"sleep", "0.01"});
  std::cout << p << '\n';

  const int process = subprocess::call({"sleep", "0.01"});
  std::cout << "call: " << process << '\n';

  std::cout << "check_call: " << subprocess::check_call("true") << '\n';
  try {
    subprocess::check_call("exit 3", {.shell = true});
  } catch (const subprocess::CalledProcessError& error) {
    std::cout << error.what() << " (" << error.returncode() << ")\n";
  }

  const std::string name = subprocess::check_output("whoami");
  std::cout << "check_output: " << (name.back() == '\n' ? "a line" : "?") << '\n';
  try {
    subprocess::check_output("echo so far; exit 4", {.shell = true});
  } catch (const subprocess::CalledProcessError& error) {
    std::cout << error.returncode() << ": " << *error.output();
  }
}
