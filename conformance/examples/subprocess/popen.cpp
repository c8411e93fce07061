// The document's examples of subprocess.Popen (lines 331, 422 and 430) and the methods that it
// lists (336 to 341), mended: `id -u` prints who runs the example, so it is asked for by itself.
#include <iostream>
#include <tandem/subprocess.hpp>

using namespace std::chrono_literals;
namespace subprocess = tandem::subprocess;
using subprocess::PIPE;
using subprocess::Popen;

int main() {
  Popen p({"id", "-u"}, {.stdout_ = PIPE});
  const auto user = p.communicate().out;
  std::cout << "args: " << p.args() << ", returncode: " << *p.returncode() << '\n';

  Popen same("id -u", {.stdout_ = PIPE, .shell = true});
  std::cout << "the same: " << (same.communicate().out == user ? "True" : "False") << '\n';

  Popen sleeper({"sleep", "233"});
  std::cout << "poll: " << (sleeper.poll() ? "ended" : "None") << '\n';
  try {
    sleeper.wait(100ms);
  } catch (const subprocess::TimeoutExpired& error) {
    std::cout << error.what() << '\n';
  }
  sleeper.terminate();
  std::cout << "wait: " << sleeper.wait() << '\n';

  Popen upper({"tr", "a-z", "A-Z"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  const auto [out, err] = upper.communicate({.input = "there and back\n"});
  std::cout << *out;
}
