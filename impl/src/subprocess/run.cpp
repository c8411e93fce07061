#include "tandem/subprocess/run.hpp"

#include <utility>

#include "subprocess/run.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/subprocess/exceptions.hpp"

namespace tandem::inline v1::subprocess {

void CompletedProcess::check_returncode() const {
  if (returncode != 0) throw CalledProcessError(returncode, args, stdout_, stderr_);
}

std::string to_string(const CompletedProcess& process) {
  std::string out = "CompletedProcess(args=" + repr(process.args) +
                    ", returncode=" + std::to_string(process.returncode);
  const auto add = [&](const char* name, const std::optional<std::string>& stream) {
    if (stream)
      out += std::string(", ") + name + "=" +
             (process.text ? detail::string_repr(*stream) : detail::bytes_repr(*stream));
  };
  add("stdout", process.stdout_);
  add("stderr", process.stderr_);
  return out + ")";
}

namespace {

void check_streams(RunOptions& options) {
  if (options.input) {
    if (options.stdin_.is_given())
      throw ValueError("stdin and input arguments may not both be used.");
    options.stdin_ = PIPE;
  }
  if (options.capture_output) {
    if (options.stdout_.is_given() || options.stderr_.is_given())
      throw ValueError("stdout and stderr arguments may not be used with capture_output.");
    options.stdout_ = options.stderr_ = PIPE;
  }
}

bool is_text(const RunOptions& options) {
  const auto given = [](const std::optional<std::string>& name) { return name && !name->empty(); };
  return options.text.value_or(false) || options.universal_newlines.value_or(false) ||
         given(options.encoding) || given(options.errors);
}

}  // namespace

namespace detail {

PopenOptions popen_options(RunOptions&& options) {
  return {.bufsize = options.bufsize,
          .executable = std::move(options.executable),
          .stdin_ = options.stdin_,
          .stdout_ = options.stdout_,
          .stderr_ = options.stderr_,
          .preexec_fn = std::move(options.preexec_fn),
          .close_fds = options.close_fds,
          .shell = options.shell,
          .cwd = std::move(options.cwd),
          .env = std::move(options.env),
          .universal_newlines = options.universal_newlines,
          .startupinfo = options.startupinfo,
          .creationflags = options.creationflags,
          .restore_signals = options.restore_signals,
          .start_new_session = options.start_new_session,
          .pass_fds = std::move(options.pass_fds),
          .user = std::move(options.user),
          .group = std::move(options.group),
          .extra_groups = std::move(options.extra_groups),
          .encoding = std::move(options.encoding),
          .errors = std::move(options.errors),
          .text = options.text,
          .umask = options.umask,
          .pipesize = options.pipesize,
          .process_group = options.process_group,
          .kill_group = options.kill_group};
}

}  // namespace detail

CompletedProcess run(Command args, RunOptions options) {
  check_streams(options);
  CommunicateOptions talk{.input = std::move(options.input), .timeout = options.timeout};
  const bool text = is_text(options), check = options.check;
  CompletedProcess done = detail::supervise(
      std::move(args), std::move(options), [&](Popen& process) -> CompletedProcess {
        Output output = process.communicate(std::move(talk));
        return {process.args(), process.wait(), std::move(output.out), std::move(output.err), text};
      });
  if (check) done.check_returncode();
  return done;
}

}  // namespace tandem::inline v1::subprocess
