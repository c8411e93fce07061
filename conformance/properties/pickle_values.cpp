// Random values come back as they were, whatever they consist of; and of a part of their bytes none
// does.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tandem/pickle.hpp>
#include <tuple>
#include <variant>
#include <vector>

#include "property.hpp"

namespace tandem::conformance {
namespace {

constexpr Counts values{"values", 500, 200'000};

struct Item {
  std::int64_t number;
  std::string name;
  std::optional<bool> flag;
  std::pair<std::int16_t, char> code;
  bool operator==(const Item&) const = default;
};

// Python's lists, dictionaries, strings, …: in each other, as deep as it goes.
struct Value;
using List = std::vector<Value>;
using Dict = std::map<std::string, Value>;
struct Value {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<Item>, List,
               Dict>
      held;
  std::set<std::uint8_t> marks;
  bool operator==(const Value&) const = default;
};

// However small the case is meant to be.
std::size_t below(std::size_t bound) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, bound));
}

Item random_item() {
  Item item{*rc::gen::arbitrary<std::int64_t>(), *rc::gen::string<std::string>(), {}, {}};
  if (below(2) == 0) item.flag = below(2) == 0;
  item.code = {*rc::gen::arbitrary<std::int16_t>(), *rc::gen::arbitrary<char>()};
  return item;
}

Value random_value(std::size_t depth) {
  Value value;
  switch (below(depth == 0 ? 6 : 8)) {
    case 0:
      break;
    case 1:
      value.held = below(2) == 0;
      break;
    case 2:
      value.held = *rc::gen::arbitrary<std::int64_t>();
      break;
    case 3:
      value.held = *rc::gen::arbitrary<double>();
      break;
    case 4:
      // Some are long: their count takes more than a byte, and they are not copied where they need
      // not be.
      value.held = std::string(below(20) == 0 ? 20'000 : below(300), *rc::gen::arbitrary<char>());
      break;
    case 5: {
      std::vector<Item> items(below(4));
      std::ranges::generate(items, random_item);
      value.held = std::move(items);
      break;
    }
    case 6: {
      List list(below(4));
      std::ranges::generate(list, [=] { return random_value(depth - 1); });
      value.held = std::move(list);
      break;
    }
    default: {
      Dict dict;
      for (std::size_t left = below(4); left != 0; --left)
        dict.emplace(*rc::gen::string<std::string>(), random_value(depth - 1));
      value.held = std::move(dict);
    }
  }
  for (std::size_t left = below(3); left != 0; --left)
    value.marks.insert(static_cast<std::uint8_t>(below(256)));
  return value;
}

// The same bytes, however they were collected.
std::string in_pieces(const Value& value) {
  pickle::Output output;
  output.borrows(true);
  pickle::dump_message(output, value);
  std::string whole;
  for (const auto piece : output.pieces())
    whole.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  return whole;
}

bool is_refused(const std::string& bytes) {
  try {
    pickle::loads<Value>(bytes);
    return false;
  } catch (const pickle::UnpicklingError&) {
    return true;
  } catch (const EOFError&) {
    return bytes.empty();
  }
}

TEST(PickledValues, ComeBack) {
  Tally tally(values);
  const auto property = [] {
    const Value value = random_value(4);
    const std::string bytes = pickle::dumps(value);
    RC_ASSERT(pickle::loads<Value>(bytes) == value);
    RC_ASSERT(in_pieces(value) == bytes);
    RC_ASSERT(is_refused(bytes.substr(0, below(bytes.size()))));
  };
  if (check_cases(property, tally.seed(), tally.wanted(), 50)) tally.add(tally.wanted());
}

// Pointers into a row of objects, the same ones more than once: they are so afterwards.
TEST(PickledPointers, LeadToTheSameObjects) {
  Tally tally(values);
  const auto property = [] {
    std::vector<std::shared_ptr<std::string>> objects(1 + below(5));
    for (auto& object : objects)
      object = std::make_shared<std::string>(*rc::gen::string<std::string>());
    std::vector<std::shared_ptr<std::string>> pointers(below(10));
    for (auto& pointer : pointers)
      if (below(8) != 0) pointer = objects[below(objects.size())];
    const auto copies = pickle::loads<decltype(pointers)>(pickle::dumps(pointers));
    RC_ASSERT(copies.size() == pointers.size());
    for (std::size_t i = 0; i < copies.size(); ++i) {
      RC_ASSERT((copies[i] == nullptr) == (pointers[i] == nullptr));
      RC_ASSERT((!copies[i] || *copies[i] == *pointers[i]));
      for (std::size_t j = 0; j < i; ++j)
        RC_ASSERT((copies[i] == copies[j]) == (pointers[i] == pointers[j]));
    }
  };
  if (check_cases(property, tally.seed(), tally.wanted(), 30)) tally.add(tally.wanted());
}

}  // namespace
}  // namespace tandem::conformance
