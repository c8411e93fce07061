#include "explorer.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <numeric>
#include <tuple>

#include "smaller.hpp"

namespace tandem::conformance {
namespace {

using scheduled::End;
using scheduled::Record;

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return std::string("a thread has thrown: ") + exception.what();
  } catch (...) {
    return "a thread has thrown";
  }
}

std::string what_is_wrong(Tested& tested, const Record& record) {
  if (record.error) return text_of(record.error);
  if (record.end == End::livelock)
    return "livelock: no end after " + std::to_string(record.steps) + " steps";
  return tested.verdict(record);
}

auto measure(const Failure& failure) {
  const Schedule& schedule = failure.trial.schedule;
  return std::tuple(failure.trial.programs.size() + failure.trial.operations(), failure.preemptions,
                    schedule.size(), std::accumulate(schedule.begin(), schedule.end(), 0));
}

// The operations, and below them what was not decided as usual: "T0>T1" is a preemption, ">T1" the
// choice among those that could go on when somebody slept.
std::string chart_of(const Tested& tested, const Record& record) {
  std::vector<Bar> bars = tested.bars();
  for (const scheduled::Turn& turn : record.turns) {
    if (turn.index == 0) continue;
    const auto when = static_cast<std::uint64_t>(turn.when);
    const bool is_clock = turn.chosen.kind == Candidate::Kind::clock;
    const std::string before = is_preemptible(turn.point) ? "T" + std::to_string(turn.thread) : "";
    const std::string next = is_clock ? "time" : "T" + std::to_string(turn.chosen.thread);
    bars.push_back({"~ ", before + ">" + next, when, when});
  }
  return chart(bars);
}

}  // namespace

std::optional<Failure> Explorer::attempt(const std::vector<Verbs>& programs, Policy& policy,
                                         Show which) {
  const auto tested = target_.make();
  std::vector<std::function<void()>> bodies;
  std::size_t left = programs.size();
  for (std::size_t thread = 0; thread < programs.size(); ++thread)
    bodies.emplace_back([&, thread] {
      for (std::size_t i = 0; i < programs[thread].size(); ++i)
        tested->perform(programs[thread][i], thread, i);
      if (--left == 0) tested->wind_up();
    });
  ++runs_;
  const Record record = scheduled::run(policy, options_, bodies);
  decisions_ = std::max(decisions_, record.turns.size());
  std::string what = what_is_wrong(*tested, record);
  if (what.empty() && which == Show::failures) return std::nullopt;
  return Failure{{programs, record.schedule()},
                 std::move(what),
                 chart_of(*tested, record),
                 record.preemptions()};
}

std::optional<Failure> Explorer::attempt(const std::vector<Verbs>& programs, Policy& policy) {
  return attempt(programs, policy, Show::failures);
}

std::optional<Failure> Explorer::attempt(const Trial& trial) {
  FromData policy(trial.schedule);
  return attempt(trial.programs, policy);
}

Failure Explorer::show(const Trial& trial) {
  FromData policy(trial.schedule);
  return *attempt(trial.programs, policy, Show::all);
}

std::optional<Failure> Explorer::portfolio(const std::vector<Verbs>& programs, std::uint64_t seed,
                                           std::size_t schedules) {
  if (auto failure = attempt({programs, {}})) return failure;
  for (std::size_t i = 1; i < schedules; ++i) {
    RandomWalk walk(seed + i);
    Pct pct(seed + i, 2 + static_cast<int>(i / 3 % 2), decisions_);
    Policy& policy = i % 3 == 0 ? static_cast<Policy&>(pct) : walk;
    if (auto failure = attempt(programs, policy)) return failure;
  }
  return std::nullopt;
}

Searched Explorer::search(const std::vector<Verbs>& programs, std::size_t preemptions,
                          std::size_t most) {
  BoundedSearch search(preemptions);
  Searched searched;
  for (;;) {
    searched.failure = attempt(programs, search);
    searched.schedules = search.schedules();
    if (searched.failure || search.schedules() >= most) return searched;
    if (search.next()) continue;
    searched.complete = search.is_deterministic();
    return searched;
  }
}

// With the very schedule, or with another one: what is left of the program has other decisions.
std::optional<Failure> Explorer::attempt_smaller(const Trial& trial) {
  if (auto failure = attempt(trial)) return failure;
  if (auto failure = portfolio(trial.programs, 1, 200)) return failure;
  return search(trial.programs, 2, 1000).failure;
}

Failure Explorer::reduced(Failure failure, std::vector<Trial> (*ways)(const Trial&)) {
  for (bool progress = true; progress;) {
    progress = false;
    for (const Trial& trial : ways(failure.trial)) {
      auto smaller =
          trial.programs == failure.trial.programs ? attempt(trial) : attempt_smaller(trial);
      // What was tried has grown smaller; what came of it need not have.
      if (!smaller || !(measure(*smaller) < measure(failure))) continue;
      failure = *std::move(smaller);
      progress = true;
      break;
    }
  }
  return failure;
}

Failure Explorer::minimised(Failure failure) {
  constexpr std::size_t most = 250'000;  // seconds, and only for what has failed
  failure = reduced(std::move(failure), smaller);
  for (std::size_t preemptions = 0; preemptions < failure.preemptions; ++preemptions)
    if (auto fewer = search(failure.trial.programs, preemptions, most).failure)
      return reduced(*std::move(fewer), smaller_schedules);
  return failure;
}

std::string report(const Target& target, const Failure& failure, const std::string& test) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string what = failure.what.empty() ? "all is well" : failure.what;
  return std::string(target.name) + ": " + what + "\n" + failure.chart +
         "again: TANDEM_REPLAY='" + to_text(target, failure.trial) + "' " + program +
         " --gtest_filter=" + test;
}

std::optional<Trial> trial_to_replay(const Target& target) {
  const char* text = std::getenv("TANDEM_REPLAY");
  if (!text) return std::nullopt;
  return parse(target, text);
}

}  // namespace tandem::conformance
