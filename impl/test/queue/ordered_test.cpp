// The heap: CPython's order for equal items, and nothing changed by a comparison that throws.
#include "tandem/queue/detail/ordered.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tandem::detail {
namespace {

struct Task {
  int priority;
  char name;
};
struct ByPriority {
  bool operator()(const Task& a, const Task& b) const { return a.priority < b.priority; }
};

template <class Store>
std::string drain(Store& store) {
  std::string names;
  for (;;) {
    typename Store::Taking taking{store};
    if (!taking) return names;
    names += taking.item().name;
    taking.commit();
  }
}

// heapq.heappush and heappop of (0, x) for x in "abcdefg", compared by the number only.
TEST(Heap, OrdersEqualItemsAsHeapq) {
  Ordered<Task, Heap<Task, ByPriority>> store;
  for (char name : std::string("abcdefg")) store.put(Task{0, name}, unlimited);
  EXPECT_EQ(drain(store), "acfgebd");
}

struct Touchy {
  static inline int comparisons_left = -1;  // negative: any number
  bool operator()(const Task& a, const Task& b) const {
    if (comparisons_left == 0) throw std::runtime_error("will not compare");
    if (comparisons_left > 0) --comparisons_left;
    return a.priority < b.priority;
  }
};

TEST(Heap, IsUnchangedWhenAComparisonThrows) {
  for (int allowed = 0; allowed < 4; ++allowed) {
    Ordered<Task, Heap<Task, Touchy>> store;
    Touchy::comparisons_left = -1;
    for (int i = 9; i > 0; --i)
      store.put(Task{i, static_cast<char>('0' + i)}, unlimited);

    Touchy::comparisons_left = allowed;
    try {
      typename decltype(store)::Taking taking{store};
      if (taking) taking.commit();
      ADD_FAILURE() << "nothing thrown after " << allowed;
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(store.size(), 9u);
    Touchy::comparisons_left = 0;
    EXPECT_THROW(store.put(Task{0, '0'}, unlimited), std::runtime_error);

    Touchy::comparisons_left = -1;
    EXPECT_EQ(drain(store), "123456789");
  }
}

struct Heavy {  // its move may throw, so it stands in a box
  explicit Heavy(int n) : number(n) {}
  Heavy(Heavy&& other) noexcept(false) : number(other.number) {}
  Heavy& operator=(Heavy&&) = delete;
  bool operator<(const Heavy& other) const { return number < other.number; }
  int number;
};

TEST(Ordered, BoxesWhatMayThrowWhenItMoves) {
  static_assert(std::is_same_v<Kept<Heavy>, Box<Heavy>>);
  static_assert(std::is_same_v<Kept<std::string>, Bare<std::string>>);
  Ordered<Heavy, Heap<Heavy, std::less<Heavy>>> store;
  for (int i : {3, 1, 2}) store.put(Heavy(i), unlimited);
  typename decltype(store)::Taking taking{store};
  EXPECT_EQ(taking.item().number, 1);
}

TEST(Ordered, GivesMemoryBackAfterABurst) {
  Ordered<Task, Stack<Task>> store;
  for (int i = 0; i < 10'000; ++i) store.put(Task{i, 'x'}, unlimited);
  EXPECT_EQ(drain(store).size(), 10'000u);
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.puts(), 10'000u);
}

}  // namespace
}  // namespace tandem::detail
