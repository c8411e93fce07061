#include "conformance/harness/golden.hpp"

#include <gtest/gtest.h>

#include "conformance/harness/clauses.hpp"

namespace tandem::conformance {
namespace {

TEST(Golden, KnowsThePrimitiveByTheNameOfTheFile) {
  EXPECT_EQ(primitive_of("/a/conformance/b/conformance/queue/lifo_queue_test.cpp"),
            "queue/lifo_queue");
  EXPECT_EQ(primitive_of("conformance/concurrent/futures/wait_test.cpp"),
            "concurrent/futures/wait");
}

TEST(Golden, ReadsClausesAndNothingElse) {
  const auto clauses = read_clauses(TANDEM_TEST_ROOM "/spec/harness/test/sample.toml");
  EXPECT_EQ(clauses.size(), 15U);
  EXPECT_FALSE(clauses.contains("sample.fail.no-clause")) << "it stands in the text of a claim";
  EXPECT_EQ(clauses.at("sample.pass.equal").since, "3.8");
  EXPECT_EQ(clauses.at("sample.fail.not-in-set").level, "SHOULD");
  EXPECT_EQ(clauses.at("sample.fail.no-golden").oracle, "golden");
}

TEST(Golden, AFileThatIsMissingHoldsNoClause) { EXPECT_TRUE(read_clauses("/nowhere").empty()); }

TEST(Golden, EqualIsNoDifference) {
  EXPECT_EQ(difference({{{"a", "b"}}, {"3.8"}}, {"a", "b"}), std::nullopt);
  EXPECT_EQ(difference({{{"a"}, {"b"}}, {"3.8"}}, {"b"}), std::nullopt);
  EXPECT_EQ(difference({{{}}, {"3.8"}}, {}), std::nullopt);
}

TEST(Golden, ShowsWhichLinesDiffer) {
  EXPECT_EQ(difference({{{"a", "b", "c"}}, {"3.8", "3.13"}}, {"a", "x", "c", "d"}),
            "the transcript is not that of CPython 3.8, 3.13\n"
            "            a\n"
            "  CPython | b\n"
            "   tandem | x\n"
            "            c\n"
            "   tandem | d\n");
}

TEST(Golden, OrderMatters) {
  EXPECT_NE(difference({{{"a", "b"}}, {"3.8"}}, {"b", "a"}), std::nullopt);
}

TEST(Golden, ShowsTheWholeSet) {
  const auto text = difference({{{"a"}, {"b"}}, {"3.8"}}, {"c"});
  ASSERT_TRUE(text.has_value());
  EXPECT_NE(text->find("none of the 2 outcomes"), std::string::npos);
  EXPECT_NE(text->find("  CPython | b\n"), std::string::npos);
}

}  // namespace
}  // namespace tandem::conformance
