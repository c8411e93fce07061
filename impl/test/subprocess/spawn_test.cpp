// Children, started and waited for in each way that a system may leave open.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "platform/process.hpp"
#include "platform/sanitizers.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/park.hpp"
#include "tandem/os/register_at_fork.hpp"
#include "tandem/subprocess.hpp"

namespace tandem::subprocess {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using platform::Abilities;

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

// Looks, and leaves them.
bool has_children() {
  ::siginfo_t info;
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

fs::path directory() {
  static const fs::path made = [] {
    std::string name = (fs::temp_directory_path() / "tandem-spawn-XXXXXX").string();
    return fs::path(::mkdtemp(name.data()));
  }();
  return made;
}

fs::path write_file(const char* name, const char* text, fs::perms perms) {
  const fs::path path = directory() / name;
  std::ofstream(path) << text;
  fs::permissions(path, perms);
  return path;
}

template <class Error, class Act>
Error caught(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("nothing was thrown");
}

// By what is forbidden.
class Spawn : public testing::TestWithParam<Abilities> {
 protected:
  void SetUp() override {
    log_sink([](std::string_view) {});
    platform::restrict_abilities(GetParam());
    run({"true"});  // what is made once is made
    descriptors_ = open_descriptors();
  }
  void TearDown() override {
    EXPECT_EQ(open_descriptors(), descriptors_);
    while (has_children()) std::this_thread::yield();  // a watcher reaps a moment later
    platform::restrict_abilities({});
    log_sink({});
  }
  static void TearDownTestSuite() { fs::remove_all(directory()); }

 private:
  std::size_t descriptors_ = 0;
};

TEST_P(Spawn, RunsAndTellsHowItEnded) {
  EXPECT_EQ(call({"true"}), 0);
  EXPECT_EQ(call({"sh", "-c", "exit 7"}), 7);
  EXPECT_EQ(call({"sh", "-c", "kill -9 $$"}), -SIGKILL);
  EXPECT_EQ(check_output({"echo", "said"}), "said\n");
}

TEST_P(Spawn, NamesWhatWasWrong) {
  const auto text = write_file("text", "no program\n", fs::perms::owner_all);
  const auto closed = write_file("closed", "", fs::perms::owner_read);
  const auto error = [](Command command, RunOptions options = {}) {
    return std::string(caught<OSError>([&] { run(command, options); }).what());
  };
  EXPECT_EQ(error({"no-such"}), "[Errno 2] No such file or directory: 'no-such'");
  EXPECT_EQ(error({"true"}, {.cwd = "/no/such"}),
            "[Errno 2] No such file or directory: '/no/such'");
  EXPECT_EQ(error({text.string()}), "[Errno 8] Exec format error: '" + text.string() + "'");
  EXPECT_EQ(error({closed.string()}), "[Errno 13] Permission denied: '" + closed.string() + "'");
  EXPECT_EQ(error({"true"}, {.stdin_ = 999}), "[Errno 9] Bad file descriptor");
  EXPECT_EQ(error({"true"}, {.pass_fds = {998}}), "[Errno 9] Bad file descriptor");
  EXPECT_EQ(error({"true", std::string(1 << 20, 'x')}), "[Errno 7] Argument list too long: 'true'");
  EXPECT_EQ(error({"true"}, {.start_new_session = true, .process_group = 0}),
            "[Errno 1] Operation not permitted");
  EXPECT_STREQ(
      caught<SubprocessError>([] { run({"true"}, {.preexec_fn = [] { throw 1; }}); }).what(),
      "Exception occurred in preexec_fn.");
}

TEST_P(Spawn, ClosesAllButWhatIsPassed) {
  std::array<int, 3> fds;
  for (int& fd : fds) fd = ::dup(2);  // inheritable
  ::fcntl(fds[1], F_SETFD, FD_CLOEXEC);
  const auto there = [&](RunOptions options) {
    std::string script;
    for (const int fd : fds)
      script += "test -e /proc/$$/fd/" + std::to_string(fd) + " && printf y || printf n; ";
    options.stdout_ = PIPE;
    return *run({"sh", "-c", script}, options).stdout_;
  };
  EXPECT_EQ(there({}), "nnn");
  EXPECT_EQ(there({.pass_fds = {fds[1]}}), "nyn");
  EXPECT_EQ(there({.pass_fds = {fds[2], fds[0], fds[2]}}), "yny");
  EXPECT_EQ(there({.close_fds = false}), "yny");
  for (const int fd : fds) ::close(fd);
}

TEST_P(Spawn, ManyWaitForOneAndOneKillsIt) {
  Popen child({"sleep", "1000"});
  EXPECT_THROW(child.wait(0s), TimeoutExpired);
  EXPECT_THROW(child.wait(1ms), TimeoutExpired);
  EXPECT_EQ(child.poll(), std::nullopt);
  std::array<int, 3> found{};
  std::vector<std::thread> threads;
  for (int& each : found)
    threads.emplace_back([&] { each = &each == &found[0] ? child.wait(600s) : child.wait(); });
  while (parked_threads() < found.size()) std::this_thread::yield();
  child.kill();
  for (auto& each : threads) each.join();
  EXPECT_EQ(found, (std::array{-SIGKILL, -SIGKILL, -SIGKILL}));
  child.kill();  // nobody any more
}

TEST_P(Spawn, LeavesSignalsAsTheyWere) {
  ::sigset_t after, usr1;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  const std::string status = check_output({"cat", "/proc/self/status"});
  EXPECT_NE(status.find("SigBlk:\t0000000000000200\n"), status.npos) << status;
  EXPECT_NE(status.find("SigCgt:\t0000000000000000\n"), status.npos) << status;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &after);
  EXPECT_EQ(::sigismember(&after, SIGUSR1), 1);
  EXPECT_EQ(::sigismember(&after, SIGTERM), 0);
  ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
}

TEST_P(Spawn, ForgottenChildrenAreReapedByTheNext) {
  { const Popen forgotten({"true"}); }
  while (has_children()) run({"true"});
}

// The three standard streams of the child, from any of the parent's, with some of these closed.
TEST_P(Spawn, MapsStreamsInEveryOrder) {
#ifdef TANDEM_TSAN
  if (!GetParam().child_handles)
    GTEST_SKIP() << "the thread sanitizer ends a child that starts a thread: the watcher";
#endif
  const std::string report = (directory() / "report").string();
  const auto helper = [&] {
    std::array<std::string, 3> files;
    for (std::size_t i = 0; i < 3; ++i)
      files[i] = write_file(std::to_string(i).c_str(), "", fs::perms::owner_all).string();
    std::array<int, 3> order{0, 1, 2};
    do {
      for (int fd = 0; fd < 3; ++fd)
        ::dup2(::open(files[static_cast<std::size_t>(fd)].c_str(), O_RDWR | O_CLOEXEC), fd);
      const std::string script =
          "exec 9>" + report +
          "; for i in 0 1 2; do x=$(readlink /proc/$$/fd/$i); echo $x >&9; done";
      run({"/bin/sh", "-c", script},
          {.stdin_ = order[0], .stdout_ = order[1], .stderr_ = order[2]});
      std::ifstream said(report);
      for (const int each : order) {
        std::string line;
        std::getline(said, line);
        if (line != files[static_cast<std::size_t>(each)]) return 1;
      }
    } while (std::ranges::next_permutation(order).found);
    for (unsigned closed = 1; closed < 8; ++closed) {
      for (int fd = 0; fd < 3; ++fd) closed >> fd & 1U ? ::close(fd) : 0;
      const auto done =
          run({"sh", "-c", "cat; echo err >&2"}, {.input = "in", .capture_output = true});
      if (done.stdout_ != "in" || done.stderr_ != "err\n") return 2;
      for (int fd = 0; fd < 3; ++fd) ::dup2(::open("/dev/null", O_RDWR | O_CLOEXEC), fd);
    }
    return 0;
  };
  const ::pid_t forked = ::fork();
  if (forked == 0) ::_exit(helper());
  int status = 0;
  ::waitpid(forked, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

std::string name_of(const testing::TestParamInfo<Abilities>& info) {
  const auto& [shared, handles, clear, ranges] = info.param;
  return std::string(shared ? "Shared" : "Copied") + (handles ? "Handles" : "Numbers") +
         (clear ? "Bare" : "") + (ranges ? "Ranges" : "Listing");
}

INSTANTIATE_TEST_SUITE_P(Abilities, Spawn,
                         testing::Values(Abilities{}, Abilities{true, true, false, true},
                                         Abilities{true, false, false, true},
                                         Abilities{false, true, true, false},
                                         Abilities{false, false, false, false}),
                         name_of);

// All that is read so far is kept, however large, and nothing is copied in small steps.
TEST(Communicate, TakesMuchFromBothPipesAndGivesMuch) {
  const std::string input(3'000'000, 'x');
  const auto done = run({"sh", "-c", "tee /dev/stderr"}, {.input = input, .capture_output = true});
  EXPECT_EQ(done.stdout_, input);
  EXPECT_EQ(done.stderr_, input);
}

TEST(Communicate, GoesOnAfterATimeout) {
  const std::string input(1'000'000, 'x');  // more than a pipe holds
  Popen child({"sh", "-c", "printf begun; kill -STOP $$; cat"}, {.stdin_ = PIPE, .stdout_ = PIPE});
  std::optional<std::string> so_far;
  for (CommunicateOptions options{.input = input, .timeout = 10ms}; !so_far; options.input.reset())
    so_far = caught<TimeoutExpired>([&] { child.communicate(options); }).output();
  EXPECT_EQ(so_far, "begun");
  child.send_signal(SIGCONT);
  EXPECT_EQ(child.communicate().out, "begun" + input);
}

// What a child does to memory that it shares would stay.
TEST(Ids, OfAChildLeaveTheParentDumpable) {
  const int before = ::prctl(PR_GET_DUMPABLE);
  EXPECT_EQ(run({"true"}, {.user = static_cast<int>(::getuid())}).returncode, 0);
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), before);
}

TEST(Fork, AChildOfItDoesNotWaitForALostThread) {
  Popen process({"cat"}, {.stdin_ = PIPE});
  std::atomic<bool> stop = false;
  std::thread poller([&] {
    while (!stop) process.poll();
  });
  for (int i = 0; i < 20; ++i) {
    const int pid = ::fork();
    if (pid == 0) {
      process.kill();  // nobody
      ::_exit(process.poll() == 0 && process.wait() == 0 ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  stop = true;
  poller.join();
  EXPECT_EQ(process.poll(), std::nullopt);
  process.stdin_().close();
  EXPECT_EQ(process.wait(), 0);
}

TEST(KillGroup, IsNotSignalledWhenOthersHaveTakenTheStatus) {
  Popen process({"true"}, {.kill_group = true});
  EXPECT_EQ(::waitpid(process.pid(), nullptr, 0), process.pid());
  process.kill();
  EXPECT_EQ(process.returncode(), 0);
}

// What has been closed may be open again by the time it is inherited: as a pipe of the start's own.
TEST(PassFds, AreNoDescriptorsOfTheStartsOwn) {
  for (const int end : {0, 1}) {
    int numbers[2];
    ASSERT_EQ(::pipe2(numbers, O_CLOEXEC), 0);
    for (const int number : numbers) ::close(number);
    try {
      Popen({"true"}, {.preexec_fn = [] {}, .pass_fds = {numbers[end]}}).wait();
      ADD_FAILURE() << "started";
    } catch (const OSError& error) {
      EXPECT_EQ(error.errno_(), EBADF);
    }
  }
}

TEST(Preexec, LeavesSignalsToWhatIsRegisteredForForks) {
  sigset_t before, meanwhile;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  static sigset_t* const seen = &meanwhile;
  static bool looks = true;
  os::register_at_fork({.after_in_parent = [] {
    if (looks) ::pthread_sigmask(SIG_BLOCK, nullptr, seen);
  }});
  Popen({"true"}, {.preexec_fn = [] {}}).wait();
  looks = false;
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGRTMIN})
    EXPECT_EQ(::sigismember(&meanwhile, signal), ::sigismember(&before, signal)) << signal;
}

TEST(Stdio, IsNoFileWithoutADescriptor) {
  char memory[16] = {};
  std::FILE* const file = ::fmemopen(memory, sizeof memory, "w");
  ASSERT_NE(file, nullptr);
  EXPECT_THROW(Popen({"true"}, {.stdout_ = file}), UnsupportedOperation);
  std::fclose(file);
  struct Nameless {
    int fileno() const { return -1; }  // PIPE is -1, too
  } nameless;
  EXPECT_THROW(Popen({"true"}, {.stdout_ = nameless}), UnsupportedOperation);
}

TEST(Communicate, WhatWasNotFlushedHasATimeoutToo) {
  Popen process({"sleep", "1000"}, {.bufsize = 4096, .stdin_ = PIPE, .stdout_ = PIPE});
  const auto size = static_cast<std::size_t>(::fcntl(process.stdin_().fileno(), F_GETPIPE_SZ));
  process.stdin_().write(std::string(size, 'x'));
  process.stdin_().write("more");
  EXPECT_THROW(process.communicate({.timeout = 10ms}), TimeoutExpired);
  process.kill();
  EXPECT_EQ(process.wait(), -SIGKILL);
}

TEST(Communicate, WhatWasReadAheadStaysAsItWasDecoded) {
  Popen process({"printf", "a\\n\\377\\nb"},
                {.stdout_ = PIPE, .encoding = "ascii", .errors = "replace"});
  EXPECT_EQ(process.stdout_().readline(), "a\n");
  EXPECT_EQ(process.communicate().out, "\ufffd\nb");
}

}  // namespace
}  // namespace tandem::subprocess
