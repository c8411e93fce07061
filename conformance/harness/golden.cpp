#include "conformance/harness/golden.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tandem::conformance {
namespace {

using nlohmann::json;

json read_cases(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) return json::object();
  try {
    return json::parse(in).at("cases");
  } catch (const json::exception& error) {
    throw std::runtime_error(path.string() + ": " + error.what());
  }
}

std::string all_of(const std::vector<std::string>& versions) {
  std::string text;
  for (const auto& version : versions) text += (text.empty() ? "" : ", ") + version;
  return text;
}

// common[i][j]: how many lines theirs[i..] and ours[j..] have in common, in order.
std::vector<std::vector<std::size_t>> common_tails(const Transcript& theirs,
                                                   const Transcript& ours) {
  std::vector common(theirs.size() + 1, std::vector<std::size_t>(ours.size() + 1, 0));
  for (std::size_t i = theirs.size(); i-- > 0;) {
    for (std::size_t j = ours.size(); j-- > 0;) {
      common[i][j] = theirs[i] == ours[j] ? common[i + 1][j + 1] + 1
                                          : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  return common;
}

std::string line_by_line(const Transcript& theirs, const Transcript& ours) {
  const auto common = common_tails(theirs, ours);
  std::string text;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < theirs.size() || j < ours.size()) {
    if (i < theirs.size() && j < ours.size() && theirs[i] == ours[j]) {
      text += "            " + theirs[i++] + "\n";
      ++j;
    } else if (j == ours.size() || (i < theirs.size() && common[i + 1][j] >= common[i][j + 1])) {
      text += "  CPython | " + theirs[i++] + "\n";
    } else {
      text += "   tandem | " + ours[j++] + "\n";
    }
  }
  return text;
}

}  // namespace

std::filesystem::path reference_directory() {
  const char* named = std::getenv("TANDEM_REFERENCE_DIR");
  return named != nullptr ? named : TANDEM_SOURCE_DIR "/reference";
}

std::optional<Golden> find_golden(const std::string& primitive, const std::string& id) {
  static std::map<std::string, json> files;
  if (!files.contains(primitive)) {
    files[primitive] = read_cases(reference_directory() / (primitive + ".golden.json"));
  }
  const auto& cases = files[primitive];
  if (!cases.contains(id)) return std::nullopt;
  const auto& entry = cases.at(id);
  Golden golden;
  golden.versions = entry.at("cpython").get<std::vector<std::string>>();
  if (entry.contains("transcript")) {
    golden.outcomes.push_back(entry.at("transcript").get<Transcript>());
  } else {
    for (const auto& outcome : entry.at("outcomes")) {
      golden.outcomes.push_back(outcome.at("transcript").get<Transcript>());
    }
  }
  return golden;
}

std::optional<std::string> difference(const Golden& golden, const Transcript& ours) {
  const auto& allowed = golden.outcomes;
  if (std::find(allowed.begin(), allowed.end(), ours) != allowed.end()) return std::nullopt;
  if (allowed.size() == 1) {
    return "the transcript is not that of CPython " + all_of(golden.versions) + "\n" +
           line_by_line(allowed.front(), ours);
  }
  std::string text = "the transcript is none of the " + std::to_string(allowed.size()) +
                     " outcomes seen in CPython " + all_of(golden.versions) + "\n";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    text += "outcome " + std::to_string(i + 1) + ":\n" + line_by_line(allowed[i], ours);
  }
  return text;
}

}  // namespace tandem::conformance
