// What is wrong on purpose with children: not executed, not waited for, failed, or heard wrongly.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "../harness/process_rows.hpp"

namespace bench {
namespace {

enum class Fault { none, missing, copies, killed, unheard, swaps, doubles, failed };

int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -WTERMSIG(wait_status);
}

template <Fault fault>
struct Spawner {
  int run(const Words& words) {
    const char* program = fault == Fault::missing ? "/nowhere" : words[0].c_str();
    // A copy that the system makes page by page has, on a busy machine, nearly as many page faults
    // as a program.
    const pid_t child = fault == Fault::copies ? ::vfork() : ::fork();
    if (child == 0) {
      if (fault == Fault::killed) ::kill(::getpid(), SIGKILL);
      if (fault != Fault::copies) ::execl(program, program, nullptr);
      ::_exit(fault == Fault::copies ? 0 : 127);
    }
    if (fault == Fault::unheard) return 0;
    int status = 0;
    ::waitpid(child, &status, 0);
    return status_of(status);
  }
};

template <Fault fault>
class Capture {
 public:
  int run(const Words& words, std::size_t) {
    const std::string blocks = fault == Fault::failed ? "1 2" : words[2];
    std::FILE* pipe = ::popen((words[0] + " 1 " + blocks).c_str(), "r");
    for (int byte; (byte = std::fgetc(pipe)) != EOF;) output_ += static_cast<char>(byte);
    if (fault == Fault::unheard) output_.pop_back();
    if (fault == Fault::doubles) output_ += output_.back();
    if (fault == Fault::swaps) std::swap(output_.front(), output_.back());
    return status_of(::pclose(pipe));
  }
  std::string_view output(std::size_t) const { return output_; }

 private:
  std::string output_;
};

template <Fault fault>
void enter_spawning(const std::string& impl) {
  Registry::instance().add({"test.spawn", impl, Kind::peer, [](const Plan& plan) {
                              return one_by_one<Spawner<fault>>(plan, kChildren);
                            }});
}

template <Fault fault>
void enter_capturing(const std::string& impl) {
  enter_capture<Capture<fault>>("test.capture", impl, Kind::peer, 1);
}

const bool entered = [] {
  enter_spawning<Fault::none>("right");
  enter_spawning<Fault::missing>("missing");
  enter_spawning<Fault::copies>("copying");
  enter_spawning<Fault::killed>("killed");
  enter_spawning<Fault::unheard>("unwaited");
  enter_capturing<Fault::none>("right");
  enter_capturing<Fault::unheard>("dropping");
  enter_capturing<Fault::swaps>("swapping");
  enter_capturing<Fault::doubles>("doubling");
  enter_capturing<Fault::failed>("failed");
  return true;
}();

}  // namespace
}  // namespace bench
