// Every await point of asyncio that needs more than the loop is cancelled in turn: threads,
// processes, connections, servers, pipes, children. When the system answers is its own affair, so
// CPython is not asked: what was cancelled ends as cancelled, and nothing stays behind. The loop's
// debug mode tells of each step of the task: so it is cancelled after each of them, up to the last.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <tandem/asyncio.hpp>
#include <tandem/core/log.hpp>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <tandem/subprocess.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "property.hpp"

namespace tandem::conformance {
namespace {

using namespace std::chrono_literals;
using asyncio::Coroutine;
using asyncio::Server;
using asyncio::StreamReader;
using asyncio::StreamWriter;
using subprocess::PIPE;

struct Reaching {
  const char* name;
  Coroutine<> (*subject)();
};

// How far the subject is.
struct Progress {
  int steps = 0;               // that its task has taken
  bool is_at_the_end = false;  // it has begun an await that only a cancellation ends
};
Progress progress;
constexpr const char* subject_name = "subject";
constexpr auto patience = 60s;

// Before such an await.
void for_ever() { progress.is_at_the_end = true; }

// Of what the loop says in debug mode: "Executing <Task pending name='subject' …> took …".
void note(std::string_view said) {
  if (!said.starts_with("Executing <Task ")) return;
  const auto name = said.substr(std::min(said.size(), said.find(" name='") + 7));
  if (name.starts_with(std::string(subject_name) + "'")) ++progress.steps;
}

int checked(int result) {
  if (result < 0) throw std::system_error(errno, std::generic_category());
  return result;
}

// ---- threads and processes ----

Coroutine<> in_a_thread() {
  co_await asyncio::to_thread([] {});
}
Coroutine<> in_an_executor() {
  const auto loop = asyncio::get_running_loop();
  co_await loop.run_in_executor(nullptr, [] {});
  co_await loop.shutdown_default_executor();
}
int in_the_child() { return 5; }
Coroutine<> in_a_process() {
  futures::ProcessPoolExecutor pool(
      {.max_workers = 1, .mp_context = multiprocessing::get_context("fork")});
  co_await asyncio::get_running_loop().run_in_executor(pool, in_the_child);
}
Coroutine<int> late() { co_return co_await asyncio::sleep(1h, 5); }
Coroutine<> of_another_kind() {
  const auto other = asyncio::run_coroutine_threadsafe(late(), asyncio::get_running_loop());
  for_ever();
  co_await asyncio::wrap_future(other);
}
Coroutine<> one_by_one() {
  std::vector<Coroutine<int>> all;
  for (int i = 0; i < 2; ++i) all.push_back(late());
  auto completed = asyncio::as_completed(std::move(all));
  std::exception_ptr cancelled;
  try {
    for_ever();
    co_await completed.anext();
  } catch (...) {
    cancelled = std::current_exception();
  }
  for (const auto& task : asyncio::all_tasks())
    if (task != *asyncio::current_task()) task.cancel();
  if (cancelled) std::rethrow_exception(cancelled);
}

// ---- connections ----

std::string socket_path() {
  return (std::filesystem::temp_directory_path() /
          ("tandem-reaching-" + std::to_string(::getpid())))
      .string();
}

Coroutine<> echo(StreamReader reader, StreamWriter writer) {
  const std::string line = co_await reader.readline();
  writer.write(line);
  co_await writer.drain();
  writer.close();
}
Coroutine<> there_and_back(StreamReader reader, StreamWriter writer) {
  writer.write("a line\n");
  co_await writer.drain();
  EXPECT_EQ(co_await reader.readline(), "a line\n");
  writer.close();
  co_await writer.wait_closed();
}
Coroutine<> end(Server server) {
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
}
Coroutine<> by_network() {
  auto starting =
      asyncio::start_server(echo, "localhost", 0, {.family = asyncio::AddressFamily::INET});
  const Server server = co_await std::move(starting);
  const int port = server.sockets().front().getsockname().port();
  auto opening = asyncio::open_connection("localhost", port);
  auto [reader, writer] = co_await std::move(opening);
  co_await there_and_back(reader, writer);
  co_await end(server);
}
Coroutine<> by_a_path() {
  const Server server = co_await asyncio::start_unix_server(echo, socket_path());
  auto [reader, writer] = co_await asyncio::open_unix_connection(socket_path());
  co_await there_and_back(reader, writer);
  co_await end(server);
}
// Two protocols that say nothing.
Coroutine<> of_protocols() {
  const auto make = std::make_shared<asyncio::Protocol>;
  const Server server = co_await asyncio::create_server(make, "127.0.0.1", 0);
  const int port = server.sockets().front().getsockname().port();
  auto [transport, protocol] = co_await asyncio::create_connection(make, "127.0.0.1", port);
  transport.close();
  co_await end(server);
}
Coroutine<> of_protocols_by_a_path() {
  const auto make = std::make_shared<asyncio::Protocol>;
  const Server server = co_await asyncio::create_unix_server(make, socket_path());
  auto [transport, protocol] = co_await asyncio::create_unix_connection(make, socket_path());
  transport.close();
  co_await end(server);
}
Coroutine<> serving() {
  auto starting = asyncio::start_server(echo, "127.0.0.1", 0, {.start_serving = false});
  const Server server = co_await std::move(starting);
  co_await server.start_serving();
  for_ever();
  co_await server.serve_forever();
}
Coroutine<> serving_with() {
  Server server = co_await asyncio::start_unix_server(echo, socket_path());
  for_ever();
  co_await asyncio::with(server, [] { return asyncio::sleep(1h); });
}
Coroutine<> greet(StreamReader reader, StreamWriter writer) {
  writer.write("a line\n");
  co_await reader.readline();
}
Coroutine<> closing() {
  const Server server = co_await asyncio::start_unix_server(greet, socket_path());
  auto [reader, writer] = co_await asyncio::open_unix_connection(socket_path());
  co_await reader.readline();  // it is served
  server.close();
  for_ever();
  co_await server.wait_closed();
}

// ---- streams ----

// The other end says nothing, and reads nothing.
class OtherEnd {
 public:
  OtherEnd() { checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_)); }
  OtherEnd(const OtherEnd&) = delete;
  OtherEnd& operator=(const OtherEnd&) = delete;
  ~OtherEnd() { ::close(ends_[1]); }
  int this_end() const { return ends_[0]; }

 private:
  int ends_[2];
};

template <class Read>
Coroutine<> reading(Read read) {
  const OtherEnd other;
  auto opening = asyncio::open_connection({}, {}, {.sock = other.this_end()});
  auto [reader, writer] = co_await std::move(opening);
  for_ever();
  co_await read(reader);
}
constexpr auto reads = [](const StreamReader& reader) { return reader.read(); };
constexpr auto reads_some = [](const StreamReader& reader) { return reader.read(10); };
constexpr auto reads_line = [](const StreamReader& reader) { return reader.readline(); };
constexpr auto reads_exactly = [](const StreamReader& reader) { return reader.readexactly(10); };
constexpr auto reads_until = [](const StreamReader& reader) { return reader.readuntil(";"); };
constexpr auto reads_next = [](const StreamReader& reader) { return reader.anext(); };

Coroutine<> draining() {
  const OtherEnd other;
  auto opening = asyncio::open_connection({}, {}, {.sock = other.this_end()});
  auto [reader, writer] = co_await std::move(opening);
  writer.write(std::string(1 << 22, 'x'));
  for_ever();
  co_await writer.drain();
}
Coroutine<> closing_what_is_full() {
  const OtherEnd other;
  auto opening = asyncio::open_connection({}, {}, {.sock = other.this_end()});
  auto [reader, writer] = co_await std::move(opening);
  writer.write(std::string(1 << 22, 'x'));
  writer.close();
  for_ever();
  co_await writer.wait_closed();
}
// A socket will do for a pipe.
Coroutine<> of_a_read_pipe() {
  const OtherEnd other;
  auto connecting =
      asyncio::connect_read_pipe(std::make_shared<asyncio::Protocol>, other.this_end());
  auto [transport, protocol] = co_await std::move(connecting);
  transport.close();
}
Coroutine<> of_a_write_pipe() {
  const OtherEnd other;
  auto connecting =
      asyncio::connect_write_pipe(std::make_shared<asyncio::Protocol>, other.this_end());
  auto [transport, protocol] = co_await std::move(connecting);
  transport.close();
}

// ---- children ----

// Awaits it, and then kills the child in any case.
Coroutine<> awaited_and_killed(asyncio::Process child, Coroutine<> awaited) {
  std::exception_ptr cancelled;
  try {
    co_await std::move(awaited);
  } catch (...) {
    cancelled = std::current_exception();
  }
  if (!child.returncode()) child.kill();
  co_await child.wait();
  if (cancelled) std::rethrow_exception(cancelled);
}
Coroutine<> until_ended(asyncio::Process child) { co_await child.wait(); }
Coroutine<> until_killed(asyncio::Process child) {
  for_ever();
  co_await child.wait();
}
Coroutine<> asked(asyncio::Process child) { co_await child.communicate("a line\n"); }
Coroutine<> read_from(asyncio::Process child) {
  for_ever();
  co_await child.stdout_().readline();
}

Coroutine<> of_a_child() {
  auto starting = asyncio::create_subprocess_exec({"sleep", "1000"});
  const asyncio::Process child = co_await std::move(starting);
  co_await awaited_and_killed(child, until_killed(child));
}
Coroutine<> of_a_shell() {
  auto starting = asyncio::create_subprocess_shell("exit 3");
  const asyncio::Process child = co_await std::move(starting);
  co_await awaited_and_killed(child, until_ended(child));
}
Coroutine<> with_a_child() {
  auto starting = asyncio::create_subprocess_exec({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  const asyncio::Process child = co_await std::move(starting);
  co_await awaited_and_killed(child, asked(child));
}
Coroutine<> from_a_child() {
  auto starting = asyncio::create_subprocess_exec({"cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  const asyncio::Process child = co_await std::move(starting);
  co_await awaited_and_killed(child, read_from(child));
}
struct Ended : asyncio::SubprocessProtocol {
  void connection_lost(std::exception_ptr) override { lost.set_result(); }
  const asyncio::Future<> lost;
};
Coroutine<> until_lost(std::shared_ptr<Ended> protocol) {
  std::exception_ptr cancelled;
  try {
    co_await asyncio::shield(protocol->lost);
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await protocol->lost;
  if (cancelled) std::rethrow_exception(cancelled);
}
Coroutine<> of_a_childs_protocol() {
  auto starting = asyncio::subprocess_exec(std::make_shared<Ended>, {"true"});
  auto [transport, protocol] = co_await std::move(starting);
  co_await until_lost(protocol);
}
Coroutine<> of_a_shells_protocol() {
  auto starting = asyncio::subprocess_shell(std::make_shared<Ended>, "exit 3");
  auto [transport, protocol] = co_await std::move(starting);
  co_await until_lost(protocol);
}

constexpr Reaching all[] = {
    {"to_thread", in_a_thread},
    {"run_in_executor", in_an_executor},
    {"process_pool", in_a_process},
    {"run_coroutine_threadsafe", of_another_kind},
    {"as_completed", one_by_one},
    {"connection", by_network},
    {"unix_connection", by_a_path},
    {"protocols", of_protocols},
    {"unix_protocols", of_protocols_by_a_path},
    {"serve_forever", serving},
    {"with_a_server", serving_with},
    {"server_wait_closed", closing},
    {"read", [] { return reading(reads); }},
    {"read_some", [] { return reading(reads_some); }},
    {"readline", [] { return reading(reads_line); }},
    {"readexactly", [] { return reading(reads_exactly); }},
    {"readuntil", [] { return reading(reads_until); }},
    {"anext", [] { return reading(reads_next); }},
    {"drain", draining},
    {"wait_closed", closing_what_is_full},
    {"read_pipe", of_a_read_pipe},
    {"write_pipe", of_a_write_pipe},
    {"child_wait", of_a_child},
    {"shell_wait", of_a_shell},
    {"communicate", with_a_child},
    {"child_readline", from_a_child},
    {"child_protocol", of_a_childs_protocol},
    {"shell_protocol", of_a_shells_protocol},
};

// A moment of a subject: so many steps it has taken, each up to where it is suspended, and so many
// turns of the loop have gone by since.
struct Moment {
  int step, turns;
};

// What became of a subject that was to be cancelled.
struct Outcome {
  bool has_ended;       // by itself, before
  bool waits_for_ever;  // it was in its last await when it was cancelled
  int steps;            // that it had taken by then
};

Coroutine<Outcome> cancelled_at(Moment moment, Coroutine<> subject) {
  asyncio::get_running_loop().slow_callback_duration(0s);  // each step is told
  progress = {};
  const auto task = asyncio::create_task(std::move(subject), subject_name);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!task.done() && progress.steps < moment.step && !progress.is_at_the_end) {
    if (std::chrono::steady_clock::now() > deadline)
      throw RuntimeError("has neither ended nor said that it waits for ever");
    co_await asyncio::sleep(0s);
  }
  for (int turn = 0; turn < moment.turns && !task.done(); ++turn) co_await asyncio::sleep(0s);
  const Outcome outcome{task.done(), progress.is_at_the_end, progress.steps};
  task.cancel();
  try {
    co_await task;
  } catch (const asyncio::CancelledError&) {
  }
  EXPECT_EQ(task.cancelled(), !outcome.has_ended);
  co_return outcome;
}

// Open descriptors, and children of this thread, running or not: the reference runner may be one.
std::pair<std::size_t, std::size_t> held() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  std::ifstream children("/proc/thread-self/children");
  return {std::distance(begin(files), end(files)),
          std::distance(std::istream_iterator<int>(children), std::istream_iterator<int>())};
}

class EachReach : public testing::TestWithParam<Reaching> {
 protected:
  void SetUp() override { before_ = log_sink(note); }
  void TearDown() override { log_sink(before_); }

  Outcome run_to(Moment moment) {
    const Outcome outcome =
        asyncio::run(cancelled_at(moment, GetParam().subject()), {.debug = true});
    tally_.add(1);
    return outcome;
  }
  Outcome check(Moment moment) {
    const Outcome outcome = run_to(moment);
    // The thread of a shutdown_default_executor() that was cancelled is not waited for, and has the
    // loop as long as it lives.
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (held() != held_before_ && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    EXPECT_EQ(held(), held_before_) << moment.turns << " turns after step " << moment.step;
    return outcome;
  }
  // What is made once is there then.
  void look() {
    run_to({most_steps, 0});
    held_before_ = held();
  }

  static constexpr int most_steps = 1000;

 private:
  LogSink before_;
  std::pair<std::size_t, std::size_t> held_before_;
  Tally tally_{{"cancellations", 0, 0}};
};

// Each await is one in which some step ends: of those that the library makes, too.
TEST_P(EachReach, LeavesNothingBehindWhenItIsCancelled) {
  look();
  std::set<int> hit;  // where it was cancelled: after which step
  Outcome last{};
  for (int step = 0; !last.has_ended && !last.waits_for_ever; ++step) {
    ASSERT_LT(step, most_steps);
    last = check({step, 0});
    if (!last.has_ended) hit.insert(last.steps);
    for (int turns = 1; turns <= 3; ++turns) check({step, turns});
  }
  const int awaits =
      last.waits_for_ever ? last.steps : last.steps - 1;  // the last step awaits nothing
  for (int await = 1; await <= awaits; ++await) EXPECT_TRUE(hit.contains(await)) << await;
  EXPECT_GE(awaits, 1);
  RecordProperty("awaits", awaits);
}

// Not where it has come to something, but where it may have.
TEST_P(EachReach, LeavesNothingBehindWhenItIsCancelledAtAnyTime) {
  constexpr int few = 8, most = 1 << 11;
  look();
  for (int turns = 0; turns <= most; turns = turns < few ? turns + 1 : 2 * turns)
    if (check({0, turns}).has_ended) break;
}

INSTANTIATE_TEST_SUITE_P(Asyncio, EachReach, testing::ValuesIn(all),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace tandem::conformance
