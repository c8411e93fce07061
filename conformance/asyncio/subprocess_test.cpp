// asyncio's children
#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <optional>

#include "conformance/asyncio/network.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;
using asyncio::Process;
using asyncio::ProcessOptions;
using asyncio::SubprocessTransport;
using tandem::subprocess::DEVNULL;
using tandem::subprocess::PIPE;
using tandem::subprocess::PopenOptions;
using tandem::subprocess::STDOUT;

namespace {

constexpr std::size_t large = 1 << 20;  // more than any pipe holds by default

Coroutine<Process> shell(std::string command, ProcessOptions options = {}) {
  return asyncio::create_subprocess_shell(std::move(command), options);
}
// A child that does nothing until it is killed.
Coroutine<Process> sleeper(ProcessOptions options = {}) {
  return asyncio::create_subprocess_exec({"sleep", "1000"}, options);
}

// Logs what communicate() returns, and the return code.
Coroutine<> report(Process process, std::optional<std::string> input = {}) {
  const auto [out, err] = co_await process.communicate(std::move(input));
  log(shown(out), shown(err), process.returncode());
}
// The same of one that is to be started.
Coroutine<> report_of(Coroutine<Process> starting, std::optional<std::string> input = {}) {
  co_await report(co_await std::move(starting), std::move(input));
}

}  // namespace

// ---- starting

namespace {
Coroutine<> words() {
  const Texts all{"printf", "<%s>", "a b", "", "*", "$HOME", "it's", "\\", "ü"};
  co_await report_of(asyncio::create_subprocess_exec(all, {.stdout_ = PIPE}));
  auto by_path = asyncio::create_subprocess_exec(
      {std::filesystem::path("/bin/sh"), "-c", "echo $1", "sh", std::filesystem::path("/a/path")},
      {.stdout_ = PIPE});
  co_await report_of(std::move(by_path));
}
}  // namespace
CASE("asyncio.subprocess.exec.words", "a program and its arguments, as they are") {
  asyncio::run(words());
}

namespace {
Coroutine<> not_found() {
  const ProcessOptions all[] = {{}, {.stdin_ = PIPE}, {.cwd = "/no/such/folder"}};
  for (const ProcessOptions& options : all) {
    auto starting = asyncio::create_subprocess_exec({"/no/such/program"}, options);
    log(co_await raised_by_awaiting(std::move(starting)));
  }
  log(no_child_left());
}
}  // namespace
CASE("asyncio.subprocess.exec.not-found", "what Popen raises; nothing is left") {
  asyncio::run(not_found());
}

namespace {
Coroutine<> by_shell() {
  const Process process = co_await shell("exit 7");
  const std::string status = co_await said(process.wait());
  log(status, process.returncode());
  co_await report_of(shell("echo out; echo err >&2; exit 3", {.stdout_ = PIPE, .stderr_ = PIPE}));
}
}  // namespace
CASE("asyncio.subprocess.shell", "a line for a shell") { asyncio::run(by_shell()); }

namespace {
Coroutine<> options() {
  co_await report_of(shell("exit 8", {.start_new_session = true}));
  PopenOptions environment;
  environment.env = {{"WORD", "x"}};
  environment.stdout_ = PIPE;
  co_await report_of(asyncio::create_subprocess_shell("echo $WORD", std::move(environment)));
  co_await report_of(shell("pwd", {.stdout_ = PIPE, .cwd = "/"}));
  const PipeEnds ends;
  PopenOptions kept;
  kept.pass_fds.push_back(ends.writer);
  const std::string command = "echo through >&" + std::to_string(ends.writer);
  const Process process = co_await asyncio::create_subprocess_shell(command, std::move(kept));
  ::close(ends.writer);
  const std::string status = co_await said(process.wait());
  log(status, shown(read_from(ends.reader)));
  ::close(ends.reader);
}
}  // namespace
CASE("asyncio.subprocess.options", "those of Popen: session, environment, directory, descriptors") {
  asyncio::run(options());
}

namespace {
Coroutine<> refuse(PopenOptions given) {
  log(co_await raised_by_awaiting(asyncio::create_subprocess_exec({"true"}, given)));
  log(co_await raised_by_awaiting(asyncio::create_subprocess_shell("true", std::move(given))));
}
Coroutine<> text() {
  PopenOptions given;
  given.text = true;
  co_await refuse(given);
  given = {};
  given.encoding = "utf-8";
  co_await refuse(given);
  given = {};
  given.errors = "strict";
  co_await refuse(given);
  given = {};
  given.universal_newlines = true;
  co_await refuse(given);
  given = {};
  given.bufsize = 1;
  co_await refuse(given);
  log(no_child_left());
}
}  // namespace
CASE("asyncio.subprocess.text", "ValueError for what asks for text") { asyncio::run(text()); }

namespace {
Coroutine<> attributes() {
  const Process process = co_await sleeper({.stdin_ = PIPE, .stdout_ = PIPE});
  const auto is_none = [](const std::string& error) { return error != "nothing"; };
  log(process.pid() > 0, is_none(raised([&] { process.stdin_(); })),
      is_none(raised([&] { process.stdout_(); })), is_none(raised([&] { process.stderr_(); })),
      process.returncode());
  log(replaced(to_string(process), std::to_string(process.pid()), "PID"));
  process.kill();
  co_await process.wait();
}
}  // namespace
CASE("asyncio.subprocess.attributes", "pid, streams where there are pipes, no return code yet") {
  asyncio::run(attributes());
}

// ---- streams

namespace {
Coroutine<Process> cat() {
  return asyncio::create_subprocess_exec({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
}
Coroutine<> stdin_stdout() {
  const Process process = co_await cat();
  process.stdin_().write("some data");
  co_await process.stdin_().drain();
  process.stdin_().close();
  log(co_await said(process.stdin_().wait_closed()));
  const std::string all = co_await said(process.stdout_().read());
  log(all, co_await said(process.wait()));
}
}  // namespace
CASE("asyncio.subprocess.stdin-stdout", "they are a StreamWriter and a StreamReader") {
  asyncio::run(stdin_stdout());
}

namespace {
Coroutine<> interactive() {
  const Process process = co_await cat();
  for (const char* word : {"one\n", "two\n"}) {
    process.stdin_().write(word);
    log(co_await said(process.stdout_().readline()));
  }
  process.stdin_().write_eof();
  const std::string nothing = co_await said(process.stdout_().readline());
  log(nothing, co_await said(process.wait()));
}
}  // namespace
CASE("asyncio.subprocess.interactive", "question by question") { asyncio::run(interactive()); }

namespace {
Coroutine<> devnull() {
  co_await report_of(
      shell("wc -c | tr -d ' '", {.stdin_ = DEVNULL, .stdout_ = PIPE, .stderr_ = PIPE}));
  co_await report_of(shell("cat", {.stdin_ = PIPE, .stdout_ = DEVNULL, .stderr_ = PIPE}), "abc");
  co_await report_of(
      shell("echo err >&2; cat", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = DEVNULL}), "abc");
  co_await report_of(shell("echo out; echo err >&2", {.stdout_ = PIPE, .stderr_ = STDOUT}));
  const PipeEnds ends;
  const Process process = co_await shell("echo x", {.stdout_ = ends.writer});
  ::close(ends.writer);
  const std::string status = co_await said(process.wait());
  log(status, shown(read_from(ends.reader)));
  ::close(ends.reader);
}
}  // namespace
CASE("asyncio.subprocess.devnull", "DEVNULL, STDOUT, descriptors and the parent's own") {
  asyncio::run(devnull());
}

CASE("asyncio.subprocess.dev-stdin", "the child may open its stdin anew") {
  asyncio::run(report_of(
      shell("cat /dev/stdin", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE}), "abc"));
}

namespace {
Coroutine<> limit() {
  const Process process = co_await shell("head -c 300000 /dev/zero; echo done >&2",
                                         {.stdout_ = PIPE, .stderr_ = PIPE, .limit = 10});
  co_await turns(50);
  log(process.returncode());
  const auto [out, err] = co_await process.communicate();
  log(out->size(), shown(err), process.returncode());
}
}  // namespace
CASE("asyncio.subprocess.limit",
     "a child that writes more than its reader may hold waits; all comes in the end") {
  asyncio::run(limit());
}

namespace {
Coroutine<> after_exit() {
  const Process process = co_await shell("head -c 262144 /dev/zero; exit 1", {.stdout_ = PIPE});
  std::size_t total = 0;
  for (;;) {
    const std::string block = co_await process.stdout_().read(65536);
    if (block.empty()) break;
    total += block.size();
    co_await turns(20);
  }
  log(total, co_await said(process.wait()));
}
}  // namespace
CASE("asyncio.subprocess.after-exit", "what a child has written can be read when it has gone") {
  asyncio::run(after_exit());
}

// ---- communicate

namespace {
Coroutine<> communicate() {
  co_await report_of(
      shell("cat; echo err >&2; exit 3", {.stdin_ = PIPE, .stdout_ = PIPE, .stderr_ = PIPE}),
      "some data");
  co_await report_of(shell("cat", {.stdin_ = PIPE, .stdout_ = PIPE}));
  co_await report_of(shell("wc -c | tr -d ' '", {.stdin_ = PIPE, .stdout_ = PIPE}), "");
  co_await report_of(shell("exit 4"));
}
}  // namespace
CASE("asyncio.subprocess.communicate.input",
     "the input in, both outputs out, the child waited for") {
  asyncio::run(communicate());
}

namespace {
Coroutine<> communicate_large() {
  const Process process = co_await cat();
  const auto [out, err] = co_await process.communicate(std::string(large, 'x'));
  log(out->size(), std::count(out->begin(), out->end(), 'x'), shown(err), process.returncode());
}
}  // namespace
CASE("asyncio.subprocess.communicate.large", "more than pipes hold, in both directions") {
  asyncio::run(communicate_large());
}

namespace {
Coroutine<> inheritable() {
  const ProcessOptions options{.stdin_ = PIPE, .stdout_ = PIPE, .close_fds = false};
  const Process first = co_await asyncio::create_subprocess_exec({"cat"}, options);
  const Process second = co_await asyncio::create_subprocess_exec({"cat"}, options);
  co_await report(first, "abc");
  co_await report(second, "def");
}
}  // namespace
CASE("asyncio.subprocess.communicate.inheritable", "no child keeps another's stdin open") {
  asyncio::run(inheritable());
}

namespace {
Coroutine<> broken_pipe() {
  const auto messages = heard();
  const std::string input(large, 'x');
  co_await report_of(asyncio::create_subprocess_exec({"true"}, {.stdin_ = PIPE}), input);
  co_await report_of(shell("exec <&-; echo out", {.stdin_ = PIPE, .stdout_ = PIPE}), input);
  log(*messages);
}
}  // namespace
CASE("asyncio.subprocess.communicate.broken-pipe",
     "a child that does not read its input is no error") {
  asyncio::run(broken_pipe());
}

namespace {
Coroutine<std::string> output_of(std::string word) {
  const Process process =
      co_await asyncio::create_subprocess_exec({"echo", word}, {.stdout_ = PIPE});
  auto [out, err] = co_await process.communicate();
  out->pop_back();
  co_return *out;
}
Coroutine<> many() {
  std::vector<Coroutine<std::string>> outputs;
  for (int number = 0; number < 10; ++number)
    outputs.push_back(output_of("foo" + std::to_string(number)));
  auto all = asyncio::gather(std::move(outputs));
  log(co_await std::move(all));
}
}  // namespace
CASE("asyncio.subprocess.communicate.many", "many at once, each with its own output") {
  asyncio::run(many());
}

namespace {
Coroutine<> communicate_cancel() {
  const Process process = co_await cat();
  const auto task = asyncio::create_task(process.stdout_().read());
  co_await turns(3);
  task.cancel();
  const std::string cancelled = co_await said(task);
  log(cancelled, process.returncode());
  co_await report(process, "abc");
}
}  // namespace
CASE("asyncio.subprocess.communicate.cancel",
     "a cancelled one may be called again: the child lives") {
  asyncio::run(communicate_cancel());
}

namespace {
Coroutine<> drain_broken_pipe() {
  const Process process = co_await shell("read x", {.stdin_ = PIPE});
  const asyncio::StreamWriter& writer = process.stdin_();
  writer.write(std::string(large, 'x'));
  log(true);
  process.kill();
  try {
    co_await writer.drain();
    log("nothing");
  } catch (const tandem::ConnectionError&) {
    log(true);
  }
  log(co_await said(process.wait()));
}
}  // namespace
CASE("asyncio.subprocess.drain.broken-pipe", "drain() of a child's stdin raises when it is gone") {
  asyncio::run(drain_broken_pipe());
}

// ---- waiting

namespace {
Coroutine<> wait_again() {
  const Process process = co_await shell("exit 5");
  std::vector<Coroutine<int>> waiting;
  waiting.push_back(process.wait());
  waiting.push_back(process.wait());
  auto both = asyncio::gather(std::move(waiting));
  const std::vector<int> statuses = co_await std::move(both);
  const std::string again = co_await said(process.wait());
  log(statuses, again, process.returncode());
}
}  // namespace
CASE("asyncio.subprocess.wait.again", "the same, as often as it is asked, by as many") {
  asyncio::run(wait_again());
}

namespace {
Coroutine<> wait_cancel() {
  const Process process = co_await sleeper();
  const auto task = asyncio::create_task(process.wait());
  asyncio::get_running_loop().call_soon([task] { task.cancel(); });
  const std::string cancelled = co_await said(task);
  log(cancelled, process.returncode());
  task.cancel();
  const auto other = asyncio::create_task(process.wait());
  process.kill();
  const std::string status = co_await said(process.wait());
  log(status, co_await said(other));
}
}  // namespace
CASE("asyncio.subprocess.wait.cancel",
     "a cancelled one can be repeated; the child does not notice") {
  asyncio::run(wait_cancel());
}

namespace {
Coroutine<> wait_streams() {
  const Process process =
      co_await shell("read x; sleep 1000 & echo $!", {.stdin_ = PIPE, .stdout_ = PIPE});
  const auto task = asyncio::create_task(process.wait());
  co_await turns(2);
  process.stdin_().write("\n");
  process.stdin_().close();
  const int other = std::stoi(co_await process.stdout_().readline());
  while (!process.returncode()) co_await turns();
  co_await turns(5);
  log(process.returncode(), task.done());
  ::kill(other, SIGKILL);
  const std::string end = co_await said(process.stdout_().read());
  log(end, co_await said(task));
}
}  // namespace
CASE("asyncio.subprocess.wait.streams",
     "who waits goes on when the child's pipes are at their ends, too") {
  asyncio::run(wait_streams());
}

namespace {
Coroutine<> signalled(void (*act)(const Process&)) {
  const Process process = co_await sleeper();
  act(process);
  log(co_await said(process.wait()));
  log(raised([&] { process.kill(); }), raised([&] { process.terminate(); }),
      raised([&] { process.send_signal(SIGHUP); }));
}
Coroutine<> signals() {
  co_await signalled([](const Process& child) { child.kill(); });
  co_await signalled([](const Process& child) { child.terminate(); });
  co_await signalled([](const Process& child) { child.send_signal(SIGHUP); });
  const Process process =
      co_await shell("sleep 1000; exit 1", {.stdout_ = PIPE, .start_new_session = true});
  ::kill(-process.pid(), SIGKILL);
  log(co_await said(process.wait()));
}
}  // namespace
CASE("asyncio.subprocess.signals",
     "kill(), terminate(), send_signal(); none to one that has ended") {
  asyncio::run(signals());
}

namespace {
Coroutine<> create_cancel() {
  for (int number = 0; number < 5; ++number) {
    const auto task = asyncio::create_task(sleeper({.stdin_ = PIPE, .stdout_ = PIPE}));
    co_await turns(number);
    task.cancel();
    const std::string cancelled = co_await raised_by_awaiting(task);
    log(cancelled, no_child_left());
  }
}
}  // namespace
CASE("asyncio.subprocess.create.cancel", "a cancelled creation kills and reaps the child") {
  asyncio::run(create_cancel());
}

// ---- the transport

namespace {

// Remembers what it is told.
class Recorder : public asyncio::SubprocessProtocol {
 public:
  void connection_made(const SubprocessTransport&) override { told.push_back("made"); }
  void pipe_data_received(int fd, std::string_view bytes) override {
    data[fd] += bytes;
    const std::string what = "data " + std::to_string(fd);
    if (!was_told(what)) told.push_back(what);
  }
  void pipe_connection_lost(int fd, std::exception_ptr error) override {
    told.push_back("pipe " + std::to_string(fd) + " lost " + (error ? raised_by(error) : "None"));
  }
  void process_exited() override { told.push_back("exited"); }
  void connection_lost(std::exception_ptr error) override {
    told.push_back("lost " + (error ? raised_by(error) : std::string("None")));
    done.set_result();
  }
  bool was_told(const std::string& what) const {
    return std::find(told.begin(), told.end(), what) != told.end();
  }

  Texts told;
  std::map<int, std::string> data;
  const asyncio::Future<> done;
};
std::shared_ptr<Recorder> make_recorder() { return std::make_shared<Recorder>(); }

Texts sorted(Texts texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

// Has a child made, and cancels all of it so many turns later. What it raises, and what is told.
Coroutine<Texts> cancel_making(int number) {
  std::shared_ptr<Recorder> protocol;
  const auto make = [&protocol] { return protocol = make_recorder(); };
  const Texts words{"sleep", "1000"};
  const auto task = asyncio::create_task(asyncio::subprocess_exec(make, words));
  co_await turns(number);
  for (const asyncio::AnyTask& each : asyncio::all_tasks())
    if (each != asyncio::current_task()) each.cancel();
  const std::string cancelled = co_await raised_by_awaiting(task);
  Texts told{cancelled, no_child_left() ? "no child left" : "a child is left"};
  if (protocol) told.insert(told.end(), protocol->told.begin(), protocol->told.end());
  co_return told;
}

}  // namespace
CASE("asyncio.subprocess.create.cancel-all",
     "nor does it hang when who connects its pipes is cancelled, too") {
  const Texts expected{"CancelledError", "no child left"};
  for (int number = 0; number < 6; ++number)
    EXPECT_EQ(asyncio::run(cancel_making(number)), expected);
}

namespace {

const ProcessOptions no_pipes{.stdin_ = 0, .stdout_ = 1, .stderr_ = 2};

Coroutine<> transport_exec() {
  const auto [transport, protocol] = co_await asyncio::subprocess_exec(make_recorder, {"cat"});
  std::vector<bool> pipes;
  for (int fd = 0; fd < 4; ++fd) pipes.push_back(transport.get_pipe_transport(fd).has_value());
  log(pipes, transport.get_pid() > 0);
  while (protocol->told.empty()) co_await turns();
  const asyncio::Transport in = transport.get_pipe_transport(0).value();
  for (const std::string word : {"Python ", "The Winner"}) {
    in.write(word);
    while (!protocol->data[1].ends_with(word)) co_await turns();
  }
  log(transport.get_returncode(), transport.is_closing());
  transport.close();
  log(transport.is_closing());
  co_await protocol->done;
  log(sorted(protocol->told), transport.get_returncode(), shown(protocol->data[1]));
  transport.close();
}

}  // namespace
CASE("asyncio.subprocess.transport.exec", "pipes by default; close() kills what runs") {
  asyncio::run(transport_exec());
}

namespace {
Coroutine<> transport_shell() {
  const auto [transport, protocol] = co_await asyncio::subprocess_shell(
      make_recorder, "read x; echo OUT:$x; echo ERR:$x >&2; exit 7");
  transport.get_pipe_transport(0)->write("test\n");
  co_await protocol->done;
  log(protocol->told.front(), protocol->told.back(), sorted(protocol->told),
      transport.get_returncode());
  log(shown(protocol->data[1]), shown(protocol->data[2]));
  transport.close();
}
}  // namespace
CASE("asyncio.subprocess.transport.shell", "output, exit code, in the end lost") {
  asyncio::run(transport_shell());
}

namespace {
Coroutine<> transport_no_pipes() {
  const auto [transport, protocol] =
      co_await asyncio::subprocess_shell(make_recorder, "exit 7", no_pipes);
  std::vector<std::optional<int>> pipes;
  for (int fd = 0; fd < 3; ++fd)
    pipes.push_back(transport.get_pipe_transport(fd) ? std::optional(fd) : std::nullopt);
  log(pipes);
  co_await protocol->done;
  transport.close();
  log(protocol->told, transport.get_returncode(), "None");
}
}  // namespace
CASE("asyncio.subprocess.transport.no-pipes", "nothing to be told but its end") {
  asyncio::run(transport_no_pipes());
}

namespace {
Coroutine<> transport_stderr() {
  const auto [transport, protocol] = co_await asyncio::subprocess_shell(
      make_recorder, "echo OUT; echo ERR >&2", {.stdin_ = 0, .stderr_ = STDOUT});
  std::vector<bool> pipes;
  for (int fd = 0; fd < 3; ++fd) pipes.push_back(transport.get_pipe_transport(fd).has_value());
  log(pipes);
  co_await protocol->done;
  log(shown(protocol->data[1]), shown(protocol->data[2]), transport.get_returncode());
  transport.close();
}
}  // namespace
CASE("asyncio.subprocess.transport.stderr", "STDOUT sends both to one pipe") {
  asyncio::run(transport_stderr());
}

namespace {
Coroutine<> close_pipe() {
  const auto [transport, protocol] = co_await asyncio::subprocess_shell(
      make_recorder,
      "trap '' PIPE; echo OUT; read x; echo more 2>/dev/null || echo ERR >&2; exec sleep 1000");
  while (protocol->data[1].empty()) co_await turns();
  transport.get_pipe_transport(1)->close();
  while (!protocol->was_told("pipe 1 lost None")) co_await turns();
  transport.get_pipe_transport(0)->write("xxx\n");
  while (protocol->data[2].empty()) co_await turns();
  log(shown(protocol->data[1]), shown(protocol->data[2]));
  transport.close();
  while (!protocol->was_told("exited")) co_await turns();
  log(transport.get_returncode());
}
}  // namespace
CASE("asyncio.subprocess.transport.close-pipe",
     "a pipe that is closed on our side breaks on the child's") {
  asyncio::run(close_pipe());
}

namespace {
Coroutine<> transport_signalled(void (*act)(const SubprocessTransport&)) {
  const Texts words{"sleep", "1000"};
  const auto [transport, protocol] = co_await asyncio::subprocess_exec(make_recorder, words);
  act(transport);
  co_await protocol->done;
  const std::string again = raised([&] { act(transport); });
  log(transport.get_returncode(), again);
  transport.close();
}
Coroutine<> transport_signals() {
  co_await transport_signalled([](const SubprocessTransport& child) { child.kill(); });
  co_await transport_signalled([](const SubprocessTransport& child) { child.terminate(); });
  co_await transport_signalled([](const SubprocessTransport& child) { child.send_signal(SIGHUP); });
}
}  // namespace
CASE("asyncio.subprocess.transport.signals", "kill(), terminate(), send_signal()") {
  asyncio::run(transport_signals());
}

namespace {
Coroutine<> close_finished() {
  const auto [transport, protocol] = co_await asyncio::subprocess_shell(
      make_recorder, "read x; exit 3", {.stdout_ = 1, .stderr_ = 2});
  transport.get_pipe_transport(0)->write("\n");
  wait_until_ended(transport.get_pid());
  log(transport.get_returncode());
  transport.close();
  co_await protocol->done;
  EXPECT_EQ(transport.get_returncode(), 3);  // CPython has lost it
  log(transport.get_returncode() != -SIGKILL, protocol->told.front(), protocol->told.back());
}
}  // namespace
CASE("asyncio.subprocess.transport.close-finished", "one that has ended is not killed") {
  asyncio::run(close_finished());
}

namespace {
class Knowing : public Recorder {
 public:
  void connection_made(const SubprocessTransport& made) override {
    transport = made;
    Recorder::connection_made(made);
  }
  std::optional<SubprocessTransport> transport;
};
Coroutine<int> leave_child(ProcessOptions options, std::weak_ptr<Knowing>* seen) {
  const auto make = [] { return std::make_shared<Knowing>(); };
  const Texts words{"sleep", "1000"};
  const auto [transport, protocol] = co_await asyncio::subprocess_exec(make, words, options);
  while (protocol->told.empty()) co_await turns();
  *seen = protocol;
  co_return transport.get_pid();
}
}  // namespace
CASE("asyncio.subprocess.unclosed", "a child that runs when its loop is closed is killed") {
  for (const ProcessOptions& options : {no_pipes, ProcessOptions()}) {
    const Logged logged;
    std::weak_ptr<Knowing> protocol;
    const int pid = asyncio::run(leave_child(options, &protocol));
    ASSERT_TRUE(protocol.expired());
    const Texts lines = logged.messages();
    const std::string warning = "ResourceWarning: unclosed transport <_UnixSubprocessTransport";
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [&](const auto& line) { return line.starts_with(warning); }),
              1);
    if (is_child(pid)) wait_until_ended(pid);
  }
  sh("true").wait();  // reaps whom nobody waits for any more
}

namespace {
Coroutine<> set_protocol() {
  const auto [transport, first] = co_await asyncio::subprocess_exec(make_recorder, {"cat"});
  while (first->told.empty()) co_await turns();
  log(transport.get_protocol() == first);
  const auto second = make_recorder();
  transport.set_protocol(second);
  log(transport.get_protocol() == second);
  const auto stdin_ = *transport.get_pipe_transport(0);
  stdin_.write("told\n");
  while (second->data[1].empty()) co_await turns();
  stdin_.close();
  co_await second->done;
  log(first->told, sorted(second->told), shown(second->data[1]),
      transport.get_protocol() ? "one" : "None");
  transport.close();
}
}  // namespace
CASE("asyncio.subprocess.transport.set-protocol", "what comes next is told to the new one") {
  asyncio::run(set_protocol());
}

namespace {
Coroutine<> transport_repr() {
  const Texts words{"sleep", "1000"};
  const auto [transport, protocol] =
      co_await asyncio::subprocess_exec(make_recorder, words, no_pipes);
  const auto hidden = [&transport] {
    return replaced(to_string(transport), "pid=" + std::to_string(transport.get_pid()), "pid=N");
  };
  log(hidden());
  transport.kill();
  co_await protocol->done;
  log(hidden());
  transport.close();
  log(hidden());
}
}  // namespace
CASE("asyncio.subprocess.transport.repr", "what runs, and by which pipes") {
  asyncio::run(transport_repr());
}
