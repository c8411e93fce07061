// A RapidCheck property as a GoogleTest test, with counts, seeds and reports of our own.
//
//   TANDEM_COUNT   "unit" (default), "stress", "soak" or a number of what the property counts
//   TANDEM_SEED    the seed of the run (default 1); each property derives its own from it
//   TANDEM_PROPERTIES_REPORT   a file to which every property appends a line of JSON
#pragma once
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>

namespace tandem::conformance {

// How much is tried: on every run, in a soak, and with the label stress.
struct Counts {
  const char* what;  // "operations"
  std::uint64_t unit, soak;
  std::uint64_t stress = soak / 10;
};

std::uint64_t count_of(const Counts& counts);
std::uint64_t run_seed();
std::uint64_t seed_of(const std::string& property);  // from the seed of the run

// Who says what is right in this process, "CPython 3.13.0": it stands in the report.
void note_reference(const std::string& name);

// What a property has done. Writes a line of report when it goes.
class Tally {
 public:
  explicit Tally(const Counts& counts);
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  ~Tally();

  std::uint64_t wanted() const { return wanted_; }
  bool is_enough() const { return done_ >= wanted_; }
  std::uint64_t missing() const { return is_enough() ? 0 : wanted_ - done_; }
  void add(std::uint64_t more) { done_ += more; }
  const std::string& name() const { return name_; }
  std::uint64_t seed() const { return seed_; }

 private:
  const char* what_;
  std::string name_;  // of the test that runs
  std::uint64_t wanted_, seed_, done_ = 0;
  std::chrono::steady_clock::time_point start_;
};

enum class Shrinking : bool { off, on };

// Checks the property `cases` times; what fails is a failure of the running test. RapidCheck is not
// thread-safe: generate and assert on this thread only.
template <class Testable>
bool check_cases(const Testable& property, std::uint64_t seed, std::uint64_t cases, int size,
                 Shrinking shrinking = Shrinking::on) {
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = static_cast<int>(cases);
  params.maxSize = size;
  params.disableShrinking = shrinking == Shrinking::off;
  const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params);
  if (result.template is<rc::detail::SuccessResult>()) return true;
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  ADD_FAILURE() << text.str() << "\nagain: TANDEM_SEED=" << run_seed();
  return false;
}

}  // namespace tandem::conformance
