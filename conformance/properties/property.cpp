#include "property.hpp"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tandem::conformance {
namespace {

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

std::string running_test() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  return info ? std::string(info->test_suite_name()) + "." + info->name() : "none";
}

std::string& reference() {
  static std::string name;
  return name;
}

}  // namespace

std::uint64_t count_of(const Counts& counts) {
  const std::string count = variable("TANDEM_COUNT", "unit");
  if (count == "unit") return counts.unit;
  if (count == "stress") return counts.stress;
  if (count == "soak") return counts.soak;
  return std::stoull(count);
}

std::uint64_t run_seed() { return std::stoull(variable("TANDEM_SEED", "1")); }

std::uint64_t seed_of(const std::string& property) {
  return fnv1a(property + "/" + std::to_string(run_seed()));
}

void note_reference(const std::string& name) { reference() = name; }

Tally::Tally(const Counts& counts)
    : what_(counts.what),
      name_(running_test()),
      wanted_(count_of(counts)),
      seed_(seed_of(name_)),
      start_(std::chrono::steady_clock::now()) {
  testing::Test::RecordProperty("seed", std::to_string(run_seed()));
}

Tally::~Tally() {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
  const bool failed = testing::Test::HasFailure();
  std::cout << done_ << " " << what_ << " in " << took.count() << " s, seed " << run_seed() << "\n";
  testing::Test::RecordProperty(what_, std::to_string(done_));
  const std::string path = variable("TANDEM_PROPERTIES_REPORT", "");
  if (path.empty()) return;
  nlohmann::json line{{"property", name_},
                      {"what", what_},
                      {"count", done_},
                      {"seed", run_seed()},
                      {"failures", failed ? 1 : 0},
                      {"seconds", took.count()}};
  if (!reference().empty()) line["reference"] = reference();
  std::ofstream(path, std::ios::app) << line.dump() << "\n";
}

}  // namespace tandem::conformance
