// Text mode of a child's streams against CPython's: 4e4 children in a soak.
#include <string>
#include <vector>

#include "differential.hpp"

namespace tandem::conformance {
namespace {

using rc::gen::element;
using rc::gen::weightedOneOf;

constexpr Counts children{"children", 400, 40'000};

// Bytes, a character each: newlines of all kinds, characters, and what is no UTF-8.
rc::Gen<Json> mix() {
  const auto piece = element<std::string>(
      "\n", "\r\n", "\r", "a", "bc", "\u00c3\u00a9", "\u00e2\u0082\u00ac",
      "\u00f0\u009f\u0098\u0080", "\u00ff", "\u0080", "\u00c3", "\u00e2\u0082",
      "\u00ed\u00a0\u0080", "\u00f4\u0090\u0080\u0080", "\u00f0\u009f", "\u00c0\u0080");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string whole;
                        for (const std::string& each : pieces) whole += each;
                        return Json(whole);
                      });
}

rc::Gen<Json> steps() {
  const auto step = element<Json>(0, 1, 2, 5, "line", "lines", -1);
  return rc::gen::map(
      rc::gen::resize(5, rc::gen::nonEmpty(rc::gen::container<std::vector<Json>>(step))),
      [](std::vector<Json> some) { return Json(std::move(some)); });
}

rc::Gen<Json> head() {
  return rc::gen::map(
      rc::gen::tuple(element<std::string>("utf-8", "utf-8", "ascii", "latin-1"),
                     element<std::string>("strict", "ignore", "replace", "backslashreplace",
                                          "surrogateescape")),
      [](const auto& parts) {
        return Json{{"encoding", std::get<0>(parts)}, {"errors", std::get<1>(parts)}};
      });
}

TEST(TextAgainstCPython, ObservesTheSame) {
  const auto operation = weightedOneOf<Json>(
      {{3, array_of(always("read"), mix(), steps())}, {1, array_of(always("write"), mix())}});
  check_against_cpython("text", program_of(head(), operation), children);
}

}  // namespace
}  // namespace tandem::conformance
