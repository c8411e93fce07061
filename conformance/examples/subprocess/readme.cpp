// The README's example of tandem::subprocess.
// [example]
#include <iostream>
#include <tandem/subprocess.hpp>

using namespace std::chrono_literals;
namespace subprocess = tandem::subprocess;
using subprocess::PIPE;

int main() {
  auto listing = subprocess::run({"ls", "/dev/null"}, {.capture_output = true, .check = true});
  std::cout << *listing.stdout_;

  try {
    subprocess::run({"sleep", "5"}, {.timeout = 50ms});  // the child is killed and reaped
  } catch (const subprocess::TimeoutExpired& error) {
    std::cout << error.what() << '\n';
  }
  try {
    subprocess::check_call({"no-such-command"});
  } catch (const tandem::FileNotFoundError& error) {
    std::cout << error.what() << '\n';
  }

  subprocess::Popen words({"printf", "pear\napple\n"}, {.stdout_ = PIPE});
  subprocess::Popen sorted({"sort"}, {.stdin_ = words.stdout_(), .stdout_ = PIPE});
  words.stdout_().close();  // only `sort` has it now
  for (const std::string& line : sorted.stdout_()) std::cout << "sorted: " << line;
  std::cout << "ended: " << words.wait() << ' ' << sorted.wait() << '\n';
}
// [/example]
