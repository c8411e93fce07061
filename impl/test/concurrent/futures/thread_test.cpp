// The thread pool from inside: what a fork() does to one that comes to its end meanwhile, and what
// a call costs.
#include "tandem/concurrent/futures/thread.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "tandem/core/block_pool.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/park.hpp"
#include "tandem/threading/event.hpp"

namespace tandem::concurrent::futures {
namespace {

using v1::detail::ForkAware;
using v1::detail::ForkSafeMutex;
using v1::detail::ForkStage;

// Does something when a fork() has the executors' locks, and not those of threads yet.
class BetweenStages final : ForkAware {
 public:
  BetweenStages() : ForkAware(ForkStage::threading) {}

  std::function<void()> act{};

 private:
  void before_fork() noexcept override {
    if (act) act();
  }
  void after_fork_in_parent() noexcept override {}
  void after_fork_in_child() noexcept override {}
};

// Whose end needs a lock of a fork().
class Needy {
 public:
  explicit Needy(std::atomic<bool>& is_gone) : is_gone_(is_gone) {}
  Needy(const Needy&) = delete;
  Needy& operator=(const Needy&) = delete;
  ~Needy() {
    static auto& forever = *new ForkSafeMutex(ForkStage::executors);  // never destroyed, as each
    const std::scoped_lock guard(forever);
    is_gone_ = true;
  }

 private:
  std::atomic<bool>& is_gone_;
};

// Its owner lets go of it while a fork() has it, and so is not the last.
TEST(ThreadPool, EndsOutsideOfTheLocksOfAFork) {
  static auto& between = *new BetweenStages;  // never destroyed, as each
  std::atomic<bool> is_gone = false, is_dropped = false;
  threading::Event go_on;
  std::optional<ThreadPoolExecutor> executor;
  executor.emplace(ThreadPoolExecutorOptions{
      .max_workers = 1, .initializer = [needy = std::make_shared<Needy>(is_gone)] {}});
  const auto before = parked_threads();
  executor->submit([&] { go_on.wait(); });
  std::thread owner([&] {
    executor.reset();
    is_dropped = true;
  });
  // Until the owner waits for the worker. Then it takes no lock of the pool any more.
  while (parked_threads() < before + 2) std::this_thread::yield();
  between.act = [&] {
    go_on.set();
    while (!is_dropped) std::this_thread::yield();
  };
  const pid_t child = ::fork();
  if (child == 0) ::raise(SIGKILL);  // at _exit() the thread sanitizer would miss the owner's join
  between.act = {};
  EXPECT_TRUE(is_gone);
  owner.join();
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

// State, function, arguments and result of a call are one block, and neither its way to the worker
// nor its run takes another; what many calls share (rows of the queue, slabs, magazines) is not
// counted against them.
TEST(ThreadPool, ACallIsOneAllocation) {
  constexpr std::size_t calls = 10'000, shared = calls / 8, plenty = SIZE_MAX - 1;
  const auto square = [](int x) { return x * x; };
  using Task = detail::Task<int, detail::call_t<const decltype(square)&, int&>>;
  constexpr std::size_t line = 64, block = (sizeof(Task) + line - 1) / line * line;
  threading::Event go_on;
  std::vector<Future<int>> results;
  results.reserve(calls);
  ThreadPoolExecutor executor(1);
  executor.submit([&] {
    go_on.wait();
    allocations_left = plenty;
  });
  const std::size_t before = detail::pooled_bytes();
  allocations_left = plenty;
  for (int i = 0; results.size() < calls; ++i) results.push_back(executor.submit(square, i));
  const std::size_t asked = plenty - std::exchange(allocations_left, SIZE_MAX);
  const std::size_t blocks = (detail::pooled_bytes() - before) / block;
  const auto by_the_worker =
      executor.submit([] { return plenty - std::exchange(allocations_left, SIZE_MAX); });
  go_on.set();
  EXPECT_LE(blocks + asked, calls + shared);
  EXPECT_LE(by_the_worker.result(), shared);
}

}  // namespace
}  // namespace tandem::concurrent::futures
