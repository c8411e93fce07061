// Python's subprocess.run and CompletedProcess.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/subprocess/command.hpp"
#include "tandem/subprocess/popen.hpp"

namespace tandem::inline v1::subprocess {

// run()'s own parameters first, then Popen's in Popen's order, with Popen's meanings. Also for
// call(), check_call() and check_output(), which refuse what Python's refuse.
struct RunOptions {
  std::optional<std::string> input{};  // for the child's stdin
  bool capture_output = false;         // stdout_ and stderr_ are PIPEs
  Timeout timeout{};                   // longest run; then the child is killed
  bool check = false;                  // CalledProcessError unless the child succeeds

  int bufsize = -1;
  std::optional<std::filesystem::path> executable{};
  Stdio stdin_{};
  Stdio stdout_{};
  Stdio stderr_{};
  std::function<void()> preexec_fn{};
  bool close_fds = true;
  bool shell = false;
  std::optional<std::filesystem::path> cwd{};
  Env env{};
  std::optional<bool> universal_newlines{};
  std::optional<StartupInfo> startupinfo{};
  int creationflags = 0;
  bool restore_signals = true;
  bool start_new_session = false;
  std::vector<int> pass_fds{};
  std::optional<UserOrId> user{};
  std::optional<UserOrId> group{};
  std::optional<std::vector<UserOrId>> extra_groups{};
  std::optional<std::string> encoding{};
  std::optional<std::string> errors{};
  std::optional<bool> text{};
  int umask = -1;
  int pipesize = -1;
  std::optional<int> process_group{};
  bool kill_group = false;
};

// A value: a child that has ended.
struct TANDEM_API CompletedProcess {
  Command args;
  int returncode = 0;  // minus the signal's number, of a child that a signal has killed
  std::optional<std::string> stdout_{};  // none (not captured) is not the empty string
  std::optional<std::string> stderr_{};
  bool text = false;  // whether they are text: Python prints bytes as b'…'

  // Throws   CalledProcessError, unless the returncode is zero.
  // Spec     subprocess.run.check-returncode
  void check_returncode() const;

  // Python's repr: "CompletedProcess(args=['ls'], returncode=0)".
  TANDEM_API friend std::string to_string(const CompletedProcess& process);
  friend std::ostream& operator<<(std::ostream& out, const CompletedProcess& process) {
    return out << to_string(process);
  }
};

// Starts a child, communicates with it, and waits until it has ended.
// Throws   what Popen's constructor throws; TimeoutExpired, after the child was killed and reaped;
//          CalledProcessError (check); ValueError (input with stdin_, capture_output with stdout_
//          or stderr_).
// Threads  any number at once.
// Spec     subprocess.run
TANDEM_API CompletedProcess run(Command args, RunOptions options = {});

}  // namespace tandem::inline v1::subprocess
