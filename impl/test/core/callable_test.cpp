#include "tandem/core/callable.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace tandem {
namespace {

TEST(Callable, HoldsWhatIsMoveOnly) {
  int got = 0;
  detail::Callable callable([item = std::make_unique<int>(5), &got] { got = *item; });
  detail::Callable moved = std::move(callable);
  EXPECT_FALSE(callable);  // NOLINT(bugprone-use-after-move): that is the question
  moved();
  EXPECT_EQ(got, 5);
}

TEST(Callable, HoldsWhatIsLarge) {
  std::array<int, 100> numbers{};
  numbers.back() = 7;
  int got = 0;
  detail::Callable callable([numbers, &got] { got = numbers.back(); });
  detail::Callable other;
  other = std::move(callable);
  other();
  EXPECT_EQ(got, 7);
}

TEST(Callable, DestroysWhatItHolds) {
  auto item = std::make_shared<int>(1);
  {
    detail::Callable callable([item] {});
    EXPECT_EQ(item.use_count(), 2);
  }
  EXPECT_EQ(item.use_count(), 1);
}

TEST(Call, BindsALiteralAsAString) {
  auto bound = call([](const std::string& text) { return text.size(); }, "hello");
  EXPECT_EQ(std::move(bound)(), 5u);
}

TEST(Call, LeavesAPointerToWhoeverInsists) {
  auto bound = call([](const char* text) { return text[0]; }, "hello");
  EXPECT_EQ(std::move(bound)(), 'h');
}

TEST(Call, CanBeRepeatedWhereItsPartsCanBeCopied) {
  auto bound = call([](std::string text) { return text; }, std::string("again"));
  EXPECT_EQ(bound(), "again");
  EXPECT_EQ(bound(), "again");
}

TEST(Call, PassesAReferenceByRef) {
  int number = 1;
  call([](int& n) { n = 2; }, std::ref(number))();
  EXPECT_EQ(number, 2);
}

}  // namespace
}  // namespace tandem
