// The least that there is to do: vfork, exec, waitpid, and a loop of reads. The child inherits what
// it likes, and of what went wrong there is 127.
#include <fcntl.h>
#include <poll.h>

#include <array>

#include "posix.hpp"

namespace bench {
namespace {

[[noreturn]] void execute(char* const* words) {
  ::execve(words[0], words, environ);
  ::_exit(127);
}

struct Spawner {
  int run(const Words& words) {
    const auto list = pointers(words);
    const pid_t child = ::vfork();
    if (child == 0) execute(list.data());
    return wait_for(child);
  }
};

class Capture {
 public:
  int run(const Words& words, std::size_t pipes) {
    const auto list = pointers(words);
    std::array<std::array<int, 2>, 2> ends{};
    for (std::size_t i = 0; i < pipes; ++i)
      if (::pipe2(ends[i].data(), O_CLOEXEC) != 0) throw Broken("no pipe");
    const pid_t child = ::vfork();
    if (child == 0) {
      for (std::size_t i = 0; i < pipes; ++i) ::dup2(ends[i][1], static_cast<int>(i) + 1);
      execute(list.data());
    }
    for (std::size_t i = 0; i < pipes; ++i) ::close(ends[i][1]);
    if (pipes == 1)
      while (output_[0].read_from(ends[0][0])) {
      }
    else
      read_both({pollfd{ends[0][0], POLLIN, 0}, pollfd{ends[1][0], POLLIN, 0}});
    for (std::size_t i = 0; i < pipes; ++i) ::close(ends[i][0]);
    return wait_for(child);
  }
  std::string_view output(std::size_t pipe) const { return output_[pipe].view(); }

 private:
  void read_both(std::array<pollfd, 2> polled) {
    for (int open = 2; open > 0;) {
      if (::poll(polled.data(), polled.size(), -1) < 0) continue;
      for (std::size_t i = 0; i < polled.size(); ++i)
        if (polled[i].revents != 0 && !output_[i].read_from(polled[i].fd)) {
          polled[i].fd = -1;  // no longer looked at
          --open;
        }
    }
  }

  std::array<Bytes, 2> output_;
};

class Shell {
 public:
  int read(const std::string& command) { return capture_.run({"/bin/sh", "-c", command}, 1); }
  std::string_view output() const { return capture_.output(0); }

 private:
  Capture capture_;
};

const bool entered = [] {
  enter_spawner<Spawner>("raw", Kind::peer);
  enter_capture<Capture>("raw", Kind::peer);
  enter_shell<Shell>("raw", Kind::limit);  // does not look whether it is text
  return true;
}();

}  // namespace
}  // namespace bench
