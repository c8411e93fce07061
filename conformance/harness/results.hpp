// What became of each case, for people (gtest prints), for scripts (results.jsonl) and for the live
// cross-check.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "conformance/harness/transcript.hpp"

namespace tandem::conformance {

struct Result {
  std::string id;
  std::string status;  ///< PASS FAIL SKIP UNSUPPORTED TIMEOUT CRASH; XFAIL and XPASS come with the
                       ///< expectations
  std::string level;
  std::string message;
  std::int64_t ms = 0;
  Transcript transcript;
  std::string command;  ///< runs it again
};

/// Keeps one result per test of this process. A second one of the same id replaces the first.
void keep_result(Result result);
const std::vector<Result>& kept_results();

/// Runs the test again: the executable, the case, the environment that matters.
std::string command_for(const std::string& id);
std::string this_executable();

/// header, one line per case, footer with counts (so that a file cut short is noticed).
void write_results(const std::filesystem::path& file);

/// One result on its own, from a case's process to the one that started it.
void write_result(const std::filesystem::path& file, const Result& result);
bool read_result(const std::filesystem::path& file, Result& result);

/// {"cases": {id: {status, message, transcript}}}
void write_transcripts(const std::filesystem::path& file);

/// Has gtest tell us how every test of this process ended.
void listen_to_gtest();

}  // namespace tandem::conformance
