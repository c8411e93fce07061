#include "conformance/harness/results.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "conformance/harness/times.hpp"

namespace tandem::conformance {
namespace {

using nlohmann::json;

std::vector<Result>& results() {
  static std::vector<Result> kept;
  return kept;
}

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

json as_json(const Result& result) {
  return {{"id", result.id},           {"status", result.status}, {"level", result.level},
          {"message", result.message}, {"ms", result.ms},         {"transcript", result.transcript},
          {"command", result.command}};
}

// Texts may hold any bytes; a result must not be lost because one of them is no UTF-8.
std::string line_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json header() {
  return {{"record", "header"},
          {"format", 1},
          {"implementation", "tandem " TANDEM_VERSION},
          {"executable", std::filesystem::path(this_executable()).filename().string()},
          {"toolchain", TANDEM_TOOLCHAIN},
          {"target", TANDEM_TARGET},
          {"sanitizer", TANDEM_SANITIZER},
          {"seed", environment("TANDEM_SEED", "")},
          {"time_scale", time_scale()}};
}

json footer() {
  std::map<std::string, int> counts;
  for (const auto& result : results()) ++counts[result.status];
  return {{"record", "footer"}, {"cases", results().size()}, {"counts", counts}};
}

std::ofstream opened(const std::filesystem::path& file) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file);
  if (!out) throw std::runtime_error("cannot write " + file.string());
  return out;
}

std::string all_messages(const testing::TestResult& outcome) {
  std::string text;
  for (int i = 0; i < outcome.total_part_count(); ++i) {
    const auto& part = outcome.GetTestPartResult(i);
    if (part.passed()) continue;
    std::string_view message = part.message();
    constexpr std::string_view said_by_gtest = "Failed\n";  // before every ADD_FAILURE
    if (message.starts_with(said_by_gtest)) message.remove_prefix(said_by_gtest.size());
    text += (text.empty() ? "" : "\n") + std::string(message);
  }
  return text;
}

std::string status_of(const testing::TestResult& outcome, const std::string& message) {
  if (outcome.Failed()) return "FAIL";
  if (!outcome.Skipped()) return "PASS";
  return message.find("UNSUPPORTED(") == std::string::npos ? "SKIP" : "UNSUPPORTED";
}

class Listener : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& test) override {
    Result result;
    result.id = std::string(test.test_suite_name()) + "." + test.name();
    const auto known = std::find_if(results().begin(), results().end(),
                                    [&](const Result& kept) { return kept.id == result.id; });
    if (known != results().end()) result = *known;  // what the case itself has told already
    if (result.message.empty()) result.message = all_messages(*test.result());
    if (result.status.empty()) result.status = status_of(*test.result(), result.message);
    result.ms = test.result()->elapsed_time();
    if (result.command.empty()) result.command = command_for(result.id);
    keep_result(result);
  }
};

}  // namespace

void keep_result(Result result) {
  auto& kept = results();
  const auto same = std::find_if(kept.begin(), kept.end(),
                                 [&](const Result& one) { return one.id == result.id; });
  if (same == kept.end()) {
    kept.push_back(std::move(result));
  } else {
    *same = std::move(result);
  }
}

const std::vector<Result>& kept_results() { return results(); }

std::string this_executable() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? testing::internal::GetArgvs().front() : path.string();
}

std::string command_for(const std::string& id) {
  std::string command;
  for (const auto& [name, usual] :
       {std::pair("TANDEM_TIME_SCALE", "1"), std::pair("TANDEM_START_METHOD", "fork")})
    if (const auto value = environment(name, usual); value != usual)
      command += std::string(name) + "=" + value + " ";
  return command + this_executable() + " --case=" + id;
}

void write_results(const std::filesystem::path& file) {
  auto out = opened(file);
  out << line_of(header()) << "\n";
  for (const auto& result : results()) {
    json line = as_json(result);
    line["record"] = "case";
    out << line_of(line) << "\n";
  }
  out << line_of(footer()) << "\n";
}

void write_result(const std::filesystem::path& file, const Result& result) {
  opened(file) << line_of(as_json(result)) << "\n";
}

bool read_result(const std::filesystem::path& file, Result& result) {
  std::ifstream in(file);
  const json value = json::parse(in, nullptr, false);
  if (value.is_discarded()) return false;
  value.at("id").get_to(result.id);
  value.at("status").get_to(result.status);
  value.at("level").get_to(result.level);
  value.at("message").get_to(result.message);
  value.at("ms").get_to(result.ms);
  value.at("transcript").get_to(result.transcript);
  value.at("command").get_to(result.command);
  return true;
}

void write_transcripts(const std::filesystem::path& file) {
  json cases = json::object();
  for (const auto& result : results()) {
    cases[result.id] = {
        {"status", result.status}, {"message", result.message}, {"transcript", result.transcript}};
  }
  opened(file) << line_of({{"cases", cases}}) << "\n";
}

void listen_to_gtest() { testing::UnitTest::GetInstance()->listeners().Append(new Listener); }

}  // namespace tandem::conformance
