#include "tandem/core/block_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

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

}  // namespace
}  // namespace tandem::detail
