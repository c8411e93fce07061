// The queue behind multiprocessing's queues, between processes made by fork().
#include "tandem/multiprocessing/detail/byte_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "children.hpp"
#include "needs.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"
#include "tandem/multiprocessing/event.hpp"

namespace tandem::multiprocessing::detail {
namespace {

using namespace std::chrono_literals;
using multiprocessing::Event;

std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

struct TextQueue : ByteQueue {
  explicit TextQueue(std::ptrdiff_t maxsize = 0, QueueKind kind = QueueKind::queue)
      : ByteQueue(get_context(), kind, maxsize) {}

  void put(std::string_view text, queue::BlockOptions options = {}) const {
    ByteQueue::put(as_bytes(text), options);
  }
  std::string get(queue::BlockOptions options = {}) const {
    ItemBytes item;
    ByteQueue::get(item, options);
    return {reinterpret_cast<const char*>(item.bytes().data()), item.bytes().size()};
  }
};

TEST(ByteQueue, IsFirstInFirstOut) {
  TextQueue texts;
  Child child([&] {
    for (int i = 0; i < 10000; ++i) texts.put(std::to_string(i));
    return 0;
  });
  for (int i = 0; i < 10000; ++i) ASSERT_EQ(texts.get(), std::to_string(i));
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(texts.empty());
}

// The child has ended before anything is got.
TEST(ByteQueue, KeepsWhatWasPut) {
  TextQueue texts;
  const std::string large(3 << 20, 'x');
  EXPECT_EQ(Child([&] {
              texts.put("small");
              texts.put(large);
              texts.put("");
              return 0;
            }).wait(),
            0);
  EXPECT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts.get(), "small");
  EXPECT_TRUE(texts.get() == large);
  EXPECT_EQ(texts.get(), "");
  EXPECT_THROW(texts.get({.block = false}), queue::Empty);
}

// At every place in the ring, and whatever part of it is wrapped around.
TEST(ByteQueue, GrowsAsItIs) {
  const auto text_of = [](int i) {
    return std::string(static_cast<std::size_t>(i % 251) * 37, static_cast<char>('a' + i % 26));
  };
  for (int ahead = 0; ahead < 30; ++ahead) {
    TextQueue texts;
    for (int i = 0; i < ahead; ++i) texts.put(text_of(17 * i)), texts.get();
    int put = 0, got = 0;
    for (int round = 1; round < 12; ++round) {
      for (int i = 0; i < 40 * round; ++i) texts.put(text_of(put++));
      for (int i = 0; i < 20 * round; ++i) ASSERT_TRUE(texts.get() == text_of(got++));
    }
    EXPECT_EQ(texts.size(), static_cast<std::size_t>(put - got));
    while (got < put) ASSERT_TRUE(texts.get() == text_of(got++));
    texts.put("again");
    EXPECT_EQ(texts.get(), "again");
  }
}

TEST(ByteQueue, IsBounded) {
  TextQueue texts(2);
  texts.put("1");
  EXPECT_FALSE(texts.full());
  texts.put("2");
  EXPECT_TRUE(texts.full());
  EXPECT_THROW(texts.put("3", {.block = false}), queue::Full);
  EXPECT_THROW(texts.put("3", {.timeout = 1ms}), queue::Full);
  EXPECT_FALSE(texts.try_put({}));
  Child child([&] {
    for (int i = 3; i < 1000; ++i) texts.put(std::to_string(i));
    return 0;
  });
  for (int i = 1; i < 1000; ++i) ASSERT_EQ(texts.get(), std::to_string(i));
  EXPECT_EQ(child.wait(), 0);
}

TEST(ByteQueue, WaitsInVain) {
  TextQueue texts;
  EXPECT_THROW(texts.get({.timeout = 1ms}), queue::Empty);
  EXPECT_THROW(texts.get({.timeout = -1s}), queue::Empty);
}

TEST(ByteQueue, IsClosedInOneProcess) {
  TextQueue texts;
  EXPECT_THROW(texts.join_thread(), AssertionError);
  texts.put("1");
  texts.close();
  texts.join_thread();
  EXPECT_THROW(texts.put("2"), ValueError);
  EXPECT_THROW(texts.get(), ValueError);
  EXPECT_THROW(texts.empty(), OSError);
  EXPECT_EQ(texts.size(), 1U);
  EXPECT_EQ(Child([&] { return texts.get() == "1" ? 0 : 1; }).wait(), 0);
  TextQueue simple(0, QueueKind::simple);
  simple.close();
  EXPECT_THROW(simple.get(), OSError);
}

TEST(ByteQueue, ShutsDown) {
  TextQueue texts(1);
  texts.put("1");
  Child putter([&] {
    try {
      texts.put("2");
    } catch (const queue::ShutDown&) {
      return 0;
    }
    return 1;
  });
  texts.shutdown(false);
  EXPECT_EQ(putter.wait(), 0);
  EXPECT_EQ(texts.get(), "1");
  EXPECT_THROW(texts.get(), queue::ShutDown);

  TextQueue empty(0, QueueKind::joinable);
  Child getter([&] {
    try {
      empty.get();
    } catch (const queue::ShutDown&) {
      return 0;
    }
    return 1;
  });
  empty.shutdown(true);
  EXPECT_EQ(getter.wait(), 0);
}

TEST(ByteQueue, IsJoined) {
  TextQueue texts(0, QueueKind::joinable);
  EXPECT_THROW(texts.task_done(), ValueError);
  for (int i = 0; i < 100; ++i) texts.put("x");
  Child child([&] {
    for (int i = 0; i < 100; ++i) texts.get(), texts.task_done();
    return 0;
  });
  texts.join();
  EXPECT_TRUE(texts.empty());
  EXPECT_EQ(child.wait(), 0);
  texts.put("dropped");
  texts.shutdown(true);
  texts.join();
}

// Each item comes to one getter, in the order of its putter.
TEST(ByteQueue, ManyPutAndGet) {
  constexpr int putters = 3, getters = 3, items = 4000;
  TextQueue numbers(64);
  auto seen = SharedBlock::allocate(putters * items * sizeof(std::atomic<int>));
  auto* const marks = static_cast<std::atomic<int>*>(seen.data());
  std::vector<Child> children;
  for (int putter = 0; putter < putters; ++putter)
    children.emplace_back([&] {
      for (int i = 0; i < items; ++i) numbers.put(std::to_string(putter * items + i));
      return 0;
    });
  for (int getter = 0; getter < getters; ++getter)
    children.emplace_back([&] {
      int last[putters] = {-1, -1, -1};
      for (int i = 0; i < putters * items / getters; ++i) {
        const int number = std::stoi(numbers.get());
        int& before = last[number / items];
        if (number % items <= before) return 1;
        before = number % items;
        marks[number].fetch_add(1);
      }
      return 0;
    });
  for (auto& child : children) EXPECT_EQ(child.wait(), 0);
  for (int i = 0; i < putters * items; ++i) ASSERT_EQ(marks[i].load(), 1);
}

// ---- killed at any moment ----

struct Item {
  int putter, number;
  char rest[500];
};

struct Books {
  std::atomic<int> put;  // how many put() has returned for
  std::atomic<int> got;
  std::atomic<int> wrong;
};

int rounds() {
  const char* const wanted = std::getenv("TANDEM_CHAOS_ROUNDS");
  return wanted ? std::atoi(wanted) : 200;
}

// Putters and getters are killed at random moments, and others take their places: the queue goes
// on, every item comes at most once, and only the items of killed getters are lost.
TEST(ByteQueue, OutlivesThoseWhoUseIt) {
  TANDEM_NEEDS(robust_mutexes);
  ::alarm(300);
  TextQueue items(20);
  auto block = SharedBlock::allocate(sizeof(Books), alignof(Books));
  auto& books = block.as<Books>();
  std::mt19937 random(7);
  int putters = 0, killed_getters = 0, killed_putters = 0;

  const auto start_putter = [&] {
    const int putter = putters++;
    return Child([&items, &books, putter] {
      Item item{putter, 0, {}};
      for (;; ++item.number) {
        // Of all lengths, so that the ring is wrapped around at all places.
        const std::size_t size = offsetof(Item, rest) + static_cast<std::size_t>(item.number % 500);
        items.put({reinterpret_cast<const char*>(&item), size});
        ++books.put;
      }
      return 0;
    });
  };
  const auto start_getter = [&] {
    return Child([&items, &books] {
      std::map<int, int> next;  // by putter
      for (;;) {
        const std::string bytes = items.get();
        Item item;
        std::memcpy(&item, bytes.data(), offsetof(Item, rest));
        if (bytes.size() != offsetof(Item, rest) + static_cast<std::size_t>(item.number % 500))
          ++books.wrong;
        if (item.number < std::exchange(next[item.putter], item.number + 1)) ++books.wrong;
        ++books.got;
      }
      return 0;
    });
  };

  std::vector<Child> putting, getting;
  for (int i = 0; i < 2; ++i) putting.push_back(start_putter()), getting.push_back(start_getter());
  for (int round = 0; round < rounds(); ++round) {
    const int got = books.got;
    // Nothing is waited for: any moment will do.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 1500));
    auto& victims = random() % 2 ? putting : getting;
    auto& victim = victims[random() % 2];
    victim.kill();
    if (&victims == &putting)
      ++killed_putters, victim.~Child(), new (&victim) Child(start_putter());
    else
      ++killed_getters, victim.~Child(), new (&victim) Child(start_getter());
    while (books.got == got) std::this_thread::yield();  // it goes on: alarm() says if not
  }
  for (auto& child : putting) child.kill(), ++killed_putters;
  const int put = books.put;
  while (!items.empty()) std::this_thread::yield();
  for (auto& child : getting) child.kill(), ++killed_getters;
  EXPECT_EQ(books.wrong, 0);
  EXPECT_GE(books.got, put - killed_getters);
  EXPECT_LE(books.got, put + killed_putters);
  EXPECT_EQ(items.size(), 0U);
  // It is as good as new.
  items.put("last");
  EXPECT_EQ(items.get(), "last");
  ::alarm(0);
}

// The same while the ring grows and shrinks.
TEST(ByteQueue, OutlivesThoseWhoMakeItGrow) {
  TANDEM_NEEDS(robust_mutexes);
  ::alarm(300);
  std::mt19937 random(11);
  for (int round = 0; round < rounds() / 4; ++round) {
    TextQueue texts;
    const std::string text(100000, 'x');
    for (int i = 0; i < 2; ++i) texts.put(text), texts.get();
    texts.put("first");
    Child child([&] {
      for (int i = 0; i < 200; ++i) texts.put(text);
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 1500));
    child.kill();
    ASSERT_EQ(texts.get(), "first");
    // Not by size(): the last one may not have been counted yet.
    while (!texts.empty()) ASSERT_TRUE(texts.get() == text);
    EXPECT_EQ(texts.size(), 0U);
    texts.put("last");
    EXPECT_EQ(texts.get(), "last");
  }
  ::alarm(0);
}

}  // namespace
}  // namespace tandem::multiprocessing::detail
