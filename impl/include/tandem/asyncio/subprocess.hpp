// asyncio's children: create_subprocess_exec, create_subprocess_shell and Process.
//
//   auto process = co_await asyncio::create_subprocess_exec({"sort"}, {.stdin_ = PIPE, .stdout_ =
//   PIPE}); auto [sorted, errors] = co_await process.communicate("pear\napple\n");
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/asyncio/stream_reader.hpp"
#include "tandem/asyncio/stream_writer.hpp"
#include "tandem/asyncio/transports.hpp"
#include "tandem/subprocess/command.hpp"
#include "tandem/subprocess/popen.hpp"

namespace tandem::inline v1::asyncio {

class SubprocessTransport;

namespace detail {
class ProcessTransport;
class ProcessStreams;
}  // namespace detail

// Python's module asyncio.subprocess.
namespace subprocess {
using v1::subprocess::DEVNULL;
using v1::subprocess::PIPE;
using v1::subprocess::STDOUT;
}  // namespace subprocess

// Python's `program, *args`: braces, or a range. A value.
class Program {
 public:
  template <v1::subprocess::detail::Text... A>
  requires(sizeof...(A) > 0) Program(A&&... words) {
    words_.reserve(sizeof...(A));
    (words_.push_back(v1::subprocess::Arg(std::forward<A>(words)).word()), ...);
  }
  template <std::ranges::input_range R>
  requires(!v1::subprocess::detail::Text<R> &&
           std::convertible_to<std::ranges::range_reference_t<R>, v1::subprocess::Arg>)
      Program(R&& words) {
    for (auto&& each : words)
      words_.push_back(v1::subprocess::Arg(std::forward<decltype(each)>(each)).word());
  }
  const std::vector<std::string>& words() const& noexcept { return words_; }

 private:
  std::vector<std::string> words_;
};

// Python's keyword arguments of create_subprocess_exec() and create_subprocess_shell(). No member
// owns anything, which g++ 12 would give back twice within co_await. For all of Popen's options
// there is the form that takes a named PopenOptions.
struct ProcessOptions {
  v1::subprocess::Stdio stdin_{};
  v1::subprocess::Stdio stdout_{};
  v1::subprocess::Stdio stderr_{};
  std::ptrdiff_t limit = default_limit;  // of the StreamReaders
  bool close_fds = true;
  std::optional<std::string_view> cwd{};  // read by the call
  bool restore_signals = true;
  bool start_new_session = false;
  int umask = -1;
  std::optional<int> process_group{};
};

// A child whose streams are a StreamWriter and StreamReaders. A handle: copies are the same child.
// One that nobody has any more runs on.
// Threads  the loop's only.
// Spec     asyncio.subprocess
class TANDEM_API Process {
 public:
  int pid() const noexcept;
  // Minus the signal's number, of a child that a signal has killed. None: it runs.
  std::optional<int> returncode() const noexcept;
  // Throw    ValueError (it is no pipe).
  const StreamWriter& stdin_() const;
  const StreamReader& stdout_() const;
  const StreamReader& stderr_() const;

  // Until it has ended and its pipes are at their ends.
  // Spec     asyncio.subprocess.wait
  Coroutine<int> wait() const;
  // Sends the input, closes stdin, reads stdout and stderr to their ends, and waits.
  // Spec     asyncio.subprocess.communicate
  Coroutine<v1::subprocess::Output> communicate(std::optional<std::string> input = {}) const;
  // Throw    ProcessLookupError (it has ended); OSError.
  // Spec     asyncio.subprocess.signals
  void send_signal(int signal) const;
  void terminate() const;
  void kill() const;

  // Identity.
  friend bool operator==(const Process& a, const Process& b) noexcept {
    return a.transport_ == b.transport_;
  }
  Process(std::shared_ptr<detail::ProcessTransport> transport,
          std::shared_ptr<detail::ProcessStreams> streams) noexcept;

 private:
  std::shared_ptr<detail::ProcessTransport> transport_;
  std::shared_ptr<detail::ProcessStreams> streams_;
};
// Python's repr: <Process 42>
TANDEM_API std::string to_string(const Process& process);
TANDEM_API std::ostream& operator<<(std::ostream& out, const Process& process);

// What a child's transport tells. Called by the loop; what is not overridden does nothing.
class TANDEM_API SubprocessProtocol : public BaseProtocol {
 public:
  virtual void connection_made(const SubprocessTransport& transport);
  virtual void pipe_data_received(int fd, std::string_view data);  // 1 or 2
  virtual void pipe_connection_lost(int fd, std::exception_ptr error);
  virtual void process_exited();
};

// A child. A handle; the loop keeps it until the child has ended.
// Spec     asyncio.subprocess.transport
class TANDEM_API SubprocessTransport {
 public:
  int get_pid() const noexcept;
  std::optional<int> get_returncode() const noexcept;
  // Of stdin, stdout, stderr: 0, 1, 2. None: it is no pipe.
  std::optional<Transport> get_pipe_transport(int fd) const;
  // Throw    ProcessLookupError (it has ended, and connection_lost() was called); OSError.
  void send_signal(int signal) const;
  void terminate() const;
  void kill() const;
  // Who is told from now on.
  // Spec     asyncio.subprocess.transport.set-protocol
  void set_protocol(std::shared_ptr<SubprocessProtocol> protocol) const;
  std::shared_ptr<SubprocessProtocol> get_protocol() const;  // null: it is lost
  // Closes the pipes, and kills a child that runs.
  void close() const;
  bool is_closing() const noexcept;

  // Identity.
  friend bool operator==(const SubprocessTransport&, const SubprocessTransport&) = default;
  explicit SubprocessTransport(std::shared_ptr<detail::ProcessTransport> state) noexcept
      : state_(std::move(state)) {}
  const std::shared_ptr<detail::ProcessTransport>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<detail::ProcessTransport> state_;
};
TANDEM_API std::string to_string(const SubprocessTransport& transport);
TANDEM_API std::ostream& operator<<(std::ostream& out, const SubprocessTransport& transport);

namespace detail {

using PopenOptions = v1::subprocess::PopenOptions;

// A command and how to run it; no aggregate.
struct TANDEM_API Plan {
  Plan(v1::subprocess::Command its_command, const ProcessOptions& its_options);
  Plan(v1::subprocess::Command its_command, PopenOptions its_options)
      : command(std::move(its_command)), options(std::move(its_options)) {}
  v1::subprocess::Command command;
  PopenOptions options;
};
using SubprocessFactory = std::function<std::shared_ptr<SubprocessProtocol>()>;

TANDEM_API Coroutine<Process> create_process(Plan plan, bool shell, std::ptrdiff_t limit);
TANDEM_API Coroutine<SubprocessTransport> start_process(
    std::shared_ptr<SubprocessProtocol> protocol, Plan plan, bool shell);

template <class P>
Coroutine<std::pair<SubprocessTransport, std::shared_ptr<P>>> typed_process(
    std::function<std::shared_ptr<P>()> make, Plan plan, bool shell) {
  std::shared_ptr<P> protocol = make();
  SubprocessTransport transport = co_await start_process(protocol, std::move(plan), shell);
  co_return std::pair(std::move(transport), std::move(protocol));
}

// Streams that are not mentioned are pipes.
inline ProcessOptions with_pipes(ProcessOptions options) {
  for (auto* stream : {&options.stdin_, &options.stdout_, &options.stderr_})
    if (!stream->is_given()) *stream = v1::subprocess::PIPE;
  return options;
}

}  // namespace detail

// Starts a program, without a shell.
// Throws   what Popen throws: FileNotFoundError, …; ValueError (what asks for text).
// Spec     asyncio.subprocess.exec
inline Coroutine<Process> create_subprocess_exec(Program program, ProcessOptions options = {}) {
  return detail::create_process(detail::Plan(program.words(), options), false, options.limit);
}
template <std::same_as<detail::PopenOptions> O>
Coroutine<Process> create_subprocess_exec(Program program, O options,
                                          std::ptrdiff_t limit = default_limit) {
  return detail::create_process(detail::Plan(program.words(), std::move(options)), false, limit);
}
// Has a shell obey the line.
// Spec     asyncio.subprocess.shell
inline Coroutine<Process> create_subprocess_shell(std::string cmd, ProcessOptions options = {}) {
  return detail::create_process(detail::Plan(std::move(cmd), options), true, options.limit);
}
template <std::same_as<detail::PopenOptions> O>
Coroutine<Process> create_subprocess_shell(std::string cmd, O options,
                                           std::ptrdiff_t limit = default_limit) {
  return detail::create_process(detail::Plan(std::move(cmd), std::move(options)), true, limit);
}

// What makes a child's protocol.
template <class F>
concept SubprocessProtocolMaker = std::copy_constructible<F> &&
    std::convertible_to<std::invoke_result_t<F&>, std::shared_ptr<SubprocessProtocol>>;

// What CPython's loop has as methods: the same with a protocol of one's own. Streams that are not
// mentioned are pipes here; who wants the parent's gives its descriptor.
template <SubprocessProtocolMaker F>
auto subprocess_exec(F make, Program program, ProcessOptions options = {})
    -> Coroutine<std::pair<SubprocessTransport, std::shared_ptr<detail::protocol_t<F>>>> {
  return detail::typed_process<detail::protocol_t<F>>(
      std::move(make), detail::Plan(program.words(), detail::with_pipes(options)), false);
}
template <SubprocessProtocolMaker F>
auto subprocess_shell(F make, std::string cmd, ProcessOptions options = {})
    -> Coroutine<std::pair<SubprocessTransport, std::shared_ptr<detail::protocol_t<F>>>> {
  return detail::typed_process<detail::protocol_t<F>>(
      std::move(make), detail::Plan(std::move(cmd), detail::with_pipes(options)), true);
}

}  // namespace tandem::inline v1::asyncio
