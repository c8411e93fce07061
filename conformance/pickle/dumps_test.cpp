// pickle.dumps, loads
#include <array>
#include <bitset>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/pickle/support.hpp"

using namespace tandem::conformance;
using namespace std::string_literals;
using namespace std::chrono_literals;

namespace {

template <class T>
using List = std::vector<T>;
using Text = std::string;

}  // namespace

// ---- values

CASE("pickle.dumps.numbers", "numbers are what they were, at their limits too") {
  log_back(0, 1, -1, 255, 256);
  log_back(std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min());
  log_back(std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min());
  log_back(std::numeric_limits<std::uint64_t>::max());
  log_back(true, false);
  log_back(0.0, -0.0, 1.5, 0.1, 1e308, 5e-324);
  log_back(std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity());
  log(std::isnan(there_and_back(std::nan(""))));
  for (int number = -128; number < 128; ++number) {
    EXPECT_EQ(there_and_back(static_cast<signed char>(number)), number);
    EXPECT_EQ(there_and_back(static_cast<short>(number * 256)), number * 256);
    EXPECT_EQ(there_and_back(static_cast<float>(number) / 3), static_cast<float>(number) / 3);
  }
  EXPECT_EQ(there_and_back(1.0L / 3), 1.0L / 3);
}

CASE("pickle.dumps.text", "text, whatever stands in it") {
  log_back(""s, "text"s, "it's"s, "two\nlines"s, "\0"s, "a\0b"s, "ü€😀"s);
  for (const std::size_t size : {254u, 255u, 256u, 65535u, 65536u, 1u << 20})
    log(size, there_and_back(Text(size, 'x')) == Text(size, 'x'));
  Text every(256, '\0');
  std::iota(every.begin(), every.end(), '\0');
  log(there_and_back(every) == every);
}

CASE("pickle.dumps.none", "None, and what may be None") {
  using Maybe = std::optional<int>;
  log_back(Maybe(), List<Maybe>{{}}, List<Maybe>{1, {}, 2});
}

CASE("pickle.dumps.sequences", "lists and tuples, empty and in each other") {
  log_back(List<int>{}, List<int>{1}, List<int>{1, 2, 3}, List<Text>{"a", ""},
           List<List<int>>{{}, {1}, {2, 3}}, List<bool>{true, false, true});
  log_back(std::tuple(1, "a"s), std::tuple(1),
           std::tuple(std::pair(1, 2), "b"s, std::tuple(2.5, std::optional<int>())),
           List<std::pair<int, Text>>{{1, "a"}, {2, "b"}});
  List<int> numbers(100000);
  std::iota(numbers.begin(), numbers.end(), 0);
  log(there_and_back(numbers) == numbers);
}

CASE("pickle.dumps.sets-and-maps", "sets and dictionaries") {
  using Inner = std::map<Text, std::optional<int>>;
  log_back(std::set{1}, std::set{1, 2, 3}, std::set<int>(), std::map<Text, Text>(),
           std::map<int, Text>{{1, "a"}}, std::map<Text, List<int>>{{"a", {1, 2}}, {"b", {}}},
           std::map<Text, std::map<Text, Inner>>{{"a", {{"b", Inner{{"c", {}}}}}}});
}

namespace {

struct Point {
  int x;
  double y;
  bool operator==(const Point&) const = default;
};

struct Shape {
  Text name;
  List<Point> points;
  std::map<Text, int> extra;
};

template <class T>
void expect_same(const T& value) {
  EXPECT_TRUE(there_and_back(value) == value) << pickle::type_name<T>();
}

}  // namespace

CASE("pickle.dumps.containers", "what C++ holds its data in") {
  expect_same(std::array{1, 2, 3});
  expect_same(std::array<Text, 2>{"a", "b"});
  expect_same(std::array<int, 0>());
  expect_same(std::deque{1, 2, 3});
  expect_same(std::list<Text>{"a", "b"});
  expect_same(std::forward_list{1, 2, 3});
  expect_same(std::multiset{1, 1, 2});
  expect_same(std::multimap<int, Text>{{1, "a"}, {1, "b"}});
  expect_same(std::unordered_set{1, 2, 3});
  expect_same(std::unordered_multiset{1, 1, 2});
  expect_same(std::unordered_map<Text, int>{{"a", 1}, {"b", 2}});
  expect_same(std::unordered_multimap<int, int>{{1, 2}, {1, 3}});
  expect_same(std::pair(1, "a"s));
  using Variant = std::variant<int, Text, Point>;
  for (const Variant& value : {Variant(1), Variant("a"), Variant(Point{1, 2.5})})
    expect_same(value);
  expect_same(std::monostate());
  expect_same(std::bitset<70>("1010101"));
  expect_same(std::complex<double>(1.5, -2));
  expect_same(std::chrono::system_clock::time_point(12345678901234us));
  expect_same(u"wide \u20ac"s);
  expect_same(std::optional<std::optional<int>>(std::optional<int>()));
  const auto unique = there_and_back(std::make_unique<Text>("owned"));
  EXPECT_EQ(*unique, "owned");
  EXPECT_EQ(there_and_back(std::unique_ptr<int>()), nullptr);
}

namespace {

enum class Colour : unsigned char { RED = 1, BLUE = 200 };

}  // namespace

CASE("pickle.dumps.enumerations", "enumerators") {
  log(static_cast<int>(there_and_back(Colour::RED)), static_cast<int>(there_and_back(Colour::BLUE)),
      there_and_back(Colour::BLUE) == Colour::BLUE);
}

CASE("pickle.dumps.durations-and-paths", "durations and paths") {
  for (const std::chrono::duration<double> seconds : {0.0s, 1.5s, -0.000001s, 86400.0s})
    log(there_and_back(seconds).count());
  expect_same(std::chrono::nanoseconds(std::numeric_limits<std::int64_t>::min()));
  for (const std::filesystem::path path : {"/a/path", "relative", "."})
    log(there_and_back(path).string());
}

CASE("pickle.dumps.classes", "a class of plain members needs nothing") {
  const Point point = there_and_back(Point{1, 2.5});
  log(point.x, point.y);
  const Shape shape = there_and_back(Shape{"it's", {{1, 2.5}, {3, -0.5}}, {{"a", 1}}});
  List<std::pair<int, double>> points;
  for (const auto& [x, y] : shape.points) points.emplace_back(x, y);
  log(shape.name, points, shape.extra);
}

CASE("pickle.dumps.copies", "what comes back is another object") {
  const List<List<int>> value{{1, 2}, {3}};
  auto back = there_and_back(value);
  back[0].push_back(9);
  log(value, back);
}

// ---- what is shared

namespace {

struct Box {
  int value = 0;
  std::shared_ptr<Box> other{};
};
using BoxPtr = std::shared_ptr<Box>;

BoxPtr boxed(int value) { return std::make_shared<Box>(Box{value}); }

}  // namespace

CASE("pickle.dumps.shared", "an object that is met twice is one object afterwards") {
  const BoxPtr box = boxed(1);
  const auto back = there_and_back(List<BoxPtr>{box, box, boxed(1)});
  log(back[0] == back[1], back[0] == back[2]);
  back[1]->value = 2;
  log(back[0]->value, back[2]->value, box->value);
}

CASE("pickle.dumps.shared.twice", "but not beyond one pickle") {
  const BoxPtr box = boxed(1);
  log(there_and_back(box) == there_and_back(box), there_and_back(List<BoxPtr>{box})[0] == box);
}

CASE("pickle.dumps.shared.none", "None is nobody's") {
  const auto back = there_and_back(List<BoxPtr>{nullptr, nullptr});
  EXPECT_EQ(back, (List<BoxPtr>{nullptr, nullptr}));
  log("[None, None]", there_and_back(boxed(1))->other == nullptr ? "None" : "some");
}

CASE("pickle.dumps.shared.types", "nor is an object shared by pointers of two types") {
  const auto shape = std::make_shared<Point>(Point{1, 2});
  const std::shared_ptr<int> member(shape, &shape->x);
  const std::tuple both(shape, member);
  const std::string said = error_of([&] { there_and_back(both); });
  EXPECT_EQ(said, "PicklingError");
}

CASE("pickle.dumps.chain", "objects that refer to others") {
  BoxPtr first;
  for (int number = 0; number < 50; ++number) {
    BoxPtr box = boxed(number);
    box->other = std::exchange(first, box);
  }
  List<int> seen, expected(50);
  for (BoxPtr back = there_and_back(first); back; back = back->other) seen.push_back(back->value);
  std::iota(expected.rbegin(), expected.rend(), 0);
  log(seen == expected);
}

CASE("pickle.dumps.cycle", "and to themselves") {
  const BoxPtr one = boxed(1), other = boxed(2);
  one->other = other, other->other = one;
  const BoxPtr back = there_and_back(one);
  log(back->value, back->other->value, back->other->other == back);
  one->other = back->other->other = nullptr;  // nobody else collects the circles
}

namespace {

struct Nest {
  List<Nest> inside{};
};

Nest nested(int depth) {
  Nest nest;
  for (int count = 0; count < depth; ++count) {
    Nest outer;
    outer.inside.push_back(std::move(nest));
    nest = std::move(outer);
  }
  return nest;
}

int depth_of(const Nest& nest) { return nest.inside.empty() ? 0 : 1 + depth_of(nest.inside[0]); }

}  // namespace

CASE("pickle.dumps.too-deep", "as deep as the recursion goes, and no deeper") {
  log(depth_of(there_and_back(nested(100))));
  log(error_of([] { pickle::dumps(nested(5000)); }));
}

namespace {

struct Base {
  virtual ~Base() = default;
  int member = 1;
  std::tuple<> reduce() const { return {}; }
};
struct Derived : Base {};

// A variant that was to hold one has no value after it.
struct Fragile {
  explicit Fragile(bool breaks) {
    if (breaks) throw 1;
  }
  std::tuple<bool> reduce() const { return {false}; }
  Text text = "not trivial";
};

}  // namespace

CASE("pickle.dumps.valueless", "a value that is none that can be sent") {
  std::variant<Text, Fragile> variant;
  raised([&] { variant.emplace<Fragile>(true); });
  EXPECT_EQ(error_of([&] { pickle::dumps(variant); }), "PicklingError");
  const std::unique_ptr<Base> unique = std::make_unique<Derived>();
  EXPECT_EQ(error_of([&] { pickle::dumps(unique); }), "PicklingError");
  const std::shared_ptr<Base> shared = std::make_shared<Derived>();
  EXPECT_EQ(error_of([&] { pickle::dumps(List<std::shared_ptr<Base>>{shared}); }), "PicklingError");
  EXPECT_EQ(there_and_back(std::make_unique<Base>())->member, 1);
}

// ---- what is no pickle

namespace {

using Mixed = std::tuple<int, Text, List<int>, std::map<Text, double>, std::optional<bool>,
                         std::variant<int, Text>, std::shared_ptr<Point>>;

Mixed mixed() {
  return {1, "text", {2, 3}, {{"a", 4.5}}, true, "b", std::make_shared<Point>(Point{1, 2})};
}

}  // namespace

CASE("pickle.loads.empty", "nothing at all is EOFError") {
  log(raised([] { pickle::loads<List<int>>(""); }));
}

CASE("pickle.loads.truncated", "a pickle that ends too early is an error, wherever it ends") {
  const Text bytes = pickle::dumps(mixed());
  std::set<Text> names;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    names.insert(error_of([&] { pickle::loads<Mixed>(bytes.substr(0, size)); }));
  log(List<Text>(names.begin(), names.end()));
}

CASE("pickle.loads.trailing", "what follows it is ignored") {
  log(pickle::loads<List<int>>(pickle::dumps(List<int>{1, 2}) + "more"));
}

CASE("pickle.loads.type-checked", "a pickle is of its type only") {
  const Text said = raised([] { pickle::loads<List<Text>>(pickle::dumps(2.5)); });
  EXPECT_EQ(said.substr(0, said.find(':')), "UnpicklingError");
  EXPECT_NE(said.find("double"), said.npos) << said;
  EXPECT_NE(said.find("vector"), said.npos) << said;
  EXPECT_EQ(error_of([] { pickle::loads<unsigned>(pickle::dumps(1)); }), "UnpicklingError");
  EXPECT_EQ(error_of([] { pickle::loads<List<Text>>(pickle::dumps(List<int>{})); }),
            "UnpicklingError");
}

CASE("pickle.loads.hostile", "whatever a byte is changed to") {
  const Text bytes = pickle::dumps(mixed());
  int refused = 0, taken = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Text changed = bytes;
      changed[at] = static_cast<char>(value);
      const Text said = error_of([&] { pickle::loads<Mixed>(changed); });
      ++(said == "nothing" ? taken : refused);
      // No bad_alloc: nothing is made of a count that the bytes do not account for.
      EXPECT_TRUE(said == "nothing" || said == "UnpicklingError" || said == "EOFError")
          << said << " " << at << " " << value;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(taken, 1000);
}
