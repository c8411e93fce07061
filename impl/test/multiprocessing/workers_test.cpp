// Pools from inside: how tasks get to workers, and what becomes of those that nobody has begun.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "children.hpp"
#include "multiprocessing/task_board.hpp"
#include "multiprocessing/worker.hpp"
#include "platform/handle.hpp"
#include "tandem/futures/process.hpp"
#include "tandem/multiprocessing.hpp"

namespace tandem {
namespace {

using namespace std::chrono_literals;
namespace mp = multiprocessing;

auto pool_of(int workers) { return mp::get_context("fork").Pool(workers); }
auto executor_of(int workers) {
  return futures::ProcessPoolExecutorOptions{.max_workers = workers,
                                             .mp_context = mp::get_context("fork")};
}

int square(int x) { return x * x; }
std::string twice(const std::string& text) { return text + text; }
std::string wait_for(const mp::Connection& gate) { return gate.recv<std::string>(); }
mp::Connection hand_back(const mp::Connection& connection) { return connection; }

TEST(Workers, TagsKeepWhatTheySay) {
  const mp::detail::Tag tag{.kind = 7, .handles = 253, .place = 8191};
  const auto again = mp::detail::Tag::decode(tag.encode());
  EXPECT_EQ(again.kind, tag.kind);
  EXPECT_EQ(again.handles, tag.handles);
  EXPECT_EQ(again.place, tag.place);
  EXPECT_LT(tag.encode(), 1U << 24);
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}
std::string text_of(const std::optional<mp::detail::TaskBoard::Task>& task) {
  if (!task) return "nothing";
  if (!task->bytes) return "to be asked for";
  return std::string(reinterpret_cast<const char*>(task->bytes->data()), task->bytes->size());
}

TEST(Workers, AreNoneWhereMemoryRunsShort) {
  std::optional<mp::Pool> pool;
  mp::fail_at_each_allocation([&] { pool.emplace(pool_of(2)); });
  EXPECT_EQ(pool->apply(square, 3), 9);
}

// Whoever comes takes the oldest; once.
TEST(Workers, ABoardIsReadInOrder) {
  const auto board = mp::detail::TaskBoard::create(3);
  std::uint64_t first = 1, second = 1;  // where two workers are
  EXPECT_FALSE(board->has_news(first));
  EXPECT_EQ(text_of(board->take(1, first)), "nothing");
  board->offer(2, bytes_of("a"));
  board->offer(0, {});
  board->offer(1, bytes_of(""));
  EXPECT_TRUE(board->has_news(first));
  EXPECT_EQ(text_of(board->take(1, first)), "a");
  EXPECT_EQ(text_of(board->take(2, second)), "to be asked for");
  EXPECT_TRUE(board->is_begun_by(2, 1));
  EXPECT_TRUE(board->is_begun_by(0, 2));
  EXPECT_TRUE(board->has_offers());
  EXPECT_FALSE(board->withdraw(2));
  EXPECT_TRUE(board->withdraw(1));
  EXPECT_FALSE(board->has_offers());
  EXPECT_EQ(text_of(board->take(1, first)), "nothing");
  EXPECT_FALSE(board->has_news(first));
}

// The places and the order come round again, also for a worker that has looked away.
TEST(Workers, ABoardIsUsedForEver) {
  const auto board = mp::detail::TaskBoard::create(3);
  std::uint64_t busy = 1, late = 1;
  board->offer(0, bytes_of("long"));
  EXPECT_EQ(text_of(board->take(1, busy)), "long");
  for (int round = 0; round < 100; ++round) {
    board->offer(1, bytes_of("x" + std::to_string(round)));
    board->offer(2, bytes_of("y"));
    EXPECT_EQ(text_of(board->take(2, busy)), "x" + std::to_string(round));
    EXPECT_EQ(text_of(board->take(round % 7 == 0 ? 3 : 2, round % 7 == 0 ? late : busy)), "y");
  }
  EXPECT_EQ(text_of(board->take(3, late)), "nothing");
  EXPECT_TRUE(board->is_begun_by(0, 1));
}

// In a process of its own; by its handle.
TEST(Workers, ABoardIsShared) {
  const auto board = mp::detail::TaskBoard::create(8);
  platform::Handle handle;
  ASSERT_EQ(platform::duplicate_handle(board->handle(), handle), 0);
  const auto other = mp::detail::TaskBoard::attach(std::move(handle));
  EXPECT_EQ(other->places(), 8U);
  board->offer(7, bytes_of("seen"));
  std::uint64_t turn = 1;
  EXPECT_EQ(text_of(other->take(1, turn)), "seen");
  EXPECT_TRUE(board->is_begun_by(7, 1));
}

// A worker that is woken may be stopped: then another one is.
TEST(Workers, NobodyWaitsForAStoppedWorker) {
  auto pool = pool_of(2);
  for (int x = 0; x < 100; ++x) EXPECT_EQ(pool.apply(square, x), x * x);
  const int stopped = pool.apply([] { return static_cast<int>(::getpid()); });
  ::kill(stopped, SIGSTOP);
  for (int x = 0; x < 10; ++x) EXPECT_EQ(pool.apply_async(square, x).get(60s), x * x);
  ::kill(stopped, SIGCONT);
}

// More than there are places, and than a ring has room for.
TEST(Workers, TasksAndResultsOfAnySize) {
  auto pool = pool_of(2);
  std::vector<std::string> texts;
  for (std::size_t size = 1; size <= 1U << 22; size *= 8) texts.emplace_back(size, 'x');
  for (int round = 0; round < 3; ++round) {
    const std::vector<std::string> results = pool.map(twice, texts, 1);
    ASSERT_EQ(results.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_EQ(results[i].size(), 2 * texts[i].size());
  }
  std::vector<int> numbers(5000);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(pool.map(square, numbers, 1).back(), 4999 * 4999);
}

TEST(Workers, OpenFilesTravelBothWays) {
  auto pool = pool_of(1);
  auto [ours, theirs] = mp::Pipe();
  ours.send(std::string("through"));
  EXPECT_EQ(pool.apply(wait_for, theirs), "through");
  const auto back = pool.apply(hand_back, theirs);
  ours.send(std::string("again"));
  EXPECT_EQ(back.recv<std::string>(), "again");
}

// One worker is on a long task; what stands on the board is done by the other one.
TEST(Workers, NothingStandsBehindALongTask) {
  auto pool = pool_of(2);
  std::vector<int> warm(2000);
  pool.map(square, warm, 1);  // now workers are given many tasks at a time
  auto [gate, inside] = mp::Pipe();
  const auto slow = pool.apply_async(wait_for, inside);
  std::vector<mp::AsyncResult<int>> quick;
  for (int x = 0; x < 200; ++x) quick.push_back(pool.apply_async(square, x));
  for (int x = 0; x < 200; ++x) EXPECT_EQ(quick[static_cast<std::size_t>(x)].get(60s), x * x);
  EXPECT_FALSE(slow.ready());
  gate.send(std::string("open"));
  EXPECT_EQ(slow.get(60s), "open");
}

// The same in an executor, where those behind it count as running.
TEST(Workers, WhatCountsAsRunningIsDoneByAnother) {
  futures::ProcessPoolExecutor executor(executor_of(2));
  auto [gate, inside] = mp::Pipe();
  const auto slow = executor.submit(wait_for, inside);
  std::vector<futures::Future<int>> quick;
  for (int x = 0; x < 20; ++x) quick.push_back(executor.submit(square, x));
  for (int x = 0; x < 20; ++x) EXPECT_EQ(quick[static_cast<std::size_t>(x)].result(60s), x * x);
  EXPECT_TRUE(slow.running());
  gate.send(std::string("open"));
  EXPECT_EQ(slow.result(60s), "open");
}

// A worker that is killed loses the one that it has begun; what stands on the board is done.
TEST(Workers, OnlyWhatWasBegunIsLost) {
  auto pool = pool_of(1);
  std::vector<int> warm(2000);
  pool.map(square, warm, 1);
  auto [gate, inside] = mp::Pipe();
  auto [started, starting] = mp::Pipe();
  const auto held = pool.apply_async(
      [](const mp::Connection& begun, const mp::Connection& closed) {
        begun.send(1);
        return closed.recv<int>();
      },
      starting, inside);
  std::vector<mp::AsyncResult<int>> ahead;
  for (int x = 0; x < 50; ++x) ahead.push_back(pool.apply_async(square, x));
  EXPECT_EQ(started.recv<int>(), 1);
  mp::active_children().at(0).kill();
  EXPECT_THROW(held.get(60s), mp::WorkerLostError);
  for (int x = 0; x < 50; ++x) EXPECT_EQ(ahead[static_cast<std::size_t>(x)].get(60s), x * x);
}

// In a child that was forked by somebody else there are no workers, and nobody waits for them.
TEST(Workers, APoolThatCameAlongEndsWithoutAWord) {
  auto pool = std::make_optional(pool_of(1));
  EXPECT_EQ(pool->apply(square, 2), 4);
  auto child = mp::get_context("fork").Process([&pool] { pool.reset(); });
  child.start();
  child.join(60s);
  EXPECT_EQ(child.exitcode(), 0);
  EXPECT_EQ(pool->apply(square, 3), 9);
}

}  // namespace
}  // namespace tandem
