#include "tandem/pickle/reduce.hpp"

#include <gtest/gtest.h>

#include "tandem/pickle/dumps.hpp"

namespace tandem::pickle {
namespace {

class Date {  // as a specialisation says
 public:
  Date(int year, int day) : year_(year), day_(day) {}
  int year() const { return year_; }
  int day() const { return day_; }
  bool operator==(const Date&) const = default;

 private:
  int year_, day_;
};

}  // namespace

template <>
struct reduce<Date> {
  static std::tuple<int, int> dump(const Date& date) { return {date.year(), date.day()}; }
  static Date load(int year, int day) { return Date(year, day); }
};

namespace {

class Money {  // as its member says
 public:
  explicit Money(long cents) : cents_(cents) {}
  long reduce() const { return cents_; }
  bool operator==(const Money&) const = default;

 private:
  long cents_;
};

class Private {
 public:
  static Private of(int x) { return Private(x); }
  bool operator==(const Private&) const = default;

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

struct Versioned {  // as for Boost
  int x = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& x;
  }
  bool operator==(const Versioned&) const = default;
};

struct Split {
  explicit Split(int value = 0) : x(value) {}
  template <class Archive>
  void save(Archive& archive) const {
    archive(x + 1);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(x);
    --x;
  }
  bool operator==(const Split&) const = default;
  int x;
};

struct Free {
  explicit Free(int value = 0) : x(value) {}
  bool operator==(const Free&) const = default;
  int x;
};
template <class Archive>
void serialize(Archive& archive, Free& object) {
  archive(object.x);
}

template <class T>
struct Named {  // cereal's NameValuePair
  const char* name;
  T& value;
};
struct WithNames {
  int x = 0;
  std::string s;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(Named<int>{"x", x}, Named<std::string>{"s", s});
  }
  bool operator==(const WithNames&) const = default;
};

class Whole {  // for what is more than values
 public:
  explicit Whole(int x) : x_(x) {}
  void pickle(Output& output) const { dump(output, x_); }
  static Whole unpickle(Input& input) { return Whole(pickle::load<int>(input)); }
  bool operator==(const Whole&) const = default;

 private:
  int x_;
};

struct Pinned {
  std::vector<Date> dates;
  std::unique_ptr<Whole> whole;
};

TEST(Reduce, RebuildsClasses) {
  EXPECT_EQ(loads<Date>(dumps(Date(2024, 7))), Date(2024, 7));
  EXPECT_EQ(loads<Money>(dumps(Money(5))), Money(5));
  EXPECT_EQ(loads<Private>(dumps(Private::of(5))), Private::of(5));
  EXPECT_EQ(loads<Versioned>(dumps(Versioned{5})), Versioned{5});
  EXPECT_EQ(loads<Split>(dumps(Split(5))), Split(5));
  EXPECT_EQ(loads<Free>(dumps(Free(5))), Free(5));
  EXPECT_EQ(loads<WithNames>(dumps(WithNames{5, "s"})), (WithNames{5, "s"}));
  EXPECT_EQ(loads<Whole>(dumps(Whole(5))), Whole(5));
}

TEST(Reduce, GoesIntoOthers) {
  EXPECT_EQ(loads<std::vector<Date>>(dumps(std::vector{Date(1, 2)})).at(0), Date(1, 2));
  const auto copy = loads<Pinned>(dumps(Pinned{{Date(3, 4)}, std::make_unique<Whole>(7)}));
  EXPECT_EQ(copy.dates.at(0), Date(3, 4));
  EXPECT_EQ(*copy.whole, Whole(7));
}

class Opaque {
 public:
  explicit Opaque(int* where) : where_(where) {}
  int* where() const { return where_; }

 private:
  int* where_;
};
struct Inherited : std::vector<int> {
  using std::vector<int>::vector;
  std::string more;
};
union Either {
  int i;
  float f;
};
static_assert(!Portable<Opaque> && !Portable<Inherited> && !Portable<Either>);
static_assert(!Portable<int*> && !Portable<const char*> && !Portable<std::string_view>);
static_assert(!Portable<std::vector<std::string_view>> && !Portable<std::optional<int*>>);
static_assert(!Portable<std::unique_ptr<int[]>> && !Portable<std::reference_wrapper<int>>);

}  // namespace
}  // namespace tandem::pickle
