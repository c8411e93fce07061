// shlex.* against CPython: 1e6 operations in a soak.
#include <algorithm>
#include <string>
#include <tandem/shlex.hpp>
#include <vector>

#include "differential.hpp"

namespace tandem::conformance {
namespace {

using rc::gen::weightedOneOf;

constexpr Counts operations{"operations", 10'000, 1'000'000};
constexpr Counts words{"words", 10'000, 1'000'000};

// All bytes but zero, those more often that have a meaning.
rc::Gen<char> byte() {
  const auto any =
      rc::gen::map(rc::gen::inRange(1, 256), [](int code) { return static_cast<char>(code); });
  return weightedOneOf<char>({{4, rc::gen::elementOf(std::string(" \t\r\n'\"\\#"))},
                              {3, rc::gen::elementOf(std::string("abZ09_@%-+=:,./"))},
                              {1, any}});
}
rc::Gen<std::string> bytes() { return rc::gen::container<std::string>(byte()); }

rc::Gen<Json> text() { return text_of(byte()); }
rc::Gen<Json> texts() {
  return rc::gen::map(rc::gen::resize(6, rc::gen::container<std::vector<Json>>(text())),
                      [](std::vector<Json> some) { return Json(std::move(some)); });
}

rc::Gen<Json> split_options() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>()),
      [](const auto& parts) {
        return Json{{"comments", std::get<0>(parts)}, {"posix", std::get<1>(parts)}};
      });
}

TEST(ShlexAgainstCPython, ObservesTheSame) {
  const auto operation =
      weightedOneOf<Json>({{1, array_of(always("quote"), text())},
                           {1, array_of(always("join"), texts())},
                           {2, array_of(always("split"), text())},
                           {4, array_of(always("split"), text(), split_options())},
                           {2, array_of(always("split_joined"), texts())}});
  check_against_cpython("shlex", program_of(always(Json::object()), operation), operations);
}

TEST(Shlex, SplitsWhatItJoined) {
  Tally tally(words);
  while (!tally.is_enough()) {
    const auto property = [&] {
      const auto made = *rc::gen::container<std::vector<std::string>>(bytes());
      tally.add(std::max<std::size_t>(made.size(), 1));
      RC_ASSERT(shlex::split(shlex::join(made)) == made);
    };
    if (!check_cases(property, tally.seed() + tally.missing(), 100, 40)) break;
  }
}

}  // namespace
}  // namespace tandem::conformance
