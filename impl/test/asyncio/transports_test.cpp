// Transports from within: what the system, or the program, does to them behind their back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "platform/process.hpp"
#include "tandem/asyncio.hpp"
#include "tandem/core/log.hpp"
#include "tandem/threading.hpp"

namespace {

constinit thread_local int connect_error = 0;  // of all connections of this thread; 0: the system's

}  // namespace

extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  if (connect_error == 0) return static_cast<int>(::syscall(SYS_connect, socket, address, size));
  errno = connect_error;
  return -1;
}

namespace tandem::asyncio {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

struct Waiting : Protocol {
  void connection_lost(std::exception_ptr its_error) override {
    error = its_error;
    lost.set_result();
  }
  std::exception_ptr error;
  const Future<> lost;
};

// The other end is the test's.
struct Ends {
  Ends() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0); }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() { ::close(fds[1]); }
  int fds[2];
};

std::shared_ptr<Waiting> make_waiting() { return std::make_shared<Waiting>(); }

Coroutine<> closed_by_another() {
  const Ends ends;
  const auto [transport, protocol] =
      co_await create_connection(make_waiting, {}, {}, {.sock = ends.fds[0]});
  transport.write(std::string(1 << 22, 'x'));
  EXPECT_GT(transport.get_write_buffer_size(), 0U);  // it is watched for both
  ::close(ends.fds[0]);
  transport.abort();
  co_await protocol->lost;
}
TEST(Transports, FilesThatOthersHaveClosedAreLost) { run(closed_by_another()); }

Coroutine<> no_port_left() {
  connect_error = EAGAIN;
  bool has_thrown = false;
  try {
    co_await create_connection(make_waiting, "127.0.0.1", 1);
  } catch (const BlockingIOError&) {
    has_thrown = true;
  }
  connect_error = 0;
  EXPECT_TRUE(has_thrown);
}
TEST(Transports, ConnectionsWithoutAPortAreRefused) { run(no_port_left()); }

// Writes what the system takes the beginning of, and what nobody can keep the rest of.
template <class Make>
Coroutine<> no_memory(Make make, std::string message) {
  std::vector<std::string> reports;
  get_running_loop().set_exception_handler([&](const EventLoop&, const ExceptionContext& context) {
    reports.push_back(context.message);
  });
  const Ends ends;
  const auto [transport, protocol] = co_await make(ends.fds[0]);
  const std::string data(1 << 22, 'x');
  most_memory = 1 << 20;
  transport.write(data);
  most_memory = SIZE_MAX;
  transport.write("y");
  EXPECT_TRUE(transport.is_closing());
  co_await protocol->lost;
  EXPECT_THAT(reports, ElementsAre(message));
  EXPECT_THROW(std::rethrow_exception(protocol->error), std::bad_alloc);
  std::string received(data.size(), '\0');
  received.resize(
      static_cast<std::size_t>(::recv(ends.fds[1], received.data(), received.size(), MSG_WAITALL)));
  EXPECT_GT(received.size(), 0U);
  EXPECT_EQ(received.find_first_not_of('x'), received.npos);
}
TEST(Transports, WhoseRestCannotBeKeptAreLost) {
  const auto connect = [](int socket) {
    return create_connection(make_waiting, {}, {}, {.sock = socket});
  };
  run(no_memory(connect, "Fatal write error on socket transport"));
  const auto connect_pipe = [](int socket) { return connect_write_pipe(make_waiting, socket); };
  run(no_memory(connect_pipe, "Fatal write error on pipe transport"));
}

Coroutine<> cancels_waits() {
  constexpr std::size_t count = 10'000;
  const Process process = co_await create_subprocess_exec({"sleep", "1000"});
  const std::size_t before = memory_in_use;
  for (std::size_t i = 0; i < count; ++i) {
    const auto task = create_task(process.wait());
    co_await sleep(0s);
    task.cancel();
    co_await sleep(0s);
  }
  EXPECT_LT(memory_in_use, before + count * sizeof(void*));
  process.kill();
  co_await process.wait();
}
TEST(Spawn, CancelledWaitsAreForgotten) { run(cancels_waits()); }

// Where the end of a child has no handle: a thread waits for it.
class SpawnWithoutHandles : public testing::Test {
 protected:
  void SetUp() override { platform::restrict_abilities({.child_handles = false}); }
  void TearDown() override { platform::restrict_abilities({}); }

  static bool is_waited_for() {
    const auto threads = threading::enumerate();
    return std::ranges::any_of(
        threads, [](const auto& thread) { return thread.name() == "asyncio-waitpid"; });
  }
  static void until_nobody_waits() {
    while (is_waited_for()) std::this_thread::yield();
  }
  // Who starts the child and who connects its pipes are cancelled, and the child's end comes to the
  // loop before the latter has taken note of it.
  static Coroutine<> cancels_the_start() {
    const auto start = create_task(create_subprocess_exec({"true"}));
    get_running_loop().call_soon([start] {
      start.cancel();
      all_tasks().back().cancel();
      until_nobody_waits();
    });
    co_await wait({start});
    EXPECT_TRUE(start.cancelled());
  }
};

TEST_F(SpawnWithoutHandles, ACancelledStartEnds) { run(cancels_the_start()); }

TEST_F(SpawnWithoutHandles, TheLoopDestroysWhatIsLeft) {
  const std::thread::id here = std::this_thread::get_id();
  std::vector<std::string> lines;
  const LogSink before = log_sink([&](std::string_view text) {
    EXPECT_EQ(std::this_thread::get_id(), here);
    lines.emplace_back(text);
  });
  {
    const EventLoop loop = new_event_loop();
    loop.run_until_complete(create_subprocess_exec({"sleep", "1000"}));
    loop.close();
  }
  until_nobody_waits();  // the child was killed
  log_sink(before);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("unclosed transport <_UnixSubprocessTransport")));
}

}  // namespace
}  // namespace tandem::asyncio
