#include "tandem/core/block_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "platform/sanitizers.hpp"

namespace tandem::detail {
namespace {

TEST(BlockPool, GivesEachBlockToOne) {
  std::set<void*> blocks;
  for (int i = 0; i < 1000; ++i) {
    void* block = allocate_block(100);
    std::memset(block, i, 100);
    EXPECT_TRUE(blocks.insert(block).second);
  }
  for (void* block : blocks) free_block(block, 100);
}

TEST(BlockPool, TakesAnySize) {
  for (std::size_t bytes : {1u, 63u, 64u, 65u, 512u, 513u, 100'000u})
    free_block(std::memset(allocate_block(bytes), 1, bytes), bytes);
}

TEST(BlockPool, TakesBackWhatAnotherThreadTook) {
  std::vector<void*> blocks;
  std::jthread([&] {
    for (int i = 0; i < 10'000; ++i) blocks.push_back(allocate_block(48));
  }).join();
  for (void* block : blocks) free_block(block, 48);
  std::jthread([&] {
    for (void*& block : blocks) block = allocate_block(48);
    for (void* block : blocks) free_block(block, 48);
  });
}

// In any order: what a burst has left is what threads and the depot keep for the next tasks.
class BlockPoolBurst : public testing::TestWithParam<const char*> {};

TEST_P(BlockPoolBurst, GoesBackToTheSystem) {
#ifdef TANDEM_ASAN
  GTEST_SKIP() << "no pool under the address sanitizer";
#endif
  constexpr std::size_t size = 64, count = 600'000, mebibyte = 1024 * 1024;
  const std::size_t before = pooled_bytes();
  std::vector<void*> blocks(count);
  for (void*& block : blocks) block = allocate_block(size);
  const std::size_t most = pooled_bytes();
  EXPECT_GE(most, count * size);
  EXPECT_LE(most, before + (count + count / 32) * size);  // slabs stand side by side
  const std::string order = GetParam();
  if (order == "last first") std::reverse(blocks.begin(), blocks.end());
  if (order == "random") std::shuffle(blocks.begin(), blocks.end(), std::mt19937(1));
  for (void* block : blocks) free_block(block, size);
  EXPECT_LE(pooled_bytes(), before + 15 * mebibyte);
  // All is as before: another burst needs no more.
  for (void*& block : blocks) block = allocate_block(size);
  EXPECT_LE(pooled_bytes(), most + mebibyte);
  for (void* block : blocks) free_block(block, size);
}

INSTANTIATE_TEST_SUITE_P(Orders, BlockPoolBurst,
                         testing::Values("first first", "last first", "random"));

// Some of every slab may be in use for long: then magazines are worth what they always were.
TEST(BlockPool, KeepsAFewOfEverySlab) {
  constexpr std::size_t size = 128, count = 200'000;
  std::vector<void*> blocks(count);
  for (void*& block : blocks) block = allocate_block(size);
  for (std::size_t i = 0; i < count; ++i)
    if (i % 100 != 0) free_block(blocks[i], size);
  for (std::size_t i = 0; i < count; ++i)
    if (i % 100 != 0) blocks[i] = allocate_block(size);
  EXPECT_EQ(std::set(blocks.begin(), blocks.end()).size(), count);
  for (void* block : blocks) free_block(block, size);
}

}  // namespace
}  // namespace tandem::detail
