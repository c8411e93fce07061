// Pools from inside: how tasks get to workers, and what becomes of those that a worker has not
// begun.
#include <gtest/gtest.h>

#include <cstddef>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "multiprocessing/worker.hpp"
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
  const mp::detail::Tag tag{.kind = 3, .slot = 127, .handles = 253};
  const auto again = mp::detail::Tag::decode(tag.encode());
  EXPECT_EQ(again.kind, tag.kind);
  EXPECT_EQ(again.slot, tag.slot);
  EXPECT_EQ(again.handles, tag.handles);
  EXPECT_LT(tag.encode(), 1U << 24);
}

// More than there are slots, and than a ring has room for.
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

// One worker is on a long task; what it has been given ahead is done by the other one.
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

// A worker that is killed loses the one that it has begun; what it was given ahead is done.
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
