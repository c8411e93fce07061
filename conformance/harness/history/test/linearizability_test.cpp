// Histories whose verdict is known.
#include "linearizability.hpp"

#include <gtest/gtest.h>

using namespace tandem::conformance;

namespace {

constexpr Model fifo{Order::fifo, 0}, bounded{Order::fifo, 1}, lifo{Order::lifo, 0},
    priority{Order::priority, 0};

std::uint32_t next_thread = 0;
struct Span {
  std::uint64_t from, to;
};
Operation make(Kind kind, Outcome outcome, std::int64_t value, Span span) {
  return {kind, outcome, next_thread++ % 4, value, span.from, span.to};
}
Operation put(std::int64_t value, Span span) { return make(Kind::put, Outcome::ok, value, span); }
Operation got(std::int64_t value, Span span) { return make(Kind::get, Outcome::ok, value, span); }
Operation empty(Span span) { return make(Kind::get, Outcome::empty, 0, span); }
Operation full(std::int64_t value, Span span) {
  return make(Kind::put, Outcome::full, value, span);
}
Operation not_put(std::int64_t value, Span span) {
  return make(Kind::put, Outcome::nothing, value, span);
}
Operation qsize(std::int64_t value, Span span) {
  return make(Kind::qsize, Outcome::ok, value, span);
}
Operation shutdown(bool immediate, Span span) {
  return make(Kind::shutdown, Outcome::ok, immediate, span);
}
Operation refused(Kind kind, Span span) { return make(kind, Outcome::shut_down, 9, span); }
Operation pending(Kind kind, std::int64_t value, std::uint64_t from) {
  return make(kind, Outcome::pending, value, {from, never_returned});
}

bool good(const History& history, const Model& model) {
  const Finding finding = search(history, model);
  EXPECT_NE(finding.verdict, Verdict::unknown);
  return finding.verdict == Verdict::linearizable;
}
bool good_aspects(const History& history) {
  const Finding finding = check_aspects(history);
  EXPECT_NE(finding.verdict, Verdict::unknown) << finding.reason;
  EXPECT_EQ(finding.verdict, search(history, fifo).verdict);
  return finding.verdict == Verdict::linearizable;
}

TEST(Search, AcceptsEveryOrderOfItsOwn) {
  const History puts{put(1, {1, 2}), put(2, {3, 4}), put(3, {5, 6})};
  auto then = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
    History history = puts;
    for (auto [value, from] : {std::pair{a, 7U}, {b, 9U}, {c, 11U}})
      history.push_back(got(value, {from, from + 1}));
    return history;
  };
  EXPECT_TRUE(good(then(1, 2, 3), fifo));
  EXPECT_FALSE(good(then(3, 2, 1), fifo));
  EXPECT_FALSE(good(then(2, 1, 3), fifo));
  EXPECT_TRUE(good(then(3, 2, 1), lifo));
  EXPECT_FALSE(good(then(1, 2, 3), lifo));
  EXPECT_TRUE(good(then(1, 2, 3), priority));
  EXPECT_FALSE(good(then(1, 3, 2), priority));
}

TEST(Search, PriorityTakesTheSmallestThereIs) {
  EXPECT_TRUE(good({put(5, {1, 2}), got(5, {3, 4}), put(1, {5, 6}), got(1, {7, 8})}, priority));
  EXPECT_FALSE(good({put(5, {1, 2}), put(1, {3, 4}), got(5, {5, 6})}, priority));
  EXPECT_TRUE(good({put(5, {1, 2}), put(1, {3, 6}), got(5, {5, 6})}, priority));  // they overlap
}

TEST(Search, OverlapLeavesTheOrderOpen) {
  EXPECT_TRUE(good({put(1, {1, 4}), put(2, {2, 3}), got(2, {5, 6}), got(1, {7, 8})}, fifo));
  EXPECT_TRUE(good({put(1, {1, 4}), put(2, {2, 3}), got(1, {5, 6}), got(2, {7, 8})}, fifo));
  EXPECT_TRUE(good({put(1, {1, 2}), put(2, {3, 4}), got(2, {5, 8}), got(1, {6, 7})}, fifo));
}

TEST(Search, ValuesComeFromSomewhereAndOnce) {
  EXPECT_FALSE(good({got(1, {1, 2})}, fifo));
  EXPECT_FALSE(good({got(1, {1, 2}), put(1, {3, 4})}, fifo));
  EXPECT_TRUE(good({got(1, {1, 4}), put(1, {2, 3})}, fifo));
  for (const Model& model : {fifo, lifo, priority})
    EXPECT_FALSE(good({put(1, {1, 2}), got(1, {3, 4}), got(1, {5, 6})}, model));
}

TEST(Search, EmptyNeedsAnEmptyMoment) {
  EXPECT_TRUE(good({empty({1, 2}), put(1, {3, 4})}, fifo));
  EXPECT_FALSE(good({put(1, {1, 2}), empty({3, 4})}, fifo));
  EXPECT_TRUE(good({put(1, {1, 4}), empty({2, 3})}, fifo));
  // 1 is there until 2 has been put: at no moment is the queue empty.
  EXPECT_FALSE(good(
      {put(1, {1, 2}), empty({3, 20}), put(2, {4, 5}), got(1, {6, 7}), got(2, {21, 22})}, fifo));
}

TEST(Search, FullNeedsAFullMoment) {
  EXPECT_FALSE(good({full(1, {1, 2})}, bounded));
  EXPECT_TRUE(good({put(1, {1, 2}), full(2, {3, 4})}, bounded));
  EXPECT_FALSE(good({put(1, {1, 2}), put(2, {3, 4})}, bounded));
  EXPECT_FALSE(good({put(1, {1, 2}), got(1, {3, 4}), full(2, {5, 6})}, bounded));
  EXPECT_TRUE(good({put(1, {1, 2}), got(1, {3, 6}), full(2, {4, 5})}, bounded));
  EXPECT_FALSE(good({put(1, {1, 2}), full(2, {3, 4})}, fifo));
}

TEST(Search, NothingIsPutWhereThereIsNoRoomOrNoIntake) {
  EXPECT_FALSE(good({not_put(1, {1, 2})}, bounded));
  EXPECT_TRUE(good({put(1, {1, 2}), not_put(2, {3, 4})}, bounded));
  EXPECT_FALSE(good({put(1, {1, 2}), not_put(2, {3, 4})}, fifo));
  EXPECT_FALSE(good({put(1, {1, 2}), not_put(2, {3, 4}), got(1, {5, 6}), got(2, {7, 8})}, bounded));
  EXPECT_TRUE(good({shutdown(false, {1, 2}), not_put(1, {3, 4})}, fifo));
  EXPECT_FALSE(good({not_put(1, {1, 2}), shutdown(false, {3, 4})}, fifo));
}

TEST(Search, SizeIsThatOfOneMoment) {
  EXPECT_TRUE(good({put(1, {1, 2}), qsize(1, {3, 4})}, lifo));
  EXPECT_FALSE(good({put(1, {1, 2}), qsize(0, {3, 4})}, lifo));
  EXPECT_TRUE(good({put(1, {1, 4}), qsize(0, {2, 3})}, lifo));
}

TEST(Search, ShutdownRefusesAndDrains) {
  EXPECT_TRUE(good({put(1, {1, 2}), shutdown(false, {3, 4}), got(1, {5, 6}),
                    refused(Kind::get, {7, 8}), refused(Kind::put, {9, 10})},
                   fifo));
  EXPECT_FALSE(good({put(1, {1, 2}), shutdown(false, {3, 4}), refused(Kind::get, {5, 6})}, fifo));
  for (const Model& model : {fifo, lifo, priority})
    EXPECT_TRUE(good({put(1, {1, 2}), put(2, {3, 4}), shutdown(true, {5, 6}),
                      refused(Kind::get, {7, 8}), qsize(0, {9, 10})},
                     model));
  EXPECT_FALSE(good({put(1, {1, 2}), shutdown(true, {3, 4}), got(1, {5, 6})}, fifo));
  EXPECT_FALSE(good({shutdown(false, {1, 2}), put(1, {3, 4})}, fifo));
  EXPECT_FALSE(good({shutdown(false, {1, 2}), empty({3, 4})}, fifo));
  EXPECT_FALSE(good({refused(Kind::put, {1, 2})}, fifo));
  const auto nothing = make(Kind::get, Outcome::nothing, 0, {3, 4});
  EXPECT_TRUE(good({shutdown(false, {1, 2}), nothing}, fifo));
  EXPECT_FALSE(good({put(1, {1, 2}), nothing}, fifo));
}

TEST(Search, PendingOperationsMayHaveTakenEffect) {
  EXPECT_TRUE(good({pending(Kind::put, 1, 1), got(1, {2, 3})}, fifo));
  EXPECT_TRUE(good({pending(Kind::put, 1, 1), empty({2, 3})}, fifo));
  EXPECT_TRUE(good({put(1, {1, 2}), pending(Kind::get, 0, 3), empty({4, 5})}, fifo));
  EXPECT_TRUE(
      good({put(1, {1, 2}), put(2, {3, 4}), pending(Kind::get, 0, 5), got(2, {6, 7})}, fifo));
  EXPECT_FALSE(good({got(1, {1, 2}), pending(Kind::put, 1, 3)}, fifo));
}

TEST(Search, GivesUpLoudly) {
  const Finding finding = search({put(1, {1, 2}), got(1, {3, 4})}, fifo, 1);
  EXPECT_EQ(finding.verdict, Verdict::unknown);
  EXPECT_FALSE(finding.reason.empty());
}

TEST(Search, ExplainsAFailure) {
  const History history{put(1, {1, 2}), put(2, {3, 4}), got(2, {5, 6})};
  const std::string text = explain(search(history, fifo), history);
  EXPECT_NE(text.find("violation: no order explains it"), std::string::npos) << text;
  EXPECT_NE(text.find("|get=2|"), std::string::npos) << text;
}

TEST(Aspects, KnowTheFourWaysToBeWrong) {
  EXPECT_FALSE(good_aspects({got(1, {1, 2})}));
  EXPECT_FALSE(good_aspects({got(1, {1, 2}), put(1, {3, 4})}));
  EXPECT_FALSE(good_aspects({put(1, {1, 2}), got(1, {3, 4}), got(1, {5, 6})}));
  EXPECT_FALSE(good_aspects({put(1, {1, 2}), put(2, {3, 4}), got(2, {5, 6}), got(1, {7, 8})}));
  EXPECT_FALSE(good_aspects({put(1, {1, 2}), put(2, {3, 4}), got(2, {5, 6})}));  // 1 is lost
  EXPECT_FALSE(good_aspects({put(1, {1, 2}), empty({3, 4})}));
  EXPECT_FALSE(good_aspects(
      {put(1, {1, 2}), empty({3, 20}), put(2, {4, 5}), got(1, {6, 7}), got(2, {21, 22})}));
}

TEST(Aspects, AcceptWhatOverlapAllows) {
  EXPECT_TRUE(good_aspects({put(1, {1, 4}), put(2, {2, 3}), got(2, {5, 6}), got(1, {7, 8})}));
  EXPECT_TRUE(good_aspects({put(1, {1, 2}), got(1, {3, 6}), empty({4, 5})}));
  EXPECT_TRUE(good_aspects(
      {put(1, {1, 2}), empty({3, 20}), put(2, {7, 8}), got(1, {5, 6}), got(2, {21, 22})}));
}

TEST(Aspects, PassOverWhatWasNotPut) {
  for (const auto& refused : {full(2, {3, 4}), not_put(2, {3, 4})}) {
    const History put_and_refused{put(1, {1, 2}), refused, got(1, {5, 6})};
    EXPECT_EQ(check_aspects(put_and_refused).verdict, Verdict::linearizable);
    History came_from_it = put_and_refused;
    came_from_it.push_back(got(2, {7, 8}));
    EXPECT_EQ(check_aspects(came_from_it).verdict, Verdict::violation);
  }
}

TEST(Aspects, RefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(check_aspects({pending(Kind::get, 0, 1)}).verdict, Verdict::unknown);
  EXPECT_EQ(check_aspects({qsize(0, {1, 2})}).verdict, Verdict::unknown);
  EXPECT_EQ(check_aspects({put(1, {1, 2}), put(1, {3, 4})}).verdict, Verdict::unknown);
}

TEST(Quiescence, SeesLostWakeUps) {
  auto calm = [](const History& history, const Model& model) {
    return check_quiescence(history, model).verdict == Verdict::linearizable;
  };
  EXPECT_TRUE(calm({pending(Kind::get, 0, 1)}, fifo));
  EXPECT_FALSE(calm({pending(Kind::get, 0, 1), put(1, {2, 3})}, fifo));
  EXPECT_TRUE(calm({pending(Kind::get, 0, 1), put(1, {2, 3}), got(1, {4, 5})}, fifo));
  EXPECT_TRUE(calm({put(1, {1, 2}), pending(Kind::put, 2, 3)}, bounded));
  EXPECT_FALSE(calm({put(1, {1, 2}), pending(Kind::put, 2, 3), got(1, {4, 5})}, bounded));
  EXPECT_FALSE(calm({pending(Kind::put, 2, 3)}, fifo));
  EXPECT_FALSE(calm({pending(Kind::get, 0, 1), shutdown(false, {2, 3})}, fifo));
}

}  // namespace
