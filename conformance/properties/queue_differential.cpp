// queue.* against CPython: 1e6 operations for each class in a soak.
#include "differential.hpp"

namespace tandem::conformance {
namespace {

using rc::gen::element;
using rc::gen::weightedOneOf;

constexpr Counts operations{"operations", 10'000, 1'000'000};

bool reference_has_shutdown() {
  const ReferenceRunner* reference = ReferenceRunner::find();
  return reference && reference->has_feature("queue.shutdown");
}

rc::Gen<Json> item_of(const std::string& kind) {
  return kind == "priority" ? array_of(number_below(5), number_below(100)) : number_below(100);
}

// With and without options; of the former those that do not wait, or hardly.
rc::Gen<Json> blocking(const Json& operation, const rc::Gen<Json>& arguments) {
  const Json no_wait = Json::object({{"block", false}});
  const Json poll = Json::object({{"timeout", 0}}), brief = Json::object({{"timeout", 0.0001}});
  const Json negative = Json::object({{"timeout", -1}});
  const Json both = Json::object({{"block", false}, {"timeout", -1}});
  const auto options = weightedOneOf<Json>({{4, always(nullptr)},
                                            {4, always(no_wait)},
                                            {2, always(poll)},
                                            {1, always(brief)},
                                            {1, always(negative)},
                                            {1, always(both)}});
  return rc::gen::map(rc::gen::tuple(arguments, options), [operation](auto parts) {
    auto [argument, option] = std::move(parts);
    Json whole = Json::array({operation});
    if (!argument.is_null()) whole.push_back(std::move(argument));
    if (!option.is_null()) whole.push_back(std::move(option));
    return whole;
  });
}

rc::Gen<Json> plain(const char* name) { return always(Json::array({name})); }

rc::Gen<Json> operation_of(const std::string& kind) {
  const auto item = item_of(kind);
  auto common = weightedOneOf<Json>({{6, blocking("put", item)},
                                     {5, blocking("get", always(nullptr))},
                                     {2, array_of(always("put_nowait"), item)},
                                     {2, plain("get_nowait")},
                                     {2, plain("qsize")},
                                     {1, plain("empty")}});
  if (kind == "simple") return common;
  auto bounded = weightedOneOf<Json>({{6, plain("task_done")},
                                      {3, plain("full")},
                                      {3, plain("join")},
                                      {1, array_of(always("maxsize"), number_below(5))}});
  if (!reference_has_shutdown()) return weightedOneOf<Json>({{18, common}, {5, bounded}});
  auto shutdown = rc::gen::map(rc::gen::arbitrary<bool>(), [](bool immediate) {
    return Json::array({"shutdown", immediate});
  });
  return weightedOneOf<Json>({{50, common}, {15, bounded}, {1, shutdown}});
}

rc::Gen<Json> head_of(const std::string& kind) {
  return rc::gen::map(
      rc::gen::tuple(element(0, 1, 2, 3, 5, -1), element<std::string>("whole", "first")),
      [kind](const auto& parts) {
        Json head = Json::object({{"class", kind}, {"maxsize", std::get<0>(parts)}});
        if (kind == "priority") head["order"] = std::get<1>(parts);
        return head;
      });
}

class QueueAgainstCPython : public testing::TestWithParam<const char*> {};

TEST_P(QueueAgainstCPython, ObservesTheSame) {
  const std::string kind = GetParam();
  check_against_cpython("queue", program_of(head_of(kind), operation_of(kind)), operations);
}

INSTANTIATE_TEST_SUITE_P(Queues, QueueAgainstCPython,
                         testing::Values("queue", "lifo", "priority", "simple"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace tandem::conformance
