// fork() and waitpid(), and nothing around them.
#include <sys/wait.h>
#include <unistd.h>

#include "../../harness/start_rows.hpp"

namespace bench {
namespace {

const bool entered = [] {
  enter_start("process.fork", "raw", Kind::peer, kProcessStarts, [] {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    int status = 0;
    if (child == -1 || ::waitpid(child, &status, 0) != child || status != 0)
      throw Broken("the process failed");
  });
  return true;
}();

}  // namespace
}  // namespace bench
