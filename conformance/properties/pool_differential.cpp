// Pools against CPython's: random mixes of calls, in chunks of any size, some of which fail; 1e4
// programs in a soak.
#include <string>
#include <vector>

#include "differential.hpp"

namespace tandem::conformance {
namespace {

using rc::gen::element;
using rc::gen::inRange;
using rc::gen::weightedOneOf;

constexpr Counts pools{"pools", 100, 10'000};

rc::Gen<Json> number(int from, int to) {
  return rc::gen::map(inRange(from, to), [](int some) { return Json(some); });
}

rc::Gen<Json> list_of(rc::Gen<Json> part) {
  return rc::gen::map(rc::gen::resize(20, rc::gen::container<std::vector<Json>>(std::move(part))),
                      [](std::vector<Json> some) { return Json(std::move(some)); });
}

rc::Gen<Json> chunked() {
  return rc::gen::map(inRange(0, 9), [](int size) {
    return size == 0 ? Json::object() : Json{{"chunksize", size}};
  });
}

TEST(PoolsAgainstCPython, ObserveTheSame) {
  const auto name = rc::gen::map(element<std::string>("double", "fail-odd"),
                                 [](std::string which) { return Json(std::move(which)); });
  // Odd ones are rare enough for whole lists without any.
  const auto item = weightedOneOf<Json>(
      {{9, rc::gen::map(inRange(-50, 50), [](int half) { return Json(2 * half); })},
       {1, number(-100, 100)}});
  const auto operation = weightedOneOf<Json>({
      {3, array_of(always("apply"), name, item)},
      {3, array_of(always("apply_async"), name, list_of(item))},
      {6, array_of(always("map"), name, list_of(item), chunked())},
      {3, array_of(always("map_async"), name, list_of(item), chunked())},
      {3, array_of(always("starmap"), list_of(array_of(item, item)), chunked())},
      {5, array_of(always("imap"), name, list_of(item), chunked())},
      {3, array_of(always("imap_unordered"), list_of(item), chunked())},
      {1, array_of(always("close"))},
      {1, array_of(always("terminate"))},
  });
  const auto setup = rc::gen::map(rc::gen::pair(inRange(1, 4), inRange(0, 4)), [](const auto& of) {
    return Json{{"processes", of.first},
                {"maxtasksperchild", of.second == 0 ? Json() : Json(of.second)}};
  });
  check_against_cpython("pool", program_of(setup, operation), pools);
}

}  // namespace
}  // namespace tandem::conformance
