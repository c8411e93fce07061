// Python's subprocess.Popen.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <ranges>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/core/abandon.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/subprocess/command.hpp"
#include "tandem/subprocess/pipe_file.hpp"

namespace tandem::inline v1::subprocess {

enum class Special { PIPE = -1, STDOUT = -2, DEVNULL = -3 };
using enum Special;

namespace detail {
struct PopenState;  // what a Popen consists of

template <class F>
concept HasFileno = requires(F& file) {
  { file.fileno() } -> std::same_as<int>;
};
template <class R>
concept Variables = std::ranges::input_range<R> &&
    requires(std::ranges::range_reference_t<R> each) {
  std::string(each.first);
  std::string(each.second);
};
}  // namespace detail

// A value: what a stream of the child is. Nothing given: the parent's own. Else PIPE, STDOUT (of
// stderr_ only), DEVNULL, a descriptor, or an open file, which is borrowed: a std::FILE*, or what
// has a fileno(), as another child's stdout_().
// Throws   ValueError (a null pointer, a closed file); UnsupportedOperation (a file that has no
//          descriptor).
class TANDEM_API Stdio {
 public:
  Stdio() = default;
  Stdio(Special special) : fd_(static_cast<int>(special)) {}
  Stdio(std::same_as<int> auto fd) : fd_(fd) {}  // -1, -2, -3 as in Python: PIPE, STDOUT, DEVNULL
  Stdio(std::FILE* file);
  template <detail::HasFileno F>
  Stdio(F& file) : fd_(of_file(file.fileno())) {}
  Stdio(std::nullptr_t) = delete;

  bool is_given() const noexcept { return fd_.has_value(); }
  bool operator==(Special special) const noexcept { return fd_ == static_cast<int>(special); }
  // Of a file or a descriptor.
  int descriptor() const { return fd_.value(); }

 private:
  static int of_file(int descriptor);

  std::optional<int> fd_;
};

// A value: the child's environment. Not given: the parent's. A class, so that {{"LANG", "C"}} is
// one variable; an empty environment is Env(std::map<std::string, std::string>{}).
class Env {
 public:
  using Variable = std::pair<std::string, std::string>;

  Env() = default;
  Env(std::nullopt_t) {}
  Env(std::initializer_list<std::pair<const std::string, std::string>> variables) {
    add(variables);
  }
  template <detail::Variables R>
  requires(!std::same_as<std::remove_cvref_t<R>, Env>) Env(R&& variables) { add(variables); }

  bool is_given() const noexcept { return variables_.has_value(); }
  // In the order in which they were given; of two with one name the later one, in the place of the
  // first.
  const std::vector<Variable>& variables() const { return variables_.value(); }

 private:
  void add(const auto& variables) {
    variables_.emplace();
    for (const auto& [name, value] : variables) set(std::string(name), std::string(value));
  }
  void set(std::string name, std::string value) {
    for (Variable& each : *variables_)
      if (each.first == name) {
        each.second = std::move(value);
        return;
      }
    variables_->emplace_back(std::move(name), std::move(value));
  }

  std::optional<std::vector<Variable>> variables_;
};

struct StartupInfo {};  // Windows only, as in Python
using UserOrId = std::variant<int, std::string>;

// Popen's parameters in the order of Python 3.13: the order of designators is a promise. The last
// one is our own.
struct PopenOptions {
  // Of the parent's ends: 0 unbuffered, 1 by lines (text mode), larger: that many bytes; negative:
  // the default.
  int bufsize = -1;
  // The program, where it is not the first word: that is then only what the program sees.
  std::optional<std::filesystem::path> executable{};
  Stdio stdin_{};
  Stdio stdout_{};
  Stdio stderr_{};
  // Called in the child before it executes the program; of all threads only this one is there.
  std::function<void()> preexec_fn{};
  bool close_fds = true;  // all but 0, 1, 2 and pass_fds
  bool shell = false;     // the command is a line for /bin/sh; further words are its arguments
  std::optional<std::filesystem::path> cwd{};
  Env env{};
  std::optional<bool> universal_newlines{};  // the older name of text
  std::optional<StartupInfo> startupinfo{};  // must not be given
  int creationflags = 0;                     // must not be given
  bool restore_signals = true;               // SIGPIPE and SIGXFSZ get their default action again
  bool start_new_session = false;
  std::vector<int> pass_fds{};
  std::optional<UserOrId> user{};
  std::optional<UserOrId> group{};
  std::optional<std::vector<UserOrId>> extra_groups{};
  // Each of the three asks for text mode: UTF-8 is checked, all kinds of newlines become "\n".
  std::optional<std::string> encoding{};
  std::optional<std::string> errors{};
  std::optional<bool> text{};
  int umask = -1;
  int pipesize = -1;                   // of the pipes, in bytes; Linux rounds it up
  std::optional<int> process_group{};  // 0: the child leads one of its own
  // The child leads a process group (unless process_group or start_new_session say so already), and
  // kill(), terminate() and what a timeout kills is all of it: the child's own children, too.
  bool kill_group = false;
};

struct CommunicateOptions {
  std::optional<std::string> input{};
  Timeout timeout{};
};

// What communicate() returns. None: the stream was not a PIPE.
struct Output {
  std::optional<std::string> out{}, err{};
  friend bool operator==(const Output&, const Output&) = default;
};

// A child process. Move-only; of a Popen that was moved from all members throw RuntimeError.
//
// Its destructor is Python's __del__: it closes the streams but does not wait. A child that nobody
// has waited for is reported to the log sink ("subprocess 42 is still running") and reaped by a
// later Popen. For `with Popen(…) as p` there is ScopedPopen.
// Threads  all members but moves and the destructor may be called from any thread at once, of
//          communicate() one at a time, which has the streams for itself. In a child of fork() a
//          Popen of the parent's has ended with 0 for poll(), wait() and signals. No signal ever
//          reaches another process that was given the child's number.
// Spec     subprocess.popen
class TANDEM_API Popen {
 public:
  // Starts the child, and returns once it executes the program.
  // Throws   what the child met before it was the program, as Python names it:
  //          FileNotFoundError, PermissionError, … with the program's name, or with cwd where that
  //          was wrong; SubprocessError (preexec_fn threw; text and universal_newlines differ).
  //          ValueError (options that contradict each other or are for Windows only; zero bytes
  //          within strings); KeyError (no such user or group); TypeError (a path with shell);
  //          IndexError (no words); LookupError (encoding). OSError without a name: the parent has
  //          no room for the pipes or the child (EMFILE, EAGAIN), or a descriptor is none (EBADF).
  // Order    what was done before is visible in preexec_fn.
  explicit Popen(Command args, PopenOptions options = {});
  explicit Popen(std::initializer_list<Arg> args, PopenOptions options = {})
      : Popen(Command(args), std::move(options)) {}
  Popen(const Popen&) = delete;
  Popen& operator=(const Popen&) = delete;
  Popen(Popen&& other) noexcept;
  Popen& operator=(Popen&& other) noexcept;
  ~Popen();

  // The exit status; minus the signal's number, of a child that a signal has killed. None while the
  // child runs.
  // Spec     subprocess.popen.poll
  std::optional<int> poll();

  // Waits until the child has ended.
  //   timeout  longest wait; default for ever; zero or less polls
  // Throws   TimeoutExpired: nothing happens to the child then. RuntimeError (the system gives no
  //          handle of a child, and has no thread left to wait for it).
  // Spec     subprocess.popen.wait
  int wait(Timeout timeout = {});

  // Writes the input to stdin, closes it, reads stdout and stderr to their ends, all at the same
  // time, and waits until the child has ended. A child that reads not all of its input is no error.
  //   input    only where stdin_ is a PIPE; ignored elsewhere
  //   timeout  longest wait; default for ever
  // Throws   TimeoutExpired, with what has come so far: the child runs on, and a further call goes
  //          on where this one ended, nothing is lost. ValueError (input in a further call; a
  //          stream that was closed); UnicodeDecodeError, UnicodeEncodeError, LookupError (text
  //          mode); OSError (a stream that breaks); RuntimeError, as wait().
  // Spec     subprocess.popen.communicate
  Output communicate(CommunicateOptions options = {});

  // Nothing happens to a child that has ended.
  // Throws   OSError (not allowed, no such signal).
  // Spec     subprocess.popen.send-signal
  void send_signal(int signal);
  void terminate();  // SIGTERM
  void kill();       // SIGKILL

  // What Python's `with` does at its end: closes the streams and waits for the child.
  // Throws   BrokenPipeError (what was left to be written to stdin; after the wait).
  // Spec     subprocess.popen.exit
  void exit();

  const Command& args() const;
  int pid() const;
  // What poll() or wait() have found; asks nobody.
  std::optional<int> returncode() const;

  // The parent's ends. Throw ValueError for a stream that is not a PIPE.
  PipeFile& stdin_();
  PipeFile& stdout_();
  PipeFile& stderr_();

  // Python's repr: "<Popen: returncode: None args: ['true']>".
  TANDEM_API friend std::string to_string(const Popen& popen);
  friend std::ostream& operator<<(std::ostream& out, const Popen& popen) {
    return out << to_string(popen);
  }

 private:
  detail::PopenState& state() const;

  std::shared_ptr<detail::PopenState> state_;  // null: moved from
};

// `with Popen(…) as p:`. A Popen whose scope ends with exit(); what that throws is lost, so call it
// yourself to know. Pinned.
class ScopedPopen : public Popen {
 public:
  using Popen::Popen;
  ScopedPopen(ScopedPopen&&) = delete;
  ScopedPopen& operator=(ScopedPopen&&) = delete;
  ~ScopedPopen() {
    // An abandoned thread may be in a stream for ever.
    if (v1::detail::has_abandoned_threads()) return;
    try {
      exit();
    } catch (const std::exception&) {
      // a destructor has nobody to tell
    }
  }
};

}  // namespace tandem::inline v1::subprocess
