// Tries trials: a program under many schedules, or one schedule again; makes what fails small.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bounded.hpp"
#include "policies.hpp"
#include "trial.hpp"

namespace tandem::conformance {

struct Failure {
  Trial trial;  // its schedule is the one that failed
  std::string what;
  std::string chart;
  std::size_t preemptions = 0;
};

// What a bounded search has found out.
struct Searched {
  std::optional<Failure> failure;
  std::size_t schedules = 0;
  bool complete = false;  // there are no more
};

class Explorer {
 public:
  explicit Explorer(const Target& target, scheduled::Options options = {})
      : target_(target), options_(options) {}

  // The program under the policy. Nothing: all was well.
  std::optional<Failure> attempt(const std::vector<Verbs>& programs, Policy& policy);
  std::optional<Failure> attempt(const Trial& trial);
  // The same for somebody who wants to see it, failed (`what`) or not.
  Failure show(const Trial& trial);
  // Random walks and PCT with d = 2 and 3 in turns; number 0 is the schedule without preemptions.
  std::optional<Failure> portfolio(const std::vector<Verbs>& programs, std::uint64_t seed,
                                   std::size_t schedules);
  // Every schedule with so many preemptions, up to a number of schedules.
  Searched search(const std::vector<Verbs>& programs, std::size_t preemptions, std::size_t most);

  // Fails still, and no smaller trial does that we know of; the fewest preemptions that a bounded
  // search finds.
  Failure minimised(Failure failure);

  std::size_t runs() const { return runs_; }

 private:
  enum class Show : bool { failures, all };
  std::optional<Failure> attempt(const std::vector<Verbs>& programs, Policy& policy, Show which);
  Failure reduced(Failure failure, std::vector<Trial> (*ways)(const Trial&));
  std::optional<Failure> attempt_smaller(const Trial& trial);

  const Target& target_;
  scheduled::Options options_;
  std::size_t runs_ = 0;
  std::size_t decisions_ = 0;  // of the longest run so far
};

// For people: the failure, its program, schedule and chart, and the command that repeats it.
std::string report(const Target& target, const Failure& failure, const std::string& test);

// What TANDEM_REPLAY holds, if it is set.
std::optional<Trial> trial_to_replay(const Target& target);

}  // namespace tandem::conformance
