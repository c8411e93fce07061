// Many threads, many children: nothing is lost, nothing is left. 8 threads with 500 children each
// in a soak.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <tandem/subprocess.hpp>
#include <tandem/threading.hpp>
#include <vector>

#include "property.hpp"

namespace tandem::conformance {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using subprocess::PIPE;
using subprocess::Popen;

constexpr std::size_t threads = 8;
constexpr Counts children{"children", 40, 4'000};
constexpr Counts at_once{"children", 8, 200};
constexpr Counts limits{"limits", 12, 1'200};

template <class Body>
void in_threads(std::size_t count, Body body) {
  std::vector<threading::Thread> all;
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(body, i);
  for (const auto& each : all) each.start();
  for (const auto& each : all) each.join();
}

std::size_t entries(const char* directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), {}));
}

// What a test must not leave: descriptors, children, threads.
class SubprocessStress : public testing::Test {
 protected:
  void SetUp() override {
    subprocess::run({"true"});
    descriptors_ = entries("/proc/self/fd");
    threads_ = entries("/proc/self/task");
  }
  void TearDown() override {
    EXPECT_EQ(entries("/proc/self/fd"), descriptors_);
    EXPECT_EQ(entries("/proc/self/task"), threads_);
    // The reference runner may be a child of this process, too; but it has not ended.
    siginfo_t ended{};
    ::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT);
    EXPECT_EQ(ended.si_pid, 0);
  }

 private:
  std::size_t descriptors_ = 0, threads_ = 0;
};

TEST_F(SubprocessStress, ThreadsCaptureWhatTheirChildrenSay) {
  Tally tally(children);
  const std::uint64_t each = (tally.wanted() + threads - 1) / threads;
  std::atomic<int> wrong{0};
  in_threads(threads, [&](std::size_t thread) {
    for (std::uint64_t i = 0; i < each; ++i) {
      const std::string word = std::to_string(thread) + "." + std::to_string(i);
      const auto done = subprocess::run({"sh", "-c", "cat; printf %s \"$0\" >&2; exit 3", word},
                                        {.input = word, .capture_output = true});
      wrong += done.returncode != 3 || done.stdout_ != word || done.stderr_ != word;
    }
  });
  tally.add(threads * each);
  EXPECT_EQ(wrong.load(), 0);
}

// Whoever waits, polls and kills at once: one answer, and the right one.
TEST_F(SubprocessStress, ChildrenAreKilledAtAnyMoment) {
  Tally tally(children);
  for (std::uint64_t i = 0; i < tally.wanted(); ++i) {
    Popen child({"sh", "-c", i % 2 == 0 ? "exit 0" : "while :; do :; done"});
    std::vector<int> found(4);
    in_threads(found.size(), [&](std::size_t thread) {
      if (thread == 0) child.kill();
      while (thread == 1 && !child.poll()) child.send_signal(0);
      found[thread] = thread == 2 ? child.wait(600s) : child.wait();
    });
    for (const int each : found) EXPECT_EQ(each, found[0]);
    EXPECT_TRUE(found[0] == -SIGKILL || (i % 2 == 0 && found[0] == 0)) << found[0];
  }
  tally.add(tally.wanted());
}

// No child has what another thread just opened, though any program could inherit it.
TEST_F(SubprocessStress, NothingLeaksIntoChildren) {
  Tally tally(children);
  std::atomic<bool> stop{false};
  const threading::Thread opener([&] {
    while (!stop.load()) {
      int ends[2];
      if (::pipe2(ends, 0) != 0) continue;
      for (const int end : ends) ::close(end);
    }
  });
  opener.start();
  for (std::uint64_t i = 0; i < tally.wanted(); ++i)
    EXPECT_EQ(subprocess::check_output(
                  {"sh", "-c",
                   "for f in /proc/$$/fd/*; do [ -e $f ] && printf \"${f##*/} \"; done; true"},
                  {.stdin_ = subprocess::DEVNULL}),
              "0 1 2 ");
  stop = true;
  opener.join();
  tally.add(tally.wanted());
}

TEST_F(SubprocessStress, ManyFillBothPipesAtOnce) {
  Tally tally(at_once);
  constexpr std::size_t bytes = 1'000'000;
  const std::string script = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2";
  std::vector<Popen> all;
  for (std::uint64_t i = 0; i < tally.wanted(); ++i)
    all.push_back(Popen({"sh", "-c", script}, {.stdout_ = PIPE, .stderr_ = PIPE}));
  for (Popen& each : all) {
    const auto [out, err] = each.communicate();
    EXPECT_EQ(out->size(), bytes);
    EXPECT_EQ(err->size(), bytes);
  }
  tally.add(tally.wanted());
}

// Each failure is told as what it is, from many threads at once.
TEST_F(SubprocessStress, FailuresLeaveNothing) {
  Tally tally(children);
  const std::string text = (fs::temp_directory_path() / "tandem-no-program").string();
  std::ofstream(text) << "no program\n";
  fs::permissions(text, fs::perms::owner_all);
  const std::uint64_t each = (tally.wanted() + threads - 1) / threads;
  const auto error_of = [](subprocess::Command command, subprocess::RunOptions options = {}) {
    options.stdout_ = options.stderr_ = PIPE;
    try {
      subprocess::run(std::move(command), std::move(options));
    } catch (const OSError& error) {
      return error.errno_();
    }
    return 0;
  };
  in_threads(threads, [&](std::size_t) {
    for (std::uint64_t i = 0; i < each; ++i) {
      EXPECT_EQ(error_of({"true", std::string(1 << 20, 'x')}), E2BIG);
      EXPECT_EQ(error_of({"/dev/null"}), EACCES);
      EXPECT_EQ(error_of({"no-such-command"}), ENOENT);
      EXPECT_EQ(error_of({"true"}, {.cwd = "/no/such"}), ENOENT);
      EXPECT_EQ(error_of({text}), ENOEXEC);
    }
  });
  fs::remove(text);
  tally.add(threads * each);
}

TEST_F(SubprocessStress, NoDescriptorIsLeft) {
  Tally tally(limits);
  ::rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const std::size_t open = entries("/proc/self/fd") - 1;  // the listing itself
  int started = 0, refused = 0;
  for (std::uint64_t i = 0; i < tally.wanted(); ++i) {
    const ::rlimit few{open + i % 12, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    try {
      subprocess::run({"true"}, {.input = "", .capture_output = true});
      ++started;
    } catch (const OSError& error) {
      EXPECT_EQ(error.errno_(), EMFILE);
      ++refused;
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
  }
  EXPECT_GT(started, 0);
  EXPECT_GT(refused, 0);
  tally.add(tally.wanted());
}

}  // namespace
}  // namespace tandem::conformance
