// Whatever bytes a pickle consists of, reading it gives a value or an exception: no crash, no hang,
// and no more memory than the bytes account for. What was read can be pickled again, and is then
// the same.
//
// The first byte says as what the others are read.
#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tandem/pickle.hpp>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace pickle = tandem::pickle;

namespace {

enum class Color : unsigned char { RED, GREEN };
struct Point {
  double x, y;
};
struct Mixed {
  bool flag;
  int numbers[3];
  std::string name;
  std::optional<Color> color;
  std::vector<Point> points;
};
struct Tree {
  std::uint16_t value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
};
struct Ring {
  char value = 0;
  std::shared_ptr<Ring> next;
  std::vector<std::shared_ptr<Ring>> others;
};
class Date {
 public:
  Date(int year, std::string day) : year_(year), day_(std::move(day)) {}
  std::tuple<int, std::string> reduce() const { return {year_, day_}; }

 private:
  int year_;
  std::string day_;
};
struct Serialized {
  std::map<std::string, std::vector<int>> members;
  std::unique_ptr<Serialized> inner;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(members, inner);
  }
};

unsigned add(unsigned a, unsigned b) { return a + b; }

using Values =
    std::tuple<bool, std::string, std::vector<int>, std::vector<bool>, std::vector<std::string>,
               std::vector<std::monostate>, std::list<std::u16string>, std::forward_list<int>,
               std::map<int, std::string>, std::set<std::string>, std::unordered_map<int, Color>,
               std::deque<std::tuple<char, bool>>, std::array<std::optional<bool>, 3>,
               std::variant<int, std::string, std::vector<bool>>, std::complex<double>,
               std::chrono::nanoseconds, std::filesystem::path, std::bitset<40>, Point, Mixed,
               std::vector<Mixed>, Tree, std::shared_ptr<Ring>, Date, std::vector<Date>, Serialized,
               std::exception_ptr, pickle::PortableCall, std::vector<pickle::Module>>;
constexpr std::size_t value_types = std::tuple_size_v<Values>;

using Bytes = std::span<const std::byte>;

std::string written(pickle::Output& output) {
  const auto bytes = output.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
template <class T>
std::string written(const T& value) {
  pickle::Output output;
  pickle::dump(output, value);
  return written(output);
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

// What contains itself keeps itself.
void take_apart(const std::shared_ptr<Ring>& ring) {
  if (!ring) return;
  const auto next = std::move(ring->next);
  const auto others = std::move(ring->others);
  take_apart(next);
  for (const auto& other : others) take_apart(other);
}

template <class T>
void read_as(Bytes bytes) {
  pickle::Input input(bytes);
  const T value = pickle::load<T>(input);
  const std::string again = written(value);
  pickle::Input second(again);
  const T copy = pickle::load<T>(second);
  require(second.left() == 0, "a pickle is read to its end");
  if constexpr (!requires { value.bucket_count(); })  // whose order is nobody's
    require(written(copy) == again, "what was read is what was written");
  if constexpr (std::is_same_v<T, std::shared_ptr<Ring>>) {
    take_apart(value);
    take_apart(copy);
  }
}

void call(Bytes bytes) {
  pickle::Input input(bytes);
  pickle::Output outcome;
  pickle::invoke(input, outcome);
  pickle::Input answer(outcome.bytes());
  pickle::decode_outcome<unsigned>(answer);
}

void read_outcome(Bytes bytes) {
  pickle::Input input(bytes);
  pickle::decode_outcome<std::vector<std::string>>(input);
}

template <std::size_t... I>
void read(std::size_t kind, Bytes bytes, std::index_sequence<I...>) {
  if (kind == value_types) return call(bytes);
  if (kind == value_types + 1) return read_outcome(bytes);
  ((kind == I ? read_as<std::tuple_element_t<I, Values>>(bytes) : void()), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    read(data[0] % (value_types + 2), std::as_bytes(std::span(data, size)).subspan(1),
         std::make_index_sequence<value_types>());
  } catch (const std::exception&) {         // what a RemoteError is of, too
  } catch (const tandem::BaseException&) {  // SystemExit may have been sent as well
  }
  return 0;
}

// Something of each kind, to begin with.
void write_seeds(void (*take)(const std::string& input)) {
  std::size_t kind = 0;
  const auto seed = [&](const std::string& bytes) {
    take(static_cast<char>(kind) + bytes);
    ++kind;
  };
  const auto mixed = [] { return Mixed{true, {1, 2, 3}, "name", Color::GREEN, {{1, 2}}}; };
  seed(written(true));
  seed(written(std::string("text")));
  seed(written(std::vector{1, 2, 3}));
  seed(written(std::vector{true, false}));
  seed(written(std::vector<std::string>{"a", ""}));
  seed(written(std::vector<std::monostate>(3)));
  seed(written(std::list<std::u16string>{u"x", u"yz"}));
  seed(written(std::forward_list<int>{1, 2}));
  seed(written(std::map<int, std::string>{{1, "x"}, {2, "y"}}));
  seed(written(std::set<std::string>{"a", "b"}));
  seed(written(std::unordered_map<int, Color>{{1, Color::GREEN}}));
  seed(written(std::deque<std::tuple<char, bool>>{{'x', true}}));
  seed(written(std::array<std::optional<bool>, 3>{true, std::nullopt, false}));
  seed(written(std::variant<int, std::string, std::vector<bool>>(std::vector{true})));
  seed(written(std::complex<double>(1, 2)));
  seed(written(std::chrono::nanoseconds(5)));
  seed(written(std::filesystem::path("/tmp")));
  seed(written(std::bitset<40>("101")));
  seed(written(Point{1, 2}));
  seed(written(mixed()));
  seed(written(std::vector{mixed(), mixed()}));
  Tree tree;
  tree.children.resize(2);
  tree.children[0].next = std::make_unique<Tree>();
  seed(written(tree));
  const auto ring = std::make_shared<Ring>();
  ring->next = std::make_shared<Ring>(Ring{'x', ring, {ring, nullptr}});
  seed(written(ring));
  take_apart(ring);
  seed(written(Date(2024, "monday")));
  seed(written(std::vector{Date(1, "a"), Date(2, "b")}));
  seed(written(Serialized{{{"a", {1}}}, std::make_unique<Serialized>()}));
  seed(written(std::make_exception_ptr(tandem::FileNotFoundError(2, "name"))));
  seed(written(pickle::PortableCall(tandem::call(tandem::fn<&add>, 1U, 2U))));
  seed(written(std::vector{pickle::Module{"/program", 1}}));
  pickle::Output made;
  pickle::encode_call(made, tandem::fn<&add>, 1U, 2U);
  seed(written(made));
  pickle::Output answer;
  answer.write_value(pickle::Outcome::EXCEPTION);
  pickle::encode_exception(std::make_exception_ptr(std::out_of_range("text")), answer);
  seed(written(answer));
}
