// Futures and thread pools against CPython.
#include "differential.hpp"

namespace tandem::conformance {
namespace {

using rc::gen::element;
using rc::gen::weightedOneOf;

constexpr Counts operations{"operations", 10'000, 1'000'000};
// A pool is made for each program, in both: these are slower.
constexpr Counts pool_operations{"operations", 4'000, 200'000};

rc::Gen<Json> index() { return number_below(8); }
rc::Gen<Json> indices() {
  return rc::gen::map(
      rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<Json>>(index()))),
      [](const std::vector<Json>& some) { return Json(some); });
}
rc::Gen<Json> one_of(std::vector<Json> values) { return rc::gen::elementOf(std::move(values)); }

rc::Gen<Json> on_a_future(const char* name) { return array_of(always(name), index()); }

rc::Gen<Json> on_several() {
  const auto return_when =
      rc::gen::map(element<std::string>("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"),
                   [](const std::string& when) {
                     return Json::object({{"return_when", when}});
                   });
  return weightedOneOf<Json>({{2, array_of(always("wait"), indices(), return_when)},
                              {1, array_of(always("as_completed"), indices())}});
}

rc::Gen<Json> observation() {
  return weightedOneOf<Json>({{1, on_a_future("cancelled")},
                              {1, on_a_future("running")},
                              {1, on_a_future("done")},
                              {1, on_a_future("result")},
                              {1, on_a_future("exception")},
                              {3, on_several()}});
}

rc::Gen<Json> change_of_a_future() {
  const auto set_exception =
      array_of(always("set_exception"), index(),
               one_of({"ValueError", "RuntimeError", "KeyboardInterrupt"}), one_of({"", "text"}));
  const auto callback = array_of(always("add_done_callback"), index(), one_of({"a", "b", "c"}));
  const auto raising =
      array_of(always("add_done_callback"), index(), one_of({"d", "e"}), always("raise"));
  return weightedOneOf<Json>({{2, on_a_future("set_running_or_notify_cancel")},
                              {1, on_a_future("cancel")},
                              {1, array_of(always("set_result"), index(), number_below(10))},
                              {1, set_exception},
                              {2, callback},
                              {1, raising}});
}

TEST(FutureAgainstCPython, ObservesTheSame) {
  const auto head = rc::gen::map(rc::gen::inRange(1, 5), [](int n) {
    return Json::object({{"futures", n}});
  });
  const auto operation = weightedOneOf<Json>(
      {{6, change_of_a_future()}, {5, observation()}, {1, on_a_future("repr")}});
  check_against_cpython("future", program_of(head, operation), operations);
}

rc::Gen<Json> submit() {
  const auto submit = always("submit");
  const auto number = number_below(100);
  return weightedOneOf<Json>({{2, array_of(submit, always("value"), number)},
                              {1, array_of(submit, always("raise"), one_of({"", "text"}))},
                              {1, array_of(submit, always("add"), number, number)}});
}

rc::Gen<Json> map() {
  const auto numbers = rc::gen::map(
      rc::gen::resize(5, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10))),
      [](const std::vector<int>& some) { return Json(some); });
  const auto options = rc::gen::map(rc::gen::inRange(1, 4), [](int size) {
    return Json::object({{"chunksize", size}});
  });
  const auto map = always("map");
  return weightedOneOf<Json>({{1, array_of(map, always("double"), numbers)},
                              {2, array_of(map, always("fail-odd"), numbers, options)},
                              {1, array_of(map, always("add"), numbers, numbers, options)}});
}

rc::Gen<Json> shutdown() {
  const ReferenceRunner* reference = ReferenceRunner::find();
  const bool cancels = reference && reference->has_feature("executor.cancel_futures");
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>()),
                      [cancels](const auto& both) {
                        Json options = Json::object({{"wait", both.first}});
                        if (cancels) options["cancel_futures"] = both.second;
                        return Json::array({"shutdown", options});
                      });
}

TEST(ExecutorAgainstCPython, ObservesTheSame) {
  const auto head = rc::gen::map(
      rc::gen::pair(element(1, 2, 2, 3, 4, 0),
                    rc::gen::weightedElement<std::string>({{9, "none"}, {1, "raise"}})),
      [](const auto& both) {
        return Json::object({{"workers", both.first}, {"initializer", both.second}});
      });
  const auto operation = weightedOneOf<Json>({{16, submit()},
                                              {6, on_a_future("cancel")},
                                              {4, always(Json::array({"close_gate"}))},
                                              {3, always(Json::array({"open_gate"}))},
                                              {4, map()},
                                              {16, observation()},
                                              {1, shutdown()}});
  check_against_cpython("executor", program_of(head, operation), pool_operations);
}

}  // namespace
}  // namespace tandem::conformance
