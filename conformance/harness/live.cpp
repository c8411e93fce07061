#include "conformance/harness/live.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "conformance/harness/hangs.hpp"
#include "conformance/harness/times.hpp"

extern char** environ;

namespace tandem::conformance {
namespace {

namespace fs = std::filesystem;

// A folder for what the case's process tells and prints; gone when the parent has read it.
class Scratch {
 public:
  Scratch() {
    std::string pattern = fs::temp_directory_path() / "tandem-case-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for " + pattern);
    folder_ = pattern;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path result() const { return folder_ / "result.json"; }
  fs::path output() const { return folder_ / "output.txt"; }

 private:
  fs::path folder_;
};

class FileActions {
 public:
  explicit FileActions(const fs::path& output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, output.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

pid_t start(const std::string& id, const Scratch& scratch) {
  std::string executable = this_executable();
  std::string which = "--case=" + id;
  std::string where = "--result-file=" + scratch.result().string();
  std::array<char*, 4> arguments{executable.data(), which.data(), where.data(), nullptr};
  const FileActions actions(scratch.output());
  pid_t child = 0;
  if (posix_spawn(&child, executable.c_str(), actions.get(), nullptr, arguments.data(), environ) !=
      0) {
    throw std::runtime_error("cannot start " + executable);
  }
  return child;
}

// False when the time is up; then it has been told where the child waits, and it has been killed.
bool wait_for(pid_t child, const std::string& id, int& status) {
  const auto deadline = now() + std::chrono::duration<double>(case_seconds());
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (now() > deadline) {
      tell_where_it_waits(child, id, case_seconds());
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) {
    return "killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

std::string output_of(const Scratch& scratch) {
  std::ifstream in(scratch.output());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// What was printed last tells most about a process that never told its result.
std::string end_of(const std::string& output) {
  constexpr std::size_t most = 2000;
  return output.size() <= most ? output : "..." + output.substr(output.size() - most);
}

}  // namespace

double case_seconds() {
  const char* named = std::getenv("TANDEM_CASE_SECONDS");
  return named != nullptr ? std::strtod(named, nullptr) : 90.0 * time_scale();
}

Result run_in_own_process(const std::string& id) {
  const Scratch scratch;
  int status = 0;
  const bool in_time = wait_for(start(id, scratch), id, status);
  Result result;
  result.id = id;
  const bool told = read_result(scratch.result(), result);
  if (!in_time) {
    result.status = "TIMEOUT";
    result.message = "no end after " + std::to_string(case_seconds()) + " s";
  } else if (!told || (status != 0 && result.status != "FAIL")) {
    result.status = "CRASH";
    result.message = describe(status);
  }
  const std::string output = output_of(scratch);
  if (status != 0) std::cout << output << std::flush;
  if (result.status == "CRASH" || result.status == "TIMEOUT")
    result.message += "\n" + end_of(output);
  return result;
}

}  // namespace tandem::conformance
