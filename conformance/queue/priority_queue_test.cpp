// queue.PriorityQueue: its order. What it shares with Queue is asked in queue_test.cpp.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance/queue/comparisons.hpp"
#include "conformance/queue/support.hpp"

using namespace tandem::conformance;
namespace queue = tandem::queue;

namespace {

// The same numbers in both languages.
std::vector<int> numbers(int count) {
  std::vector<int> drawn;
  std::uint64_t state = 12345;
  for (int i = 0; i < count; ++i) {
    state = (state * 1103515245 + 12345) % 2147483648;
    drawn.push_back(static_cast<int>(state / 65536 % 1000));
  }
  return drawn;
}

// Only <, and only on the number; the name does not count.
struct Task {
  int number;
  std::string name;
  friend bool operator<(const Task& left, const Task& right) { return left.number < right.number; }
};

std::vector<std::string> names_of(const std::vector<Task>& tasks) {
  std::vector<std::string> names;
  for (const Task& task : tasks) names.push_back(task.name);
  return names;
}

std::vector<int> numbers_of(const std::vector<Task>& tasks) {
  std::vector<int> drawn;
  for (const Task& task : tasks) drawn.push_back(task.number);
  return drawn;
}

void put_in_three_classes(queue::PriorityQueue<Task>& q) {
  int index = 0;
  for (const char name : std::string("abcdefghijkl")) q.put({index++ % 3, std::string(1, name)});
}

bool odd_first(int left, int right) { return left % 2 != right % 2 ? left % 2 == 1 : left < right; }

std::vector<int> two_through(queue::Queue<int>&& q) {
  q.put(2);
  q.put(1);
  return drain(q);
}

std::vector<int> numbers_of(const std::vector<Fragile>& items) {
  std::vector<int> drawn;
  for (const Fragile& item : items) drawn.push_back(item.number());
  return drawn;
}

}  // namespace

CASE("queue.priority.lowest-first", "the lowest comes first") {
  queue::PriorityQueue<int> q;
  for (const int item : {111, 333, 222}) q.put(item);
  log(drain(q));
}

CASE("queue.priority.pairs", "pairs by their number, then by their data") {
  queue::PriorityQueue<std::pair<int, std::string>> q;
  q.put({2, "code"});
  q.put({1, "eat"});
  q.put({3, "sleep"});
  q.put({1, "drink"});
  log(drain(q));
}

CASE("queue.priority.many", "any order in, ascending order out") {
  queue::PriorityQueue<int> q;
  const auto items = numbers(2000);
  for (const int item : items) q.put(item);
  const auto taken = drain(q);
  log(taken == sorted(items), std::vector(taken.begin(), taken.begin() + 5),
      std::vector(taken.end() - 5, taken.end()));
}

CASE("queue.priority.interleaved", "each get takes the lowest of what is held") {
  queue::PriorityQueue<int> q;
  std::multiset<int> held;
  bool right = true;
  int step = 0;
  for (const int item : numbers(1500)) {
    q.put(item);
    held.insert(item);
    if (step++ % 3 != 2) continue;
    right = right && q.get() == *held.begin();
    held.erase(held.begin());
  }
  log(right, drain(q) == std::vector(held.begin(), held.end()));
}

CASE("queue.priority.custom-order", "the items' own comparison decides") {
  struct Longest {
    bool operator()(const std::string& left, const std::string& right) const {
      return left.size() > right.size();
    }
  };
  queue::PriorityQueue<std::string, Longest> q;
  for (const char* text : {"bb", "a", "dddd", "ccc"}) q.put(text);
  log(drain(q));
}

CASE("queue.priority.compare-argument",
     "the second template argument is the comparison; std::greater turns the order round") {
  queue::PriorityQueue<int, std::greater<>> q;
  for (const int item : {111, 333, 222}) q.put(item);
  const auto taken = drain(q);
  EXPECT_EQ(taken, (std::vector{333, 222, 111}));
  log(taken);
}

CASE("queue.priority.compare-object", "a closure, a function or a std::function may compare") {
  const auto ask = [](auto& q) {
    for (const int item : {0, 2, 1}) q.put(item);
    const auto taken = drain(q);
    EXPECT_EQ(taken, (std::vector{1, 0, 2}));
    log(taken, q.maxsize());
  };
  const std::vector<int> ranks{20, 10, 30};
  const auto by_rank = [&](int left, int right) {
    return ranks[static_cast<std::size_t>(left)] < ranks[static_cast<std::size_t>(right)];
  };
  queue::PriorityQueue<int, decltype(by_rank)> by_closure(3, by_rank);
  ask(by_closure);
  queue::PriorityQueue<int, bool (*)(int, int)> by_function(4, odd_first);
  ask(by_function);
  queue::PriorityQueue<int, std::function<bool(int, int)>> by_either(5, by_rank);
  ask(by_either);
}

CASE("queue.priority.compare-needed",
     "one that would be null, or cannot be made, has to be given") {
  static_assert(comparisons_are_given<queue::PriorityQueue>());
}

CASE("queue.priority.only-less", "nothing but < is asked of the items") {
  queue::PriorityQueue<Task> q;
  for (const int number : {2, 1, 3}) q.put({number, ""});
  log(numbers_of(drain(q)));
}

CASE("queue.priority.equal-priorities", "equal priorities come in the order of CPython's heap") {
  queue::PriorityQueue<Task> q;
  for (const char name : std::string("abcdefgh")) q.put({1, std::string(1, name)});
  log(names_of(drain(q)));
  put_in_three_classes(q);
  log(names_of(drain(q)));
}

CASE("queue.priority.equal-priorities-all-come",
     "of equal priorities each comes once, lower ones before") {
  queue::PriorityQueue<Task> q;
  put_in_three_classes(q);
  const auto taken = drain(q);
  log(numbers_of(taken), sorted(names_of(taken)));
}

CASE("queue.priority.is-a-queue", "serves wherever a Queue is asked for") {
  log(std::derived_from<queue::PriorityQueue<int>, queue::Queue<int>>,
      two_through(queue::PriorityQueue<int>()), two_through(queue::Queue<int>()));
}

CASE("queue.priority.blocked-putter", "what a blocked put stores finds its place") {
  queue::PriorityQueue<int> q(2);
  q.put(5);
  q.put(7);
  Blocked putter([&] { q.put(1); });
  Log{q.get()};
  putter.join();
  Log{drain(q), raised([&] { return q.get_nowait(); })};
}

CASE("queue.priority.blocked-getter", "a blocked get takes what comes, however low") {
  queue::PriorityQueue<int> q;
  std::vector<int> taken;
  Blocked getter([&] { taken.push_back(q.get()); });
  q.put(9);
  getter.join();
  q.put(1);
  log(taken, drain(q));
}

CASE("queue.priority.move-only",
     "items that can only be moved are ordered by a comparison of the caller's") {
  struct ByValue {
    bool operator()(const std::unique_ptr<int>& left, const std::unique_ptr<int>& right) const {
      return *left < *right;
    }
  };
  queue::PriorityQueue<std::unique_ptr<int>, ByValue> q;
  for (const int item : numbers(100)) q.put(std::make_unique<int>(item));
  std::vector<int> taken;
  while (auto item = q.try_get()) taken.push_back(**item);
  EXPECT_EQ(taken, sorted(numbers(100)));
  log(taken.size());
}

CASE("queue.priority.failing-comparison-put", "a put whose comparison fails changes nothing") {
  queue::PriorityQueue<Fragile> q;
  int failures = 0;
  for (const int number : numbers(60)) {
    const auto size = q.qsize();
    fail_each_step(
        Fragile::comparisons, [&] { q.put(number); },
        [&] {
          ++failures;
          EXPECT_EQ(q.qsize(), size);
          EXPECT_EQ(q.unfinished_tasks(), size);
        });
  }
  EXPECT_GT(failures, 60);
  EXPECT_EQ(numbers_of(drain(q)), sorted(numbers(60)));
  log(q.empty());
}

CASE("queue.priority.failing-comparison-get", "a get whose comparison fails loses nothing") {
  queue::PriorityQueue<Fragile> q;
  for (const int number : numbers(60)) q.put(number);
  std::vector<int> taken;
  int failures = 0;
  while (!q.empty()) {
    const auto size = q.qsize();
    fail_each_step(
        Fragile::comparisons, [&] { taken.push_back(q.get_nowait().number()); },
        [&] {
          ++failures;
          EXPECT_EQ(q.qsize(), size);
        });
  }
  EXPECT_GT(failures, 60);
  EXPECT_EQ(taken, sorted(numbers(60)));
  log(q.empty());
}
