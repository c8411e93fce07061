#include "conformance/harness/case.hpp"

#include <exception>
#include <optional>
#include <tandem/multiprocessing/detail/helpers.hpp>
#include <utility>

#include "conformance/harness/clauses.hpp"
#include "conformance/harness/golden.hpp"
#include "conformance/harness/leaks.hpp"
#include "conformance/harness/live.hpp"
#include "conformance/harness/results.hpp"

namespace tandem::conformance::detail {
namespace {

bool asks_cpython(const Clause& clause) {
  return clause.oracle == "golden" || clause.oracle == "differential" ||
         clause.oracle == "outcome-set";
}

std::string how_to_run_again(const CaseInfo& info, const std::string& primitive) {
  return "run again: " + command_for(info.id) +
         "\nthe twin:  python3 reference/record.py --show reference/" + primitive + ".py --case " +
         info.id;
}

// When more than one test was asked for, each case gets a process of its own; else this process is
// it.
class CaseTest : public testing::Test {
 public:
  explicit CaseTest(CaseInfo info) : info_(std::move(info)), primitive_(primitive_of(info_.file)) {}

 private:
  void TestBody() override {
    if (testing::UnitTest::GetInstance()->test_to_run_count() > 1) {
      run_apart();
    } else {
      run_here();
    }
  }

  void run_apart() {
    Result result = run_in_own_process(info_.id);
    if (const Clause* clause = find_clause(primitive_, info_.id)) result.level = clause->level;
    keep_result(result);
    if (result.status == "SKIP" || result.status == "UNSUPPORTED") GTEST_SKIP() << result.message;
    if (result.status != "PASS") fail(result.status + ": " + result.message);
  }

  void run_here() {
    const Clause* clause = find_clause(primitive_, info_.id);
    if (clause == nullptr) fail("no clause " + info_.id + " in spec/" + primitive_ + ".toml");
    clear_transcript();
    forget_blocked();
    const Holdings before = holdings_now();
    call_body();
    multiprocessing::detail::stop_helpers();  // of the process, not of the case
    for (const auto& leak : leaked_since(before)) fail("the case leaves behind: " + leak);
    const Transcript transcript = current_transcript();
    if (!IsSkipped()) compare(clause, transcript);
    Result result;
    result.id = info_.id;
    result.level = clause == nullptr ? "" : clause->level;
    result.transcript = transcript;
    keep_result(std::move(result));
  }

  void call_body() {
    try {
      info_.body();
    } catch (...) {
      fail("the case was left by " + describe_current_exception());
    }
  }

  void compare(const Clause* clause, const Transcript& ours) {
    const auto golden = find_golden(primitive_, info_.id);
    if (!golden.has_value()) {
      if (clause != nullptr && asks_cpython(*clause)) {
        fail("no golden; write the twin and run reference/record.py reference/" + primitive_ +
             ".py");
      }
      return;
    }
    if (const auto differs = difference(*golden, ours)) {
      fail(*differs + how_to_run_again(info_, primitive_));
    }
  }

  void fail(const std::string& why) const { ADD_FAILURE_AT(info_.file, info_.line) << why; }

  CaseInfo info_;
  std::string primitive_;
};

}  // namespace

bool register_case(CaseInfo info) {
  const auto dot = info.id.rfind('.');
  const std::string suite = info.id.substr(0, dot == std::string::npos ? 0 : dot);
  const std::string name = info.id.substr(dot == std::string::npos ? 0 : dot + 1);
  const char* file = info.file;
  const int line = info.line;
  testing::RegisterTest(
      suite.c_str(), name.c_str(), nullptr, nullptr, file, line,
      [info = std::move(info)]() -> testing::Test* { return new CaseTest(info); });
  return true;
}

}  // namespace tandem::conformance::detail
