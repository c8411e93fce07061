// posix_spawn and waitpid.
#include <spawn.h>

#include "posix.hpp"

namespace bench {
namespace {

struct Spawner {
  int run(const Words& words) {
    pid_t child = 0;
    if (::posix_spawn(&child, words[0].c_str(), nullptr, nullptr, pointers(words).data(),
                      environ) != 0)
      throw Broken("posix_spawn failed");
    return wait_for(child);
  }
};

const bool entered = [] {
  enter_spawner<Spawner>("posix_spawn", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
