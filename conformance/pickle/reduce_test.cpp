// How classes say how they are pickled.
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "conformance/pickle/support.hpp"

using namespace tandem::conformance;

namespace {

template <class T>
using List = std::vector<T>;
using Text = std::string;

// The constructor makes it again.
class Date {
 public:
  static inline int made = 0;

  Date(int year, int day) : year_(year), day_(day) { ++made; }
  std::tuple<int, int> reduce() const { return {year_, day_}; }
  friend Text to_string(const Date& date) {
    return std::to_string(date.year_) + "/" + std::to_string(date.day_);
  }

 private:
  int year_, day_;
};

// A function makes it again, of something else.
struct Parsed {
  int year = 0, day = 0;
  explicit Parsed(int y, int d) : year(y), day(d) {}
};

// It fills in what it holds.
class Counter {
 public:
  int count = 0;
  Text cache = "None";

  template <class Archive>
  void save(Archive& archive) const {
    archive(count);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(count);
    cache = "filled again";
  }
};

struct Refusing {
  int member = 1;
  explicit Refusing(int number) : member(number) {}
  std::tuple<int> reduce() const { throw tandem::ValueError("not me"); }
};

struct RefusedLater {
  explicit RefusedLater(bool) {}
  explicit RefusedLater(int number) { throw tandem::ValueError("not " + std::to_string(number)); }
  std::tuple<int> reduce() const { return {5}; }
};

class Shared {
 public:
  explicit Shared(int value) : value_(value) {}
  int value() const { return value_; }
  std::tuple<int> reduce() const { return {value_}; }

 private:
  int value_;
};

}  // namespace

template <>
struct tandem::pickle::reduce<Parsed> {
  static Text dump(const Parsed& date) {
    return std::to_string(date.year) + "/" + std::to_string(date.day);
  }
  static Parsed load(const Text& text) {
    const auto slash = text.find('/');
    return Parsed(std::stoi(text.substr(0, slash)), std::stoi(text.substr(slash + 1)));
  }
};

CASE("pickle.reduce.constructor", "a class says of what it is made") {
  const Date date(2024, 60);
  const Date back = there_and_back(date);
  log(to_string(back), Date::made);
}

CASE("pickle.reduce.inside", "also where it stands in something") {
  const auto back =
      there_and_back(std::map<Text, List<Date>>{{"a", {Date(1, 2), Date(3, 4)}}, {"b", {}}});
  std::map<Text, List<Text>> texts;
  for (const auto& [key, dates] : back)
    for (texts[key]; const Date& date : dates) texts[key].push_back(to_string(date));
  log(texts);
}

CASE("pickle.reduce.function", "or by which function") {
  const Parsed back = there_and_back(Parsed(5, 6));
  log(std::to_string(back.year) + "/" + std::to_string(back.day));
}

CASE("pickle.reduce.state", "or what it holds") {
  Counter counter;
  counter.count = 7, counter.cache = "large";
  const Counter back = there_and_back(counter);
  log(back.count, back.cache, counter.cache);
}

namespace {

struct Member {
  int x = 0;
  Text s{};
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x, s);
  }
  bool operator==(const Member&) const = default;
};

struct Boost {
  int x = 0, y = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& x& y;
  }
  bool operator==(const Boost&) const = default;
};

struct Free {
  explicit Free(int value = 0) : x(value) {}
  int x;
  bool operator==(const Free&) const = default;
};
template <class Archive>
void serialize(Archive& archive, Free& object) {
  archive(object.x);
}

struct FreePair {
  explicit FreePair(int value = 0) : x(value) {}
  int x;
  bool operator==(const FreePair&) const = default;
};
template <class Archive>
void save(Archive& archive, const FreePair& object) {
  archive(object.x + 1);
}
template <class Archive>
void load(Archive& archive, FreePair& object) {
  archive(object.x);
  --object.x;
}

struct Inherited : Member {
  double z = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    Member::serialize(archive);
    archive(z);
  }
  bool operator==(const Inherited&) const = default;
};

class Private {
 public:
  static Private of(int x) { return Private(x); }
  int x() const { return x_; }

 private:
  friend class pickle::access;
  Private() = default;
  explicit Private(int x) : x_(x) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive& x_;
  }
  int x_ = 0;
};

class PrivateReduce {
 public:
  static PrivateReduce of(int x) { return PrivateReduce(x); }
  int x() const { return x_; }

 private:
  friend class pickle::access;
  explicit PrivateReduce(int x) : x_(x) {}
  std::tuple<int> reduce() const { return {x_}; }
  int x_;
};

template <class T>
void expect_same(const T& value) {
  EXPECT_TRUE(there_and_back(value) == value) << pickle::type_name<T>();
  EXPECT_TRUE(there_and_back(List<T>{value, value}) == (List<T>{value, value}));
}

}  // namespace

CASE("pickle.reduce.serialize", "or names its members for both ways") {
  EXPECT_EQ(there_and_back(Member{5, "text"}), (Member{5, "text"}));
  expect_same(Member{5, "text"});
  expect_same(Boost{5, 6});
  expect_same(Free(5));
  expect_same(FreePair(5));
  Inherited inherited;
  inherited.x = 1, inherited.s = "base", inherited.z = 2.5;
  expect_same(inherited);
}

CASE("pickle.reduce.private", "privately, if it likes") {
  EXPECT_EQ(there_and_back(Private::of(5)).x(), 5);
  EXPECT_EQ(there_and_back(PrivateReduce::of(6)).x(), 6);
}

CASE("pickle.reduce.raises", "what it raises is what dumps() raises") {
  log(raised([] { pickle::dumps(Refusing(1)); }));
  log(raised([] { pickle::dumps(std::pair(1, List<Refusing>{Refusing(2)})); }));
  log(there_and_back(List<int>{1, 2}));
}

CASE("pickle.reduce.raises-later", "and the same for loads()") {
  const Text bytes = pickle::dumps(List<RefusedLater>{RefusedLater(true)});
  log(raised([&] { pickle::loads<List<RefusedLater>>(bytes); }));
}

CASE("pickle.reduce.shared", "one that is met twice is one afterwards") {
  using Pointer = std::shared_ptr<Shared>;
  const auto shared = std::make_shared<Shared>(1);
  const auto back = there_and_back(List<Pointer>{shared, shared, std::make_shared<Shared>(1)});
  log(back[0] == back[1], back[0] == back[2], back[0]->value());
}

namespace {

class Silent {  // says nothing, shows nothing
 public:
  explicit Silent(int x) : x_(x) {}
  int x() const { return x_; }

 private:
  int x_;
};
struct HasSilent {
  int x;
  Silent silent;
};
struct HasPointer {
  int* pointer;
};
struct HasReference {
  int& reference;
};

template <class... T>
constexpr bool none = (!pickle::Portable<T> && ...);
template <class... T>
constexpr bool all = (pickle::Portable<T> && ...);

}  // namespace

CASE("pickle.reduce.unsaid", "and is none that can be pickled where it says nothing") {
  static_assert(
      none<Silent, HasSilent, List<Silent>, std::map<int, Silent>, std::tuple<int, Silent>>);
  static_assert(none<int*, const char*, void*, HasPointer, HasReference, List<int*>>);
  static_assert(none<std::string_view, std::span<int>, std::reference_wrapper<int>, std::thread>);
  static_assert(none<std::function<void()>, std::weak_ptr<int>, std::ostream, void>);
  static_assert(all<int, Text, List<Text>, Date, Parsed, Counter, Member, Boost, Free, FreePair,
                    Private, PrivateReduce, std::shared_ptr<Date>>);
}
