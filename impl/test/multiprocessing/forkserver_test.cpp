// The fork server as its clients see it, when one of them forks.
#include "multiprocessing/forkserver.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "asleep.hpp"
#include "children.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/multiprocessing/connection.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/helpers.hpp"
#include "tandem/multiprocessing/process.hpp"

namespace tandem::multiprocessing {
namespace {

constexpr const char* hung_up_until = "TANDEM_TEST_HUNG_UP_UNTIL";

// A server that hangs up on its first client, and ends when nobody writes to a file any more.
__attribute__((constructor)) void serve_badly(int argc, char** argv) {
  const char* const file = std::getenv(hung_up_until);
  constexpr std::string_view task = "server=";
  if (!file || argc != 3 || !std::string_view(argv[2]).starts_with(task)) return;
  const int connection = std::atoi(argv[2] + task.size());
  pollfd polled{connection, POLLIN, 0};
  ::poll(&polled, 1, -1);
  const int until = ::open(file, O_RDONLY | O_NONBLOCK);
  ::fcntl(until, F_SETFL, 0);
  ::close(connection);
  char byte;
  while (::read(until, &byte, 1) > 0) {
  }
  ::_exit(1);
}

class ForkServer : public testing::Test {
 protected:
  void SetUp() override { detail::stop_helpers(); }
  void TearDown() override { detail::stop_helpers(); }
};

void do_nothing() {}

// While it lives, servers are such, and those that have hung up do not end.
class HungUp {
 public:
  HungUp() {
    EXPECT_EQ(::mkfifo(file_.c_str(), 0600), 0);
    gate_ = ::open(file_.c_str(), O_RDWR | O_CLOEXEC);
    ::setenv(hung_up_until, file_.c_str(), 1);
  }
  HungUp(const HungUp&) = delete;
  HungUp& operator=(const HungUp&) = delete;
  ~HungUp() {
    start_good_ones();
    let_end();
    std::filesystem::remove(file_);
  }
  static void start_good_ones() { ::unsetenv(hung_up_until); }
  void let_end() {
    if (gate_ != -1) ::close(std::exchange(gate_, -1));
  }

 private:
  const std::filesystem::path file_ = std::filesystem::temp_directory_path() /
                                      ("tandem-test-" + std::to_string(::getpid()) + "-hung-up");
  int gate_ = -1;
};

// No fork() waits for one that takes its time to end.
TEST_F(ForkServer, IsWaitedForWithoutItsLock) {
  HungUp servers;
  const Process process = get_context("forkserver").Process(do_nothing);
  const auto before = parked_threads();
  std::thread starter([&] { EXPECT_NO_THROW(process.start()); });
  wait_until_parked(before + 1);  // it waits for the end
  Child child([&] {
    servers.let_end();
    ::alarm(60);
    return detail::fork_server_handle() ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  servers.let_end();
  starter.join();
  EXPECT_EQ(process.exitcode(), 1);
}

// Who has started another one in its place does not kill it as one that others hold on to.
TEST_F(ForkServer, SaysHowItEndsThoughThereIsAnother) {
  constexpr std::chrono::seconds longer_than_others_get(3);
  HungUp servers;
  const Process unserved = get_context("forkserver").Process(do_nothing);
  const Process served = get_context("forkserver").Process(do_nothing);
  const auto before = parked_threads();
  std::promise<void> ended;
  std::thread starter([&] {
    EXPECT_NO_THROW(unserved.start());
    ended.set_value();
  });
  wait_until_parked(before + 1);  // it waits for the end
  servers.start_good_ones();
  std::thread other([&] { served.start(); });
  wait_until_parked(before + 2);  // so does this one, until it may be killed
  EXPECT_EQ(ended.get_future().wait_for(longer_than_others_get), std::future_status::timeout);
  servers.let_end();
  starter.join();
  other.join();
  served.join();
  EXPECT_EQ(unserved.exitcode(), 1);
  EXPECT_EQ(served.exitcode(), 0);
}

void say_server_and_wait(const Connection& answer, const Connection& gate) {
  answer.send(static_cast<int>(::getppid()));
  gate.recv<bool>();
}

// What another thread was asking for is no lock that is lost.
TEST_F(ForkServer, SaysAnExitCodeInAChildToo) {
  const auto answer = Pipe(), gate = Pipe();
  const Process process =
      get_context("forkserver").Process(say_server_and_wait, answer.second, gate.second);
  process.start();
  const auto server = answer.first.recv<int>();
  stop(server);  // so nobody says how the process ends
  gate.first.send(true);
  connection::wait({process.sentinel()});
  std::atomic<pid_t> asker = 0;
  std::thread other([&] {
    asker = own_thread();
    EXPECT_TRUE(process.exitcode());
  });
  wait_until_asleep(asker);
  Child child([&] {
    ::alarm(60);
    return process.exitcode() ? 0 : 1;
  });
  ::kill(server, SIGCONT);
  other.join();
  EXPECT_EQ(child.wait(), 0);
}

void say_server(const Connection& answer) { answer.send(static_cast<int>(::getppid())); }

pid_t start_server() {
  const auto answer = Pipe();
  const Process process = get_context("forkserver").Process(say_server, answer.second);
  process.start();
  process.join();
  return answer.first.recv<int>();
}

// Until no packet has room any more; the server does not look at these.
void fill(const platform::Handle& connection) {
  while (::send(connection.get(), "", 1, MSG_DONTWAIT) == 1) {
  }
  EXPECT_EQ(errno, EAGAIN);
}

// No fork() waits for a request that a server does not read.
TEST_F(ForkServer, IsAskedWithoutItsLock) {
  const pid_t server = start_server();
  stop(server);
  fill(detail::fork_server_handle());
  const Process process = get_context("forkserver").Process(do_nothing);
  std::atomic<pid_t> asker = 0;
  std::thread other([&] {
    asker = own_thread();
    process.start();
  });
  wait_until_asleep(asker);
  Child child([] {
    ::alarm(60);
    return detail::fork_server_handle() ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  ::kill(server, SIGCONT);
  other.join();
  process.join();
  EXPECT_EQ(process.exitcode(), 0);
}

}  // namespace
}  // namespace tandem::multiprocessing
