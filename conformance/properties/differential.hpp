// We and CPython run the same random programs and must observe the same.
#pragma once
#include <rapidcheck.h>

#include <nlohmann/json.hpp>
#include <string>

#include "property.hpp"
#include "reference_runner.hpp"

namespace tandem::conformance {

using Json = nlohmann::json;

// Fails the running test when the two differ, or skips it when there is no CPython. First come the
// programs of regressions/<kind>-*.json.
//   program   made by RapidCheck; must avoid the features that the reference lacks
//   counts    of "programs", else of their operations, whatever those are called
void check_against_cpython(const std::string& kind, const rc::Gen<Json>& program,
                           const Counts& counts);

// Small numbers for generators.
rc::Gen<Json> number_below(int limit);
// An array of those values.
template <class... G>
rc::Gen<Json> array_of(G... parts) {
  return rc::gen::map(rc::gen::tuple(std::move(parts)...), [](auto values) {
    return std::apply([](auto... value) { return Json::array({Json(std::move(value))...}); },
                      std::move(values));
  });
}
rc::Gen<Json> always(Json value);
// Bytes as programs have them: a character for each.
rc::Gen<Json> text_of(rc::Gen<char> byte);
// `operations` between 1 and `most` of them, beside the members of `head`.
rc::Gen<Json> program_of(rc::Gen<Json> head, rc::Gen<Json> operation, int most = 40);

}  // namespace tandem::conformance
