#include "conformance/harness/transcript.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace tandem::conformance {
namespace {

struct Empty : std::exception {
  const char* what() const noexcept override { return ""; }
};

template <typename T>
struct Box {
  struct Full : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
};

struct Point {
  int x;
  friend std::ostream& operator<<(std::ostream& out, const Point& point) {
    return out << "Point(" << point.x << ")";
  }
};

struct Handle {
  friend std::string to_string(const Handle&) { return "<Handle at 0x7fff0a>"; }
};

std::string logged(const auto&... values) {
  detail::clear_transcript();
  log(values...);
  return detail::current_transcript().at(0);
}

TEST(Transcript, PrintsScalarsAsPython) {
  EXPECT_EQ(logged(true, false, 1, -2L, 3U, nullptr, std::nullopt), "True False 1 -2 3 None None");
  EXPECT_EQ(logged("text", std::string("it's"), 'c'), "text it's c");
}

TEST(Transcript, PrintsFloatsAsPython) {
  EXPECT_EQ(logged(1.0, 1.5, -0.0, 0.1, 100.0, 123456.789), "1.0 1.5 -0.0 0.1 100.0 123456.789");
  EXPECT_EQ(logged(1e15, 1e16, 1.5e16, 1e22), "1000000000000000.0 1e+16 1.5e+16 1e+22");
  EXPECT_EQ(logged(0.0001, 0.00001, 1.5e-7, 5e-324), "0.0001 1e-05 1.5e-07 5e-324");
  EXPECT_EQ(logged(1.0 / 3.0, 2.5F), "0.3333333333333333 2.5");
  constexpr double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(logged(inf, -inf, std::numeric_limits<double>::quiet_NaN()), "inf -inf nan");
}

TEST(Transcript, PrintsContainersAsPython) {
  EXPECT_EQ(logged(std::vector{1, 2}, std::vector<int>{}, std::deque{1.5}), "[1, 2] [] [1.5]");
  EXPECT_EQ(logged(std::vector<bool>{true, false}), "[True, False]");
  EXPECT_EQ(logged(std::vector<std::string>{"a", "it's", "\"q'"}), R"(['a', "it's", '"q\''])");
  EXPECT_EQ(logged(std::pair(1, "a"), std::tuple(1), std::tuple()), "(1, 'a') (1,) ()");
  EXPECT_EQ(logged(std::map<int, std::string>{{1, "a"}}, std::set{1, 2}, std::set<int>{}),
            "{1: 'a'} {1, 2} set()");
}

TEST(Transcript, EscapesAsPython) {
  EXPECT_EQ(repr("a\n\t\\\x01\x7f"), R"('a\n\t\\\x01\x7f')");
  EXPECT_EQ(repr("\xc3\xa9"), "'\xc3\xa9'");
}

TEST(Transcript, PrintsOptionalsByTheirValue) {
  EXPECT_EQ(logged(std::optional<std::string>("a"), std::optional<int>()), "a None");
  EXPECT_EQ(logged(std::vector<std::optional<std::string>>{"a", std::nullopt}), "['a', None]");
}

TEST(Transcript, PrintsOtherTypesTheirOwnWay) {
  EXPECT_EQ(logged(Point{3}, std::vector{Point{4}}), "Point(3) [Point(4)]");
}

TEST(Transcript, NormalisesAddresses) {
  EXPECT_EQ(logged(Handle{}, "0x1F 0x 10x"), "<Handle at 0x...> 0x... 0x 10x");
}

TEST(Transcript, NamesWhatWasRaised) {
  EXPECT_EQ(raised([] {}), "nothing");
  EXPECT_EQ(raised([] { return 1; }), "nothing");
  EXPECT_EQ(raised([] { throw Empty(); }), "Empty");
  EXPECT_EQ(raised([] { throw Box<std::vector<int>>::Full("to the brim"); }), "Full: to the brim");
  EXPECT_EQ(raised([] { throw 1; }), "int");
}

TEST(Transcript, KeepsTheOrderOfLines) {
  detail::clear_transcript();
  log("a");
  log();
  log("b", 1);
  EXPECT_EQ(detail::current_transcript(), (Transcript{"a", "", "b 1"}));
}

}  // namespace
}  // namespace tandem::conformance
