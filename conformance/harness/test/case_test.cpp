// Runs the sample cases as ctest and scripts run them, and reads what they tell.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Ran {
  int code;
  std::string output;
};

Ran run(const std::string& environment, const std::string& arguments) {
  const std::string command = "env TANDEM_SPEC_DIR=" TANDEM_TEST_ROOM
                              "/spec TANDEM_REFERENCE_DIR=" TANDEM_TEST_ROOM
                              "/reference TANDEM_CASE_SECONDS=5 TANDEM_TIME_SCALE=1 " +
                              environment + " " TANDEM_TEST_SAMPLE " " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  Ran ran{-1, ""};
  std::array<char, 4096> buffer{};
  while (pipe != nullptr && std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
    ran.output += buffer.data();
  }
  const int status = pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return ran;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// All samples once; every check here reads a part of what came of it.
struct Everything {
  Everything() {
    fs::remove_all(folder);
    ran = run("TANDEM_RESULTS=" + folder.string(),
              "--dump-transcripts=" + (folder / "dump.json").string());
    std::ifstream in(folder / "harness_sample.jsonl");
    for (std::string line; std::getline(in, line);) {
      const json record = json::parse(line);
      lines.push_back(record);
      if (record.at("record") == "case") cases[record.at("id")] = record;
    }
  }
  fs::path folder = fs::temp_directory_path() / ("tandem-harness-" + std::to_string(getpid()));
  Ran ran;
  std::vector<json> lines;
  std::map<std::string, json> cases;
  ~Everything() { fs::remove_all(folder); }
};

const Everything& everything() {
  static const Everything once;
  return once;
}

void expect(const std::string& id, const std::string& status, const std::string& message = "") {
  const auto& cases = everything().cases;
  ASSERT_TRUE(cases.contains(id)) << everything().ran.output;
  EXPECT_EQ(cases.at(id).at("status"), status) << id;
  EXPECT_TRUE(contains(cases.at(id).at("message"), message)) << cases.at(id);
}

void passes_when_equal() {
  expect("sample.pass.equal", "PASS");
  expect("sample.pass.one-of-set", "PASS");
  expect("sample.pass.model", "PASS");
  expect("sample.pass.blocked", "PASS");
}

void skips_with_its_reason() {
  expect("sample.skip.reason", "SKIP", "not today");
  expect("sample.skip.unsupported", "UNSUPPORTED", "UNSUPPORTED(fork)");
}

void fails_when_different() {
  expect("sample.fail.differs", "FAIL", "  CPython | theirs\n   tandem | ours\n");
  expect("sample.fail.differs", "FAIL", "--case=sample.fail.differs");
  expect("sample.fail.not-in-set", "FAIL", "none of the 2 outcomes");
  expect("sample.fail.assertion", "FAIL", "Expected equality");
  expect("sample.fail.throws", "FAIL", "runtime_error: out of hand");
}

void fails_without_its_rooms() {
  expect("sample.fail.no-clause", "FAIL", "no clause sample.fail.no-clause");
  expect("sample.fail.no-golden", "FAIL", "no golden");
}

void fails_on_leaks() {
  expect("sample.fail.leaks-descriptor", "FAIL", "-> /dev/null");
  expect("sample.fail.leaks-thread", "FAIL", "thread ");
}

void survives_crash_and_hang() {
  expect("sample.crash.signal", "CRASH", "signal 9");
  expect("sample.timeout.hang", "TIMEOUT", "no end");
  expect("sample.timeout.hang", "TIMEOUT", "[ RUN      ] sample.timeout.hang");
}

// By scripts/lib/hangs.py, where there is a Python to run it.
void tells_where_it_hung() {
  if (std::system("python3 -c ''") != 0 || !fs::exists("/proc/self/task")) return;
  const std::string& output = everything().ran.output;
  EXPECT_TRUE(contains(output, "\nhang: sample.timeout.hang has taken ")) << output;
  EXPECT_TRUE(contains(output, "--case=sample.timeout.hang")) << output;
  EXPECT_TRUE(contains(output, "hang:   stacks of process ")) << output;
  EXPECT_FALSE(contains(output, "hang: sample.crash.signal")) << output;
}

void tells_level_time_and_command() {
  const auto& differs = everything().cases.at("sample.fail.not-in-set");
  EXPECT_EQ(differs.at("level"), "SHOULD");
  EXPECT_EQ(differs.at("transcript"), json::array({"third"}));
  EXPECT_EQ(everything().cases.at("sample.crash.signal").at("level"), "MUST");
  EXPECT_GE(everything().cases.at("sample.timeout.hang").at("ms"), 5000);
}

void results_have_header_and_footer() {
  const auto& lines = everything().lines;
  ASSERT_GE(lines.size(), 3U);
  EXPECT_EQ(lines.front().at("record"), "header");
  EXPECT_EQ(lines.front().at("executable"), "harness_sample");
  EXPECT_EQ(lines.back().at("record"), "footer");
  EXPECT_EQ(lines.back().at("cases"), lines.size() - 2);
  EXPECT_EQ(lines.back().at("counts").at("CRASH"), 1);
  EXPECT_EQ(everything().ran.code, 1);
}

void dumps_transcripts() {
  std::ifstream in(everything().folder / "dump.json");
  const json dump = json::parse(in);
  EXPECT_EQ(dump.at("cases").at("sample.pass.equal").at("transcript"), json::array({"one 1"}));
  EXPECT_EQ(dump.at("cases").at("sample.pass.model").at("transcript"),
            json::array({"1.5", "2.5", "True"}));
  EXPECT_EQ(dump.at("cases").at("sample.crash.signal").at("status"), "CRASH");
}

// One test: ctest would give each a process, and each process would run all samples again.
TEST(Case, EndsAsItShould) {
  passes_when_equal();
  skips_with_its_reason();
  fails_when_different();
  fails_without_its_rooms();
  fails_on_leaks();
  survives_crash_and_hang();
  tells_where_it_hung();
  tells_level_time_and_command();
  results_have_header_and_footer();
  dumps_transcripts();
}

TEST(Case, RunsOneByItsId) {
  const Ran one = run("", "--case=sample.pass.one-of-set");
  EXPECT_EQ(one.code, 0) << one.output;
  EXPECT_TRUE(contains(one.output, "1 test from 1 test suite ran")) << one.output;
  EXPECT_EQ(run("", "--case=sample.fail.differs").code, 1);
}

TEST(Case, StartsProcessesAsItIsTold) {
  const Ran failed = run("TANDEM_START_METHOD=spawn", "--case=sample.fail.differs");
  EXPECT_TRUE(contains(failed.output, "run again: TANDEM_START_METHOD=spawn /")) << failed.output;
  const Ran unknown = run("TANDEM_START_METHOD=no", "--case=sample.pass.equal");
  EXPECT_TRUE(contains(unknown.output, "cannot find context for 'no'")) << unknown.output;
  EXPECT_NE(unknown.code, 0);
}

TEST(Case, ListsByFile) {
  EXPECT_TRUE(contains(run("", "--list-cases").output, "sample.pass.equal\n"));
  EXPECT_EQ(run("", "--list-cases --file=no/such").output, "");
}

TEST(Case, NothingSelectedFails) {
  EXPECT_EQ(run("", "--case=no.such.case").code, 1);
  EXPECT_EQ(run("", "--file=no/such").code, 1);
  EXPECT_EQ(run("", "--no-such-flag").code, 2);
}

}  // namespace
