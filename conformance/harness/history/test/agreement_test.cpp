// The checkers against one another, and against trying every order, on random small histories.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

#include "linearizability.hpp"

using namespace tandem::conformance;

namespace {

// The models once more, in the plainest way.
class Plain {
 public:
  explicit Plain(const Model& model) : model_(model) {}
  bool step(const Operation& operation) {
    const bool room =
        model_.capacity <= 0 || items_.size() < static_cast<std::size_t>(model_.capacity);
    if (operation.outcome == Outcome::full) return !room;
    if (operation.outcome == Outcome::empty) return items_.empty();
    if (operation.kind == Kind::put) {
      items_.push_back(operation.value);
      return room;
    }
    if (items_.empty()) return false;
    auto item = items_.begin();
    if (model_.order == Order::lifo) item = items_.end() - 1;
    if (model_.order == Order::priority) item = std::min_element(items_.begin(), items_.end());
    const std::int64_t value = *item;
    items_.erase(item);
    return value == operation.value;
  }

 private:
  Model model_;
  std::deque<std::int64_t> items_;
};

bool some_order_explains(const History& rest, const Plain& state) {
  if (rest.empty()) return true;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const auto earlier = [&](const Operation& other) { return precedes(other, rest[i]); };
    Plain next = state;
    if (std::any_of(rest.begin(), rest.end(), earlier) || !next.step(rest[i])) continue;
    History others = rest;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    if (some_order_explains(others, next)) return true;
  }
  return false;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

 private:
  std::mt19937_64 engine_;
};

// A history that some queue made, with intervals stretched around the moments, and then perhaps
// spoilt: two results are exchanged.
History random_history(Random& random, const Model& model, std::size_t count) {
  History history;
  std::deque<std::int64_t> items;
  for (std::size_t i = 0; i < count; ++i) {
    Operation operation;
    operation.thread = static_cast<std::uint32_t>(random.below(3));
    const std::uint64_t moment = 100 + 10 * i;
    operation.invoked = moment - random.below(25);
    operation.returned = moment + random.below(25);
    if (random.below(2)) {
      operation.value = static_cast<std::int64_t>(random.below(1000) * count + i);
      const bool full =
          model.capacity > 0 && items.size() == static_cast<std::size_t>(model.capacity);
      if (full)
        operation.outcome = Outcome::full;
      else
        items.push_back(operation.value);
    } else if (operation.kind = Kind::get; items.empty()) {
      operation.outcome = Outcome::empty;
    } else {
      auto item = items.begin();
      if (model.order == Order::lifo) item = items.end() - 1;
      if (model.order == Order::priority) item = std::min_element(items.begin(), items.end());
      operation.value = *item;
      items.erase(item);
    }
    history.push_back(operation);
  }
  if (random.below(2)) {
    Operation& a = history[random.below(count)];
    Operation& b = history[random.below(count)];
    if (a.kind == b.kind) {
      std::swap(a.value, b.value);
      std::swap(a.outcome, b.outcome);
    }
  }
  return history;
}

struct Tally {
  int good = 0, bad = 0;
  void add(bool is_good) { ++(is_good ? good : bad); }
  void expect_both() const {
    EXPECT_GT(good, 100);
    EXPECT_GT(bad, 100);
    std::printf("%d linearizable, %d not\n", good, bad);
  }
};

class Agreement : public testing::TestWithParam<Model> {};

TEST_P(Agreement, SearchWithTryingEveryOrder) {
  Random random(1);
  Tally tally;
  for (int i = 0; i < 4000; ++i) {
    const History history = random_history(random, GetParam(), 7);
    const bool expected = some_order_explains(history, Plain(GetParam()));
    const Finding finding = search(history, GetParam());
    ASSERT_EQ(finding.verdict, expected ? Verdict::linearizable : Verdict::violation)
        << chart(history);
    tally.add(expected);
  }
  tally.expect_both();
}

INSTANTIATE_TEST_SUITE_P(Models, Agreement,
                         testing::Values(Model{Order::fifo, 0}, Model{Order::fifo, 2},
                                         Model{Order::lifo, 0}, Model{Order::lifo, 2},
                                         Model{Order::priority, 0}, Model{Order::priority, 1}));

TEST(AspectsAgreement, WithTheSearch) {
  Random random(2);
  Tally tally;
  for (int i = 0; i < 20000; ++i) {
    const History history = random_history(random, {}, 4 + random.below(16));
    const Finding quick = check_aspects(history);
    const Finding sure = search(history, {});
    ASSERT_NE(sure.verdict, Verdict::unknown);
    ASSERT_EQ(quick.verdict, sure.verdict) << quick.reason << "\n" << chart(history);
    tally.add(sure.verdict == Verdict::linearizable);
  }
  tally.expect_both();
}

TEST(Aspects, TakeAMillionOperations) {
  constexpr std::size_t count = 1'000'000;
  Random random(3);
  History history = random_history(random, {}, count);
  for (Operation& operation : history)
    if (operation.kind == Kind::get && operation.outcome == Outcome::ok) ++operation.returned;
  EXPECT_NE(check_aspects(history).verdict, Verdict::unknown);
}

}  // namespace
