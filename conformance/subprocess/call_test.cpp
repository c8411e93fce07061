// subprocess::call, check_call, check_output
#include <unistd.h>

#include <initializer_list>
#include <string>

#include "conformance/subprocess/streams.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace subprocess = tandem::subprocess;
using subprocess::call;
using subprocess::check_call;
using subprocess::check_output;
using subprocess::Command;
using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::RunOptions;
using subprocess::STDOUT;

namespace {

Command in_shell(const std::string& command) { return {"sh", "-c", command}; }

const Command sleeping{"sleep", "1000"};
const Command zeros{"head", "-c", "1000000", "/dev/zero"};

// What the CalledProcessError carries that leaves `act`.
template <class Act>
void log_fields(Act&& act) {
  try {
    act();
  } catch (const subprocess::CalledProcessError& error) {
    Log{error.returncode(), error.cmd(), shown(error.output()), shown(error.stderr_())};
  }
}

}  // namespace

CASE("subprocess.call.call.returncode", "the child's code, or minus the signal's number") {
  Log{call({"true"}), call({"false"}), call(in_shell("exit 47")), call("exit 3", {.shell = true}),
      call(in_shell("kill -15 $$"))};
}

CASE("subprocess.call.call.options", "all that Popen takes is passed on") {
  Redirected out(1);
  log(call(in_shell("test \"$FRUIT\" = banana"), {.env = {{"FRUIT", "banana"}}}));
  Log{call({"pwd"}, {.cwd = "/"}), call({"echo", "err"}, {.stdout_ = DEVNULL})};
  log(shown(out.read()));
}

CASE("subprocess.call.call.timeout", "TimeoutExpired; the child is killed and reaped") {
  Log{raised([] { call(sleeping, {.timeout = 50ms}); }), no_child_left()};
  Log{raised([] { check_call(sleeping, {.timeout = 50ms}); }), no_child_left()};
  Log{call({"true"}, {.timeout = times::must_not_expire}),
      check_call({"true"}, {.timeout = times::must_not_expire})};
}

CASE("subprocess.call.call.fails-to-start", "raises as Popen does, and leaves nothing") {
  const Command missing{"/no/such/command", "x"};
  log(raised([&] { call(missing); }));
  log(raised([&] { check_call(missing); }));
  log(raised([&] { check_output(missing); }));
  log(no_child_left());
}

CASE("subprocess.call.call.pipe-unread",
     "PIPE is never read: what fits is lost, what does not blocks the child for ever") {
  Log{call({"echo", "lost"}, {.stdout_ = PIPE}),
      check_call(in_shell("echo lost >&2"), {.stderr_ = PIPE})};
  Log{raised([] { call(zeros, {.timeout = 50ms, .stdout_ = PIPE}); }), no_child_left()};
  Log{raised([] { check_call(zeros, {.timeout = 50ms, .stdout_ = PIPE}); }), no_child_left()};
  log(check_output(zeros).size());
}

CASE("subprocess.call.call.refuses",
     "input, capture_output and check are no arguments of call and check_call") {
  const RunOptions refused[] = {{.input = "x"}, {.capture_output = true}, {.check = true}};
  for (const auto& options : refused) log(timed_out([&] { call({"true"}, options); }));
  for (const auto& options : refused) log(timed_out([&] { check_call({"true"}, options); }));
}

CASE("subprocess.call.check-call.zero", "0, or CalledProcessError") {
  log(check_call({"true"}));
  log(raised([] { check_call(in_shell("exit 47")); }));
  log(raised([] { check_call(in_shell("kill -9 $$")); }));
  log(raised([] { check_call("exit 3", {.shell = true}); }));
}

CASE("subprocess.call.check-call.carries",
     "the code and the command; no output, for none was read") {
  log_fields([] { check_call(in_shell("exit 47")); });
  log_fields([] { check_call("echo lost; exit 3", {.stdout_ = PIPE, .shell = true}); });
}

CASE("subprocess.call.check-output.output",
     "what the child wrote to stdout; stderr goes where ours goes") {
  Redirected err(2);
  log(shown(check_output(in_shell("printf 'out\\r\\n\\0'; printf err >&2"))));
  Log{shown(err.read()), shown(check_output({"true"}))};
}

CASE("subprocess.call.check-output.nonzero", "CalledProcessError with what was written") {
  log(raised([] { check_output(in_shell("exit 5")); }));
  log_fields([] { check_output(in_shell("printf out; exit 5")); });
  log_fields(
      [] { check_output(in_shell("printf out; printf err >&2; exit 5"), {.stderr_ = PIPE}); });
  log_fields([] { check_output(in_shell("exit 5")); });
}

CASE("subprocess.call.check-output.stderr", "stderr=STDOUT returns both") {
  log(shown(check_output(in_shell("printf 1; printf 2 >&2; printf 3"), {.stderr_ = STDOUT})));
  log(shown(check_output(in_shell("printf 1; printf 2 >&2"), {.stderr_ = DEVNULL})));
}

CASE("subprocess.call.check-output.stdin", "from a descriptor or a file") {
  const TempFile file("pear");
  file.seek(0);
  log(shown(check_output({"tr", "a-z", "A-Z"}, {.stdin_ = file.file})));
}

CASE("subprocess.call.check-output.input", "input is what the child reads; not beside stdin") {
  log(shown(check_output({"tr", "a-z", "A-Z"}, {.input = "pear"})));
  log(raised([] { check_output({"cat"}, {.input = "hare", .stdin_ = DEVNULL}); }));
}

CASE("subprocess.call.check-output.input-empty",
     "an empty input is the end at once, whatever our own stdin holds") {
  const OwnStreams own;
  Channel channel;
  checked(static_cast<int>(::write(channel.writer, "ours", 4)));
  channel.open();
  checked(::dup2(channel.reader, 0));
  Log{shown(check_output({"cat"}, {.input = ""})),
      shown(check_output({"cat"}, {.input = "", .text = true}))};
  log(shown(check_output({"cat"}, {.input = "", .universal_newlines = true})));
  log(shown(check_output({"cat"}, {.input = "", .encoding = "utf-8", .errors = "ignore"})));
}

CASE("subprocess.call.check-output.refuses", "stdout is its own, and capture_output would set it") {
  const RunOptions refused[] = {{.stdout_ = DEVNULL}, {.stdout_ = PIPE}, {.capture_output = true}};
  for (const auto& options : refused)
    log(raised([&] { check_output({"echo", "not run"}, options); }));
}

CASE("subprocess.call.check-output.refuses-check", "check is its own") {
  log(raised([] { check_output({"echo", "not run"}, {.check = true}); }));
}

CASE("subprocess.call.check-output.timeout",
     "TimeoutExpired with what had come; the child is killed and reaped") {
  try {
    check_output(sleeping, {.timeout = times::may_expire, .preexec_fn = [] {
                              if (::write(1, "BDFL", 4) < 0) ::abort();
                            }});
  } catch (const subprocess::TimeoutExpired& error) {
    Log{error.cmd(), shown(error.output()), shown(error.stdout_()), shown(error.stderr_())};
  }
  Log{raised([] { check_output(sleeping, {.timeout = 50ms}); }), no_child_left()};
}

CASE("subprocess.call.check-output.text", "text mode as everywhere") {
  log(shown(check_output({"printf", "\\303\\244\\r\\n"}, {.text = true})));
  log(shown(check_output({"printf", "\\344"}, {.encoding = "latin-1"})));
  log(shown(check_output({"cat"}, {.input = "\u20ac\n", .text = true})));
  log(timed_out([] { check_output({"printf", "\\200"}, {.text = true}); }));
}
