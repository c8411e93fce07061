// The search for an explanation, with a counter that cannot fall below zero.
#include "calls.hpp"

#include <gtest/gtest.h>

namespace tandem::conformance {
namespace {

enum CounterVerb : Verb { up, down, pass };

struct Counter {
  int count = 0;
  bool open = false;
  bool apply(const Call& call) {
    if (call.verb == pass) return call.is_first_half ? (open = true) : call.result == count;
    if (call.verb == down && count == 0) return false;
    count += call.verb == up ? 1 : -1;
    return call.result == count;
  }
  bool lets_go_on(const Call& call) const { return call.verb != down || count > 0; }
  std::string key() const { return std::to_string(count) + (open ? "!" : ""); }
};

Call call(Verb verb, std::int64_t result, std::uint64_t from, std::uint64_t to) {
  return {.verb = verb, .result = result, .invoked = from, .returned = to};
}
std::string why(const std::vector<Call>& calls) { return why_unexplained(calls, Counter()); }

TEST(Explanation, InOrder) {
  EXPECT_EQ(why({}), "");
  EXPECT_EQ(why({call(up, 1, 1, 2), call(down, 0, 3, 4)}), "");
  EXPECT_NE(why({call(up, 2, 1, 2)}), "");
  EXPECT_NE(why({call(down, 0, 1, 2), call(up, 1, 3, 4)}), "");
}

TEST(Explanation, Overlapping) {
  EXPECT_EQ(why({call(down, 0, 1, 9), call(up, 1, 3, 4)}), "");
  EXPECT_EQ(why({call(up, 2, 1, 9), call(up, 1, 2, 8)}), "");
  EXPECT_NE(why({call(up, 2, 1, 2), call(up, 1, 3, 4)}), "");
}

TEST(Explanation, AtRest) {
  EXPECT_EQ(why({call(down, 0, 1, never_returned)}), "");
  const std::string lost = why({call(down, 0, 1, never_returned), call(up, 1, 2, 3)});
  EXPECT_NE(lost.find("lost wake-up"), lost.npos) << lost;
}

TEST(Explanation, Halves) {
  Call first = call(pass, 1, 1, 9), second = call(pass, 1, 1, 9);
  first.is_first_half = second.is_second_half = true;
  EXPECT_EQ(why({first, second, call(up, 1, 3, 4)}), "");
  EXPECT_NE(why({first, second, call(up, 1, 10, 11)}), "");
}

}  // namespace
}  // namespace tandem::conformance
