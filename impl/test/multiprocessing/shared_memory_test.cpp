// Named memory, and the list in it that Python reads and writes as well.
#include "tandem/multiprocessing/shared_memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "children.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::multiprocessing::shared_memory {
namespace {

TEST(SharedMemory, IsFoundByItsName) {
  SharedMemory memory({.create = true, .size = 100});
  EXPECT_EQ(memory.name().substr(0, 4), "psm_");
  EXPECT_EQ(memory.size(), 100U);
  const int code = Child([&] {
                     SharedMemory same(memory.name());
                     same.buf()[3] = std::byte{7};
                     return static_cast<int>(same.size());
                   }).wait();
  EXPECT_EQ(code, 100);
  EXPECT_EQ(memory.buf()[3], std::byte{7});
  memory.unlink();
  EXPECT_THROW(memory.unlink(), FileNotFoundError);
  EXPECT_THROW(SharedMemory(memory.name()), FileNotFoundError);
  memory.close();
  EXPECT_TRUE(memory.buf().empty());
}

TEST(SharedMemory, Refuses) {
  EXPECT_THROW(SharedMemory({}), ValueError);
  EXPECT_THROW(SharedMemory({.create = true}), ValueError);
  EXPECT_THROW(SharedMemory({.create = true, .size = -1}), ValueError);
  SharedMemory memory({.create = true, .size = 1});
  EXPECT_THROW(SharedMemory({.name = memory.name(), .create = true, .size = 1}), FileExistsError);
  memory.unlink();
}

TEST(ShareableList, IsAPythonList) {
  ShareableList list({std::int64_t{1}, "a", std::monostate(), true, 2.5, ""});
  EXPECT_EQ(list.format(), "q8sxxxxxx?xxxxxxxx?d8s");
  EXPECT_EQ(list.get<std::string>(1), "a");
  EXPECT_EQ(list.get<double>(-2), 2.5);
  EXPECT_THROW(list.get(6), IndexError);
  EXPECT_EQ(list.count(1.0), 2U);
  EXPECT_EQ(list.index(true), 0U);
  EXPECT_THROW(list.index(std::int64_t{99}), ValueError);
  list.set(0, "abcdefgh");
  EXPECT_THROW(list.set(1, std::string(9, 'x')), ValueError);
  list.set(1, std::int64_t{5});
  EXPECT_EQ(list.format(), "8sqxxxxxx?xxxxxxxx?d8s");
  EXPECT_EQ(to_string(list), "ShareableList(['abcdefgh', 5, None, True, 2.5, ''], name='" +
                                 list.shm().name() + "')");
  EXPECT_TRUE(ShareableList::attach(list.shm().name()).values() == list.values());
  list.shm().unlink();
}

// Where the numbers say that something lies outside, also where they come round again.
TEST(ShareableList, IsNotReadBeyondItsMemory) {
  constexpr std::size_t size = 64;
  const SharedMemory memory({.create = true, .size = size});
  const auto is_list = [&](std::vector<std::int64_t> words) {
    std::memset(memory.buf().data(), 0, size);
    std::memcpy(memory.buf().data(), words.data(), words.size() * sizeof(std::int64_t));
    try {
      ShareableList::attach(memory.name());
      return true;
    } catch (const ValueError&) {
      return false;
    }
  };
  EXPECT_TRUE(is_list({1, 0, 8}));
  EXPECT_TRUE(is_list({1, 0, 31}));
  EXPECT_FALSE(is_list({1, 0, 32}));
  EXPECT_FALSE(is_list({1, 8, 0}));
  EXPECT_FALSE(is_list({3}));
  EXPECT_FALSE(is_list({-1}));
  EXPECT_FALSE(is_list({1, 0, -8})) << "before its beginning";
  EXPECT_FALSE(is_list({1, -32, -32}));
  memory.unlink();
}

}  // namespace
}  // namespace tandem::multiprocessing::shared_memory
