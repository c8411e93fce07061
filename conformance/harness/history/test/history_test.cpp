#include "history.hpp"

#include <gtest/gtest.h>

#include <thread>

using namespace tandem::conformance;
using namespace std::chrono_literals;

namespace {

TEST(History, KnowsWhatCameBefore) {
  const Operation a{Kind::put, Outcome::ok, 0, 1, 1, 2};
  const Operation b{Kind::put, Outcome::ok, 1, 2, 2, 3};
  const Operation c{Kind::put, Outcome::ok, 1, 2, 3, 4};
  EXPECT_FALSE(precedes(a, b));  // equal stamps: the clock could not tell
  EXPECT_TRUE(precedes(a, c));
  EXPECT_FALSE(precedes(c, a));
}

TEST(History, DrawsLanes) {
  const History history{{Kind::put, Outcome::ok, 0, 1, 10, 30},
                        {Kind::get, Outcome::empty, 1, 0, 20, 40},
                        {Kind::get, Outcome::pending, 0, 0, 50, never_returned}};
  EXPECT_EQ(chart(history),
            "T0 |put(1)|    |get=...>\n"
            "T1  |get=Empty|\n");
}

TEST(History, MeasuresOverlap) {
  const History apart{{Kind::put, Outcome::ok, 0, 1, 1, 2}, {Kind::put, Outcome::ok, 1, 2, 3, 4}};
  EXPECT_EQ(overlap(apart).pairs, 0U);
  EXPECT_EQ(overlap(apart).widest, 1U);
  const History together{{Kind::put, Outcome::ok, 0, 1, 1, 5},
                         {Kind::put, Outcome::ok, 1, 2, 2, 3},
                         {Kind::put, Outcome::ok, 2, 3, 2, 6}};
  EXPECT_EQ(overlap(together).pairs, 3U);
  EXPECT_EQ(overlap(together).widest, 3U);
}

TEST(Recorder, KeepsWhatThreadsDid) {
  Recorder recorder(2, 4);
  std::thread other([&] {
    recorder[1].begin(Kind::get);
    recorder[1].end(Outcome::ok, 7);
  });
  other.join();
  recorder[0].begin(Kind::put, 7);
  recorder[0].end(Outcome::ok);
  const History history = recorder.history();
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(to_string(history[0]), "put(7)");
  EXPECT_EQ(to_string(history[1]), "get=7");
  EXPECT_TRUE(precedes(history[1], history[0]));
}

TEST(Recorder, ShowsAnOperationInProgress) {
  Recorder recorder(1, 4);
  recorder[0].begin(Kind::put, 3);
  EXPECT_TRUE(recorder[0].in_progress());
  const History history = recorder.history();
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(to_string(history[0]), "put(3)=...");
  EXPECT_EQ(history[0].returned, never_returned);
  recorder[0].end(Outcome::full);
  EXPECT_FALSE(recorder[0].in_progress());
  EXPECT_EQ(to_string(recorder.history()[0]), "put(3)=Full");
}

TEST(Recorder, TightensWhatTimedOut) {
  Recorder recorder(1, 4);
  recorder[0].begin(Kind::get, 0, 1h);  // as if the clock had been wrong: never beyond the return
  recorder[0].end(Outcome::empty);
  recorder[0].begin(Kind::get, 0, 1ns);
  recorder[0].end(Outcome::ok, 1);
  const History history = recorder.history();
  EXPECT_EQ(history[0].invoked, history[0].returned);
  EXPECT_LE(history[1].invoked, history[1].returned);
}

TEST(Recorder, CountsChanges) {
  Recorder recorder(2, 4);
  const auto before = recorder.version();
  recorder[1].begin(Kind::get);
  const auto during = recorder.version();
  recorder[1].end(Outcome::empty);
  EXPECT_NE(before, during);
  EXPECT_NE(during, recorder.version());
  recorder.clear();
  EXPECT_TRUE(recorder.history().empty());
}

}  // namespace
