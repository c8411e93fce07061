// subprocess::run
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "conformance/subprocess/streams.hpp"
#include "tandem/shlex.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace subprocess = tandem::subprocess;
using subprocess::CalledProcessError;
using subprocess::Command;
using subprocess::CompletedProcess;
using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::run;
using subprocess::RunOptions;
using subprocess::STDOUT;
using subprocess::TimeoutExpired;

namespace {

CompletedProcess run_sh(const std::string& command, RunOptions options = {}) {
  return run({"sh", "-c", command}, std::move(options));
}

void log_streams(const CompletedProcess& process) {
  Log{process.returncode, shown(process.stdout_), shown(process.stderr_)};
}

std::string without(std::string text, std::string_view end) {
  return text.substr(0, text.find(end));
}

// For preexec_fn: what it writes is there before run() looks at its clock.
auto at_start(const std::string& out, const std::string& err = "") {
  return [=] {
    if (::write(1, out.data(), out.size()) < 0 || ::write(2, err.data(), err.size()) < 0) ::abort();
  };
}

std::string every_byte(int times) {
  std::string data;
  for (int i = 0; i < 256 * times; ++i) data += static_cast<char>(i);
  return data;
}

}  // namespace

CASE("subprocess.run.result.fields",
     "the command as given, the code; what was not captured is None") {
  for (const Command& args : {Command{"true"}, Command{"sh", "-c", "exit 47"}}) {
    const CompletedProcess process = run(args.is_string() ? Command(args.words()) : args);
    Log{process.args, process.returncode, process.stdout_, process.stderr_};
  }
  const CompletedProcess process = run("exit 3", {.shell = true});
  Log{process.args, process.returncode};
}

CASE("subprocess.run.result.signal", "a child that a signal ended: minus its number") {
  for (const auto* number : {"9", "15", "6"})
    log(run_sh(std::string("kill -") + number + " $$").returncode);
}

CASE("subprocess.run.result.check-returncode",
     "nothing for 0; else CalledProcessError with all that was captured") {
  run({"true"}).check_returncode();
  log(nullptr);
  const CompletedProcess process =
      run_sh("printf out; printf err >&2; exit 47", {.capture_output = true});
  try {
    process.check_returncode();
  } catch (const CalledProcessError& error) {
    Log{error.returncode(), error.cmd(), shown(error.output()), shown(error.stdout_()),
        shown(error.stderr_())};
    log(error.what());
  }
}

CASE("subprocess.run.result.made-by-hand", "a CompletedProcess can be made of its parts") {
  const CompletedProcess process{"anything", 2, "out", "err"};
  Log{process.args, process.returncode, process.stdout_, process.stderr_};
  log(raised([&] { process.check_returncode(); }));
  log(raised([] { CompletedProcess{{"anything"}, 0}.check_returncode(); }));
}

CASE("subprocess.run.result.repr", "printed with what was captured only") {
  log(run({"true"}));
  log(run("exit 2", {.shell = true}));
  log(run({"printf", "it's\\n"}, {.stdout_ = PIPE, .text = true}));
  log(run("printf err >&2", {.capture_output = true, .shell = true, .text = true}));
  log(CompletedProcess{{"a \"b\"", "", "\t"}, -9, "", "x", true});
  log(run({"printf", "it's\\n\\200"}, {.stdout_ = PIPE}));
}

CASE("subprocess.run.capture.stdout", "PIPE captures one stream; the other is None") {
  Redirected elsewhere(2);
  log_streams(run_sh("printf out; printf err >&2", {.stdout_ = PIPE}));
  log(shown(elsewhere.read()));
  log_streams(run_sh("true", {.stdout_ = PIPE}));
}

CASE("subprocess.run.capture.stderr", "PIPE captures one stream; the other is None") {
  Redirected elsewhere(1);
  log_streams(run_sh("printf out; printf err >&2", {.stderr_ = PIPE}));
  log(shown(elsewhere.read()));
}

CASE("subprocess.run.capture.output", "capture_output captures both, each by itself") {
  log_streams(run_sh("printf out; printf err >&2", {.capture_output = true}));
  log_streams(run_sh("true", {.capture_output = true}));
}

CASE("subprocess.run.capture.merged", "stderr=STDOUT: both in one, in the order of writing") {
  log_streams(run_sh("printf 1; printf 2 >&2; printf 3", {.stdout_ = PIPE, .stderr_ = STDOUT}));
}

CASE("subprocess.run.capture.inherited", "by default both go where ours go") {
  Redirected out(1), err(2);
  const CompletedProcess process = run_sh("printf out; printf err >&2");
  const std::string said = out.read(), complained = err.read();
  log_streams(process);
  Log{shown(said), shown(complained)};
}

CASE("subprocess.run.capture.elsewhere",
     "to nowhere, to a descriptor, to a file; then nothing is captured") {
  const std::string both = "printf out; printf err >&2";
  log_streams(run_sh(both, {.stdout_ = DEVNULL, .stderr_ = DEVNULL}));
  const TempFile file;
  log_streams(run_sh(both, {.stdout_ = file.fileno(), .stderr_ = STDOUT}));
  log_streams(run_sh("printf more", {.stdout_ = file.file}));
  log(shown(content_of(file.fileno())));
}

CASE("subprocess.run.capture.large", "both streams, more than pipes hold, at the same time") {
  const CompletedProcess process =
      run_sh("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2",
             {.capture_output = true});
  Log{process.returncode, process.stdout_->size(), process.stderr_->size()};
}

CASE("subprocess.run.capture.with-stdout",
     "capture_output beside stdout or stderr is a ValueError") {
  for (const auto& options : {RunOptions{.capture_output = true, .stdout_ = DEVNULL},
                              RunOptions{.capture_output = true, .stderr_ = STDOUT},
                              RunOptions{.capture_output = true, .stdout_ = PIPE, .stderr_ = PIPE}})
    log(raised([&] { run_sh("echo run >&2", options); }));
}

CASE("subprocess.run.capture.stdout-is-stdout", "stdout=STDOUT is a ValueError") {
  log(raised([] { run_sh("echo run >&2", {.stdout_ = STDOUT}); }));
}

CASE("subprocess.run.input.given", "is what the child reads, and then the end") {
  log_streams(run({"cat"}, {.input = std::string("pear\0\xff\r\n", 8), .stdout_ = PIPE}));
  log_streams(run({"cat"}, {.input = "", .stdout_ = PIPE}));
  log_streams(run({"tr", "a-z", "A-Z"}, {.input = "pear", .capture_output = true}));
}

CASE("subprocess.run.input.with-stdin", "beside stdin is a ValueError") {
  log(raised([] { run({"cat"}, {.input = "hare", .stdin_ = DEVNULL}); }));
  log(raised([] { run({"cat"}, {.input = "", .stdin_ = PIPE}); }));
}

CASE("subprocess.run.input.large", "more than pipes hold, there and back") {
  const std::string data = every_byte(4000);
  const CompletedProcess process = run({"cat"}, {.input = data, .stdout_ = PIPE});
  Log{process.returncode, process.stdout_ == data};
}

CASE("subprocess.run.input.unread", "a child that does not read it is no error") {
  const std::string data(1000000, 'x');
  log_streams(run({"true"}, {.input = data, .stdout_ = PIPE}));
  log_streams(run_sh("exit 5", {.input = data}));
}

CASE("subprocess.run.stdin.file",
     "the child reads from a descriptor or a file, from where it stands") {
  const TempFile file("not this; pear");
  file.seek(10);
  log_streams(run({"cat"}, {.stdin_ = file.fileno(), .stdout_ = PIPE}));
  file.seek(10);
  log_streams(run({"cat"}, {.stdin_ = file.file, .stdout_ = PIPE}));
  log_streams(run({"cat"}, {.stdin_ = DEVNULL, .stdout_ = PIPE}));
}

CASE("subprocess.run.check.raises", "check: CalledProcessError unless the code is 0") {
  log(run({"true"}, {.check = true}).returncode);
  for (const auto* command : {"exit 47", "kill -9 $$"})
    log(raised([&] { run_sh(command, {.check = true}); }));
}

CASE("subprocess.run.check.carries", "with the code, the command and what was captured") {
  for (const auto& options : {RunOptions{.check = true}, RunOptions{.check = true, .stdout_ = PIPE},
                              RunOptions{.capture_output = true, .check = true},
                              RunOptions{.check = true, .stdout_ = PIPE, .stderr_ = STDOUT}}) {
    Redirected out(1), err(2);
    try {
      run_sh("printf out; printf err >&2; exit 3", options);
    } catch (const CalledProcessError& error) {
      Log{error.returncode(), error.cmd()};
      Log{shown(error.output()), shown(error.stdout_()), shown(error.stderr_())};
    }
  }
}

CASE("subprocess.run.timeout.expires",
     "TimeoutExpired after the time; the child is killed and reaped") {
  for (const Command& args : {Command{"sleep", "1000"}, Command("exec sleep 1000")}) {
    const bool shell = args.is_string();
    log(raised([&] { run(args, {.capture_output = true, .timeout = 50ms, .shell = shell}); }));
    log(no_child_left());
    for (const auto& options : {RunOptions{.timeout = 50ms, .shell = shell},
                                RunOptions{.input = "unread", .timeout = 50ms, .shell = shell}}) {
      log(without(raised([&] { run(args, options); }), " after"));
      log(no_child_left());
    }
  }
}

CASE("subprocess.run.timeout.never-before", "not before the timeout has passed") {
  for (const bool capture : {false, true}) {
    const auto start = now();
    EXPECT_THROW(run({"sleep", "1000"}, {.capture_output = capture, .timeout = times::must_expire}),
                 TimeoutExpired);
    EXPECT_GE(now() - start, times::must_expire);
  }
}

CASE("subprocess.run.timeout.long-enough", "a child that ends in time is as without one") {
  log_streams(run_sh("printf out; exit 3", {.timeout = times::must_not_expire, .stdout_ = PIPE}));
  log_streams(run_sh("exit 3", {.timeout = times::must_not_expire}));
}

CASE("subprocess.run.timeout.zero", "no time, or less, is over at once") {
  for (const auto timeout : {0s, -1s})
    for (const bool capture : {false, true})
      log(timed_out([&] {
        run({"sleep", "1000"}, {.capture_output = capture, .timeout = timeout});
      }));
  log(no_child_left());
}

CASE("subprocess.run.timeout.fields",
     "it carries the command and the timeout; what was not captured is None") {
  for (const auto& options : {RunOptions{.timeout = 50ms, .stdout_ = PIPE},
                              RunOptions{.capture_output = true, .timeout = 50ms}})
    try {
      run({"sleep", "1000"}, options);
    } catch (const TimeoutExpired& error) {
      Log{error.cmd(), std::chrono::duration<double>(error.timeout()).count(), error.output(),
          error.stdout_(), error.stderr_()};
    }
  try {
    run({"sleep", "1000"}, {.timeout = 50ms});
  } catch (const TimeoutExpired& error) {
    Log{error.output(), error.stdout_(), error.stderr_()};
  }
}

CASE("subprocess.run.timeout.as-given", "the timeout that it names is the one that was given") {
  for (const auto& options :
       {RunOptions{.timeout = 50ms}, RunOptions{.input = "unread", .timeout = 50ms}})
    try {
      run({"sleep", "1000"}, options);
      ADD_FAILURE() << "no timeout";
    } catch (const TimeoutExpired& error) {
      EXPECT_EQ(error.timeout(), 50ms);
      EXPECT_STREQ(error.what(), "Command '['sleep', '1000']' timed out after 0.05 seconds");
    }
}

CASE("subprocess.run.timeout.partial-output", "and what had come by then") {
  for (const auto& options :
       {RunOptions{
            .timeout = times::may_expire, .stdout_ = PIPE, .preexec_fn = at_start("out", "err")},
        RunOptions{.capture_output = true,
        .timeout = times::may_expire,
        .preexec_fn = at_start("out", "err")},
        RunOptions{.timeout = times::may_expire,
        .stdout_ = PIPE,
        .stderr_ = STDOUT,
        .preexec_fn = at_start("out", "err")}}) {
    Redirected elsewhere(2);
    try {
      run({"sleep", "1000"}, options);
    } catch (const TimeoutExpired& error) {
      Log{shown(error.output()), shown(error.stdout_()), shown(error.stderr_())};
    }
  }
}

CASE("subprocess.run.timeout.partial-text", "in text mode too: as it came, not decoded") {
  try {
    run({"sleep", "1000"}, {.timeout = times::may_expire,
                            .stdout_ = PIPE,
                            .preexec_fn = at_start("one\r\n\xe2\x82"),
                            .text = true});
  } catch (const TimeoutExpired& error) {
    log(shown(error.stdout_()));
  }
}

CASE("subprocess.run.timeout.grandchild",
     "the time is over even while a grandchild holds the pipes") {
  const Channel channel;
  log(raised([&] {
    run("cat; true",
        {.capture_output = true, .timeout = 50ms, .stdin_ = channel.reader, .shell = true});
  }));
  log(no_child_left());
}

CASE("subprocess.run.args.words", "each word of a list arrives whole") {
  log_streams(run(
      {"printf", "[%s]", "a  b", "", "*", "$HOME", "it's", "\"", "\\", "new\nline", "\u00e4", ";"},
      {.stdout_ = PIPE}));
  log_streams(run({"printf", "[%s]", "\xff\xfe"}, {.stdout_ = PIPE}));
}

CASE("subprocess.run.args.string", "a string is the name of a program: nothing is split") {
  log(run("true").returncode);
  log(raised([] { run("echo a b"); }));
}

CASE("subprocess.run.args.path", "a path may be the command, or a word of it") {
  using std::filesystem::path;
  log(run(path("/bin/true")).returncode);
  log_streams(run({path("/bin/echo"), path("/etc")}, {.stdout_ = PIPE}));
}

CASE("subprocess.run.args.options", "all that Popen takes is passed on") {
  log_streams(run_sh("echo \"$FRUIT\"; pwd -P; umask",
                     {.stdout_ = PIPE,
                      .preexec_fn = [] { ::umask(027); },
                      .cwd = "/",
                      .env = {{"FRUIT", "banana"}, {"PATH", std::getenv("PATH")}}}));
  log_streams(run({"false"}, {.executable = "/bin/echo", .stdout_ = PIPE}));
}

CASE("subprocess.run.start.fails",
     "what cannot be started raises as Popen does, and leaves nothing") {
  log(raised([] { run({"/no/such/command"}, {.input = "x", .capture_output = true}); }));
  log(raised([] { run({"true"}, {.capture_output = true, .cwd = "/no/such/directory"}); }));
  log(raised([] { run({"/etc"}, {.capture_output = true}); }));
  log(no_child_left());
}

CASE("subprocess.run.error.kills", "whatever else goes wrong, the child is killed and reaped") {
  log(raised([] { run({"sleep", "1000"}, {.input = "\u20ac", .encoding = "ascii"}); }));
  log(no_child_left());
  log(timed_out([] {
    run_sh("printf 'ab\\200'; exec >&-; exec sleep 1000", {.stdout_ = PIPE, .text = true});
  }));
  log(no_child_left());
}

CASE("subprocess.run.text.both-ways",
     "text: the input is encoded, the output decoded, and \\r\\n is \\n") {
  log_streams(run({"cat"}, {.input = "\u20ac\r\n\r", .stdout_ = PIPE, .text = true}));
  log_streams(run_sh("printf 'a\\r\\nb\\rc'; printf 'd\\r\\n' >&2",
                     {.capture_output = true, .text = true}));
  log_streams(run({"cat"},
                  {.input = "\u00e4", .stdout_ = PIPE, .encoding = "latin-1", .errors = "strict"}));
  log_streams(run({"printf", "\\344\\n"}, {.stdout_ = PIPE, .encoding = "latin-1"}));
  log_streams(run({"printf", "[\\200]"}, {.capture_output = true, .errors = "backslashreplace"}));
}

CASE("subprocess.run.text.invalid", "output that is no UTF-8: UnicodeDecodeError") {
  for (const auto& options : {RunOptions{.stdout_ = PIPE, .text = true},
                              RunOptions{.capture_output = true, .text = true}})
    log(said([&] { run({"printf", "ab\\200"}, options); }));
}

CASE("subprocess.run.shell.string", "shell=True: the shell takes the string apart") {
  log_streams(run("echo $((1 + 2)) | tr 3 x; exit 7", {.stdout_ = PIPE, .shell = true}));
}

CASE("subprocess.run.shell.list",
     "shell=True with a list: its first word is the command, the others are $0, $1, ...") {
  log_streams(run({"echo", "a", "b"}, {.stdout_ = PIPE, .shell = true}));
  log_streams(run({"echo \"$0-$1\"", "a", "b c"}, {.stdout_ = PIPE, .shell = true}));
}

CASE("subprocess.run.shell.injection",
     "what comes from outside is obeyed by a shell, and by nobody in a list") {
  const std::string name = "file; echo injected";
  log_streams(run("echo " + name, {.stdout_ = PIPE, .shell = true}));
  log_streams(run({"echo", name}, {.stdout_ = PIPE}));
  log_streams(run("echo " + tandem::shlex::quote(name), {.stdout_ = PIPE, .shell = true}));
}
