// The main of every conformance executable.
//
//   (nothing)                     all cases, each in a process of its own
//   --case=ID                     one case, in this process: what a debugger wants
//   --file=queue/lifo_queue       the cases of one primitive
//   --list-cases                  their ids
//   --dump-transcripts=FILE       run, and write {id: transcript} for the live cross-check
//   --result-file=FILE            with --case: its result as one line of JSON
// and all flags of GoogleTest. TANDEM_RESULTS=DIR has results written there as well;
// TANDEM_START_METHOD=spawn starts processes so where a case does not say how.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <tandem/multiprocessing/context.hpp>
#include <thread>

#include "conformance/harness/clauses.hpp"
#include "conformance/harness/results.hpp"

namespace {

using namespace tandem::conformance;

struct Options {
  std::string one_case;
  std::string file;
  std::string transcripts;
  std::string result_file;
  bool list = false;
};

bool take(std::string_view argument, std::string_view name, std::string& value) {
  if (!argument.starts_with(name) || argument.substr(name.size(), 1) != "=") return false;
  value = argument.substr(name.size() + 1);
  return true;
}

std::optional<Options> parsed(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool known = take(argument, "--case", options.one_case) ||
                       take(argument, "--file", options.file) ||
                       take(argument, "--dump-transcripts", options.transcripts) ||
                       take(argument, "--result-file", options.result_file) ||
                       (argument == "--list-cases" && (options.list = true));
    if (!known) {
      std::cerr << "unknown argument " << argument << "\n";
      return std::nullopt;
    }
  }
  return options;
}

// Whoever calls this from `nohup`, or in a shell's background, has signals ignored that cases send.
void have_usual_signals() {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::signal(number, SIG_DFL);
}

void have_start_method() {
  const char* method = std::getenv("TANDEM_START_METHOD");
  if (method != nullptr) tandem::multiprocessing::set_start_method(method);
}

void for_each_test(const std::function<void(const testing::TestInfo&)>& visit) {
  const auto& unit = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const auto& suite = *unit.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) visit(*suite.GetTestInfo(j));
  }
}

std::string id_of(const testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

// In a filter of gtest "-" begins what is not wanted, so that an id is asked for with "?" in its
// place.
std::string filter_for(std::string id) {
  std::replace(id.begin(), id.end(), '-', '?');
  return id;
}

void select(const Options& options) {
  if (!options.one_case.empty()) testing::GTEST_FLAG(filter) = filter_for(options.one_case);
  if (options.file.empty()) return;
  std::string filter;
  for_each_test([&](const testing::TestInfo& test) {
    if (primitive_of(test.file()) == options.file) filter += filter_for(id_of(test)) + ":";
  });
  testing::GTEST_FLAG(filter) = filter.empty() ? "none" : filter;
}

void list_cases(const Options& options) {
  for_each_test([&](const testing::TestInfo& test) {
    const auto primitive = primitive_of(test.file());
    if (options.file.empty() || primitive == options.file) std::cout << id_of(test) << "\n";
  });
}

void write_files(const Options& options) {
  if (!options.transcripts.empty()) write_transcripts(options.transcripts);
  if (!options.result_file.empty() && !kept_results().empty()) {
    write_result(options.result_file, kept_results().front());
    return;
  }
  if (const char* folder = std::getenv("TANDEM_RESULTS")) {
    const auto executable = std::filesystem::path(this_executable()).filename().string();
    const auto& results = kept_results();
    const std::string which = results.size() == 1 ? "." + results.front().id : "";
    write_results(std::filesystem::path(folder) / (executable + which + ".jsonl"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  tandem::multiprocessing::freeze_support(argc, argv);
  have_usual_signals();
  have_start_method();
  testing::InitGoogleTest(&argc, argv);
  const auto options = parsed(argc, argv);
  if (!options.has_value()) return 2;
  if (options->list) {
    list_cases(*options);
    return 0;
  }
  select(*options);
  // The thread sanitizer starts a thread of its own beside the first; it is no case's leak.
  std::thread([] {}).join();
  listen_to_gtest();
  const int code = RUN_ALL_TESTS();
  if (testing::GTEST_FLAG(list_tests)) return code;
  if (testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
    std::cerr << "no case was selected\n";
    return 1;
  }
  write_files(*options);
  return code;
}
