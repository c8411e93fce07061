#include "tandem/pickle/dumps.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <unordered_map>

#include "platform/handle.hpp"
#include "platform/pipe.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::pickle {
namespace {

template <class T>
T round_trip(const T& value) {
  return loads<T>(dumps(value));
}
template <class T>
void expect_same(const T& value) {
  EXPECT_TRUE(round_trip(value) == value) << type_name<T>();
}

enum class Color : unsigned char { RED, GREEN };
struct Point {
  double x, y;
  bool operator==(const Point&) const = default;
};
struct Padded {
  char c;
  int i;
  bool operator==(const Padded&) const = default;
};
struct Nest {
  int numbers[3];
  Padded padded[2];
  std::string name;
  std::vector<Point> points;
  bool operator==(const Nest&) const = default;
};
struct Bits {
  unsigned low : 3, high : 5;
  bool flag;
  bool operator==(const Bits&) const = default;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
};
struct Constant {
  const int x;
  const std::string s;
  bool operator==(const Constant&) const = default;
};
struct Sixteen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o;
  std::string p;
  bool operator==(const Sixteen&) const = default;
};

static_assert(detail::member_count<Nest> == 4);
static_assert(detail::member_count<Sixteen> == 16);
static_assert(detail::is_plain<Point>() && detail::is_plain<Color>() &&
              !detail::is_plain<Padded>());
static_assert(!detail::is_plain<bool>() && !detail::is_plain<std::pair<int, int>>());

TEST(Dumps, KeepsValues) {
  expect_same(true);
  expect_same(-5L);
  expect_same(1.5L);
  expect_same(std::numeric_limits<double>::infinity());
  expect_same(Color::GREEN);
  expect_same(std::string("a\0b", 3));
  expect_same(std::u16string(u"xyz"));
  expect_same(std::string(1000, 'x'));
  expect_same(std::vector{1, 2, 3});
  expect_same(std::vector{true, false, true});
  expect_same(std::vector<std::string>{"a", "", "b"});
  expect_same(std::vector<std::monostate>(1000));
  expect_same(std::vector<std::vector<int>>(300));
  expect_same(std::deque<int>{1, 2});
  expect_same(std::list<std::string>{"a"});
  expect_same(std::forward_list<int>{3, 1, 2});
  expect_same(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  expect_same(std::unordered_map<int, std::string>{{1, "x"}, {2, "y"}});
  expect_same(std::multiset<int>{1, 1, 2});
  expect_same(std::tuple(1, std::string("x"), 2.5));
  expect_same(std::tuple<>());
  expect_same(std::pair(1, 'c'));
  expect_same(std::array<std::string, 2>{"a", "b"});
  expect_same(std::array<int, 0>{});
  expect_same(std::optional<int>());
  expect_same(std::optional<std::optional<int>>(std::optional<int>()));
  expect_same(std::variant<int, std::string, std::monostate>("x"));
  expect_same(std::chrono::milliseconds(5));
  expect_same(std::chrono::duration<double>(0.5));
  expect_same(std::chrono::system_clock::now());
  expect_same(std::complex<double>(1, 2));
  expect_same(std::complex<long double>(1, 2));
  expect_same(std::filesystem::path("/tmp/x"));
  expect_same(std::bitset<70>("1011"));
  expect_same(nullptr);
}

TEST(Dumps, TakesAggregatesApart) {
  expect_same(Point{1, 2});
  expect_same(std::vector<Point>{{1, 2}, {3, 4}});
  expect_same(Padded{'c', 7});
  expect_same(Nest{{1, 2, 3}, {{'a', 1}, {'b', 2}}, "n", {{1, 2}}});
  expect_same(Bits{5, 17, true});
  expect_same(Constant{3, "s"});
  expect_same(std::vector<Constant>{{3, "s"}, {4, "t"}});
  expect_same(Sixteen{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "p"});
  Tree tree{1, {}, nullptr};
  tree.children.push_back(Tree{2, {}, std::make_unique<Tree>(Tree{3, {}, nullptr})});
  const auto copy = round_trip(tree);
  EXPECT_EQ(copy.children.at(0).next->value, 3);
}

TEST(Dumps, TakesALiteralForAString) { EXPECT_EQ(loads<std::string>(dumps("text")), "text"); }

TEST(Dumps, IsShort) {
  EXPECT_EQ(dumps(1).size(), 8 + 4U);
  EXPECT_EQ(dumps(std::string("abc")).size(), 8 + 4U);
  EXPECT_EQ(dumps(Padded{'c', 1}).size(), 8 + 5U);
}

TEST(Dumps, SharesWhatIsShared) {
  const auto object = std::make_shared<std::string>("x");
  const auto copies = round_trip(std::vector{object, object, std::make_shared<std::string>("x")});
  EXPECT_EQ(copies[0], copies[1]);
  EXPECT_NE(copies[0], copies[2]);
  EXPECT_EQ(*copies[2], "x");
  EXPECT_EQ(round_trip(std::shared_ptr<int>()), nullptr);
}

struct Ring {
  int value = 0;
  std::shared_ptr<Ring> next;
};
struct Reduced {
  std::shared_ptr<Reduced> next;
  Reduced() = default;
  explicit Reduced(std::shared_ptr<Reduced> n) : next(std::move(n)) {}
  std::tuple<std::shared_ptr<Reduced>> reduce() const { return {next}; }
};

TEST(Dumps, SharesOnlyWhatIsOfOneType) {
  const auto outer = std::make_shared<Padded>();
  const std::shared_ptr<char> inner(outer, &outer->c);
  EXPECT_THROW(dumps(std::tuple(outer, inner)), PicklingError);
}

TEST(Dumps, ClosesRings) {
  const auto first = std::make_shared<Ring>();
  first->next = std::make_shared<Ring>(Ring{1, first});
  const auto copy = round_trip(first);
  EXPECT_EQ(copy->next->value, 1);
  EXPECT_EQ(copy->next->next, copy);
  first->next = copy->next->next = nullptr;
}

TEST(Dumps, RefusesRingsOfWhatIsMadeAfterItsParts) {
  const auto first = std::make_shared<Reduced>();
  first->next = first;
  EXPECT_THROW(dumps(first), PicklingError);
  first->next = nullptr;
}

struct Base {
  virtual ~Base() = default;
  int x = 1;
  std::tuple<> reduce() const { return {}; }
};
struct Derived : Base {};

TEST(Dumps, SlicesNothing) {
  EXPECT_EQ(round_trip(std::make_unique<Base>())->x, 1);
  const std::unique_ptr<Base> derived = std::make_unique<Derived>();
  EXPECT_THROW(dumps(derived), PicklingError);
  EXPECT_THROW(dumps(std::shared_ptr<Base>(std::make_shared<Derived>())), PicklingError);
}

TEST(Dumps, KnowsTypes) {
  try {
    loads<std::string>(dumps(1.5));
    FAIL();
  } catch (const UnpicklingError& error) {
    EXPECT_NE(std::string(error.what()).find("double"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("string"), std::string::npos) << error.what();
  }
  EXPECT_EQ(type_name_of(1), "an unknown type");
  EXPECT_EQ(loads<const int>(dumps(1)), 1);
}

TEST(Loads, RefusesEveryBeginning) {
  const std::string whole = dumps(Nest{{1, 2, 3}, {{'a', 1}, {'b', 2}}, "n", {{1, 2}}});
  EXPECT_THROW(loads<Nest>(""), EOFError);
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_THROW(loads<Nest>(whole.substr(0, size)), UnpicklingError);
  EXPECT_EQ(loads<Nest>(whole + "more").name, "n");
}

template <class T>
std::string bytes_of(std::string_view rest) {
  Output output;
  output.write_value(type_hash<T>());
  output.write(rest.data(), rest.size());
  const auto bytes = output.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
const std::string huge = "\xff" + std::string(7, '\xff') + "\x0f";  // a count

TEST(Loads, RefusesWhatIsNoSuchValue) {
  EXPECT_THROW(loads<bool>(bytes_of<bool>("\2")), UnpicklingError);
  using Optional = std::optional<int>;
  EXPECT_THROW(loads<Optional>(bytes_of<Optional>("\2aaaa")), UnpicklingError);
  using Variant = std::variant<int, char>;
  EXPECT_THROW(loads<Variant>(bytes_of<Variant>("\2aaaa")), UnpicklingError);
  using Shared = std::vector<std::shared_ptr<int>>;
  EXPECT_THROW(loads<Shared>(bytes_of<Shared>(std::string("\1\2\0\0\0\0", 6))), UnpicklingError);
  using Bits70 = std::bitset<70>;
  EXPECT_THROW(loads<Bits70>(bytes_of<Bits70>("\1x")), UnpicklingError);
  try {
    loads<bool>(bytes_of<bool>("\7"));
  } catch (const UnpicklingError& error) {
    EXPECT_STREQ(error.what(), "invalid load key, '\\x07'.");
  }
}

TEST(Loads, AllocatesNothingForHugeCounts) {
  using Strings = std::vector<std::string>;
  using Units = std::vector<std::monostate>;
  EXPECT_THROW(loads<std::string>(bytes_of<std::string>(huge)), UnpicklingError);
  EXPECT_THROW(loads<std::vector<double>>(bytes_of<std::vector<double>>(huge)), UnpicklingError);
  EXPECT_THROW(loads<Strings>(bytes_of<Strings>(huge)), UnpicklingError);
  EXPECT_THROW(loads<Units>(bytes_of<Units>(huge)), UnpicklingError);
  using Map = std::map<int, int>;
  EXPECT_THROW(loads<Map>(bytes_of<Map>(huge)), UnpicklingError);
}

std::unique_ptr<Tree> chain(std::size_t length) {
  std::unique_ptr<Tree> first;
  for (std::size_t i = 0; i < length; ++i)
    first = std::make_unique<Tree>(Tree{static_cast<int>(i), {}, std::move(first)});
  return first;
}

TEST(Dumps, EndsAtADepth) {
  EXPECT_EQ(round_trip(chain(MAX_DEPTH / 2))->value, static_cast<int>(MAX_DEPTH / 2) - 1);
  EXPECT_THROW(dumps(chain(MAX_DEPTH + 1)), RecursionError);
  EXPECT_THROW(loads<Tree>(bytes_of<Tree>(std::string(100000, '\1'))), UnpicklingError);
}

TEST(Output, BorrowsLargeBlocks) {
  const std::vector<int> large(100000, 7);
  Output output;
  output.borrows(true);
  dump(output, std::string("before"));
  dump(output, large);
  dump(output, std::string("after"));
  const auto pieces = output.pieces();
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(static_cast<const void*>(pieces[1].data()), large.data());
  EXPECT_EQ(pieces[0].size() + pieces[1].size() + pieces[2].size(), output.size());
  Input input(output.bytes());
  EXPECT_EQ(load<std::string>(input), "before");
  EXPECT_EQ(load<std::vector<int>>(input), large);
  EXPECT_EQ(load<std::string>(input), "after");
  EXPECT_EQ(output.pieces().size(), 1U);
}

struct Custom {
  std::vector<int> temporary() const { return std::vector<int>(100000, 3); }
  template <class Archive>
  void serialize(Archive& archive) {
    std::vector<int> values = temporary();
    archive(values);
  }
};

TEST(Output, BorrowsNothingOfWhatUsersWrite) {
  Output output;
  output.borrows(true);
  dump(output, Custom());
  EXPECT_EQ(output.pieces().size(), 1U);
}

TEST(Output, ComesBackToAMark) {
  Output output;
  output.borrows(true);
  dump(output, 1);
  const auto mark = output.mark();
  const std::vector<int> large(100000, 7);
  dump(output, large);
  dump(output, std::string(300, 'x'));
  output.rewind(mark);
  EXPECT_EQ(output.size(), sizeof(int));
  EXPECT_EQ(output.pieces().size(), 1U);
}

TEST(Output, SendsOpenFilesAlong) {
  platform::Pipe pipe;
  ASSERT_EQ(platform::open_pipe(pipe), 0);
  Output output(Sharing::CONNECTION);
  EXPECT_EQ(output.attach(pipe.reader.get()), 0U);
  EXPECT_EQ(output.attach(pipe.writer.get()), 1U);
  EXPECT_THROW(output.attach(-1), OSError);
  std::vector<platform::Handle> handles(2);
  for (std::size_t i = 0; i < 2; ++i)
    ASSERT_EQ(platform::duplicate_handle(output.descriptors().at(i), handles[i]), 0);
  Input input(output.bytes(), std::move(handles));
  const platform::Handle writer = input.take(1), reader = input.take(0);
  EXPECT_EQ(platform::write_some(writer.get(), "x", 1).count, 1U);
  char got = 0;
  EXPECT_EQ(platform::read_some(reader.get(), &got, 1).count, 1U);
  EXPECT_EQ(got, 'x');
  EXPECT_THROW(input.take(0), UnpicklingError);
  EXPECT_THROW(input.take(2), UnpicklingError);
}

}  // namespace
}  // namespace tandem::pickle
