#include "differential.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

constexpr int sizes = 40;  // programs grow within so many

std::string difference(const Json& program, const Json& ours, const Json& theirs) {
  std::string text;
  const Json& operations = program.at("operations");
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    const Json we = i < ours.size() ? ours[i] : Json("nothing");
    const Json they = i < theirs.size() ? theirs[i] : Json("nothing");
    text += (we == they ? "    " : "  ! ");
    text += i < operations.size() ? operations[i].dump() : std::string("(at the end)");
    text += "  ->  " + we.dump() + (we == they ? "" : "  CPython: " + they.dump()) + "\n";
  }
  return text;
}

bool replay(const std::string& kind, ReferenceRunner& reference) {
  bool same = true;
  for (const auto& entry : std::filesystem::directory_iterator(TANDEM_REGRESSIONS)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kind + "-", 0) != 0 || entry.path().extension() != ".json") continue;
    const Json file = Json::parse(std::ifstream(entry.path()));
    const auto needs = file.value("features", std::vector<std::string>{});
    const auto lacking = [&](const auto& feature) { return !reference.has_feature(feature); };
    if (std::any_of(needs.begin(), needs.end(), lacking)) continue;
    const Json& program = file.at("program");
    const Json ours = run_program(kind, program), theirs = reference.run(kind, program);
    EXPECT_EQ(ours, theirs) << name << "\n" << difference(program, ours, theirs);
    same = same && ours == theirs;
  }
  return same;
}

}  // namespace

void check_against_cpython(const std::string& kind, const rc::Gen<Json>& program,
                           const Counts& counts) {
  ReferenceRunner* reference = ReferenceRunner::find();
  if (!reference) GTEST_SKIP() << "no python3 of version 3.8 or later";
  if (!replay(kind, *reference)) return;
  Tally tally(counts);
  const bool counts_programs = std::string_view(counts.what) == "programs";
  std::uint64_t seed = tally.seed();
  std::string first;  // as it was seen before shrinking, should it not come back
  while (!tally.is_enough()) {
    const auto compare = [&] {
      const Json made = *program;
      const Json ours = run_program(kind, made), theirs = reference->run(kind, made);
      tally.add(counts_programs ? 1 : made.at("operations").size());
      if (ours == theirs) return;
      const std::string seen = made.dump() + "\n" + difference(made, ours, theirs);
      if (first.empty()) first = seen;
      RC_FAIL(seen);
    };
    const std::uint64_t missing = tally.missing() / (counts_programs ? 1 : 20);
    const std::uint64_t cases = std::clamp<std::uint64_t>(missing, 1, 100'000);
    if (!check_cases(compare, seed++, cases, sizes)) break;
  }
  EXPECT_EQ(first, "");
}

rc::Gen<Json> number_below(int limit) {
  return rc::gen::map(rc::gen::inRange(0, limit), [](int n) { return Json(n); });
}

rc::Gen<Json> always(Json value) { return rc::gen::just(std::move(value)); }

rc::Gen<Json> text_of(rc::Gen<char> byte) {
  return rc::gen::map(rc::gen::container<std::string>(std::move(byte)),
                      [](const std::string& bytes) {
                        std::string utf8;
                        for (const char c : bytes) {
                          const auto code = static_cast<unsigned char>(c);
                          if (code >= 0x80) utf8 += static_cast<char>(0xC0 | (code >> 6));
                          utf8 += static_cast<char>(code < 0x80 ? code : 0x80 | (code & 0x3F));
                        }
                        return Json(utf8);
                      });
}

rc::Gen<Json> program_of(rc::Gen<Json> head, rc::Gen<Json> operation, int most) {
  auto operations =
      rc::gen::resize(most, rc::gen::nonEmpty(rc::gen::container<std::vector<Json>>(operation)));
  return rc::gen::map(rc::gen::tuple(std::move(head), std::move(operations)), [](auto parts) {
    Json program = std::get<0>(std::move(parts));
    program["operations"] = std::get<1>(std::move(parts));
    return program;
  });
}

}  // namespace tandem::conformance
