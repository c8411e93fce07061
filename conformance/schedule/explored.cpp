#include "explored.hpp"

#include <iostream>

#include "property.hpp"

namespace tandem::conformance {
namespace {

constexpr Counts schedules{"schedules", 20'000, 1'000'000};
constexpr std::size_t most_searched = 2'000'000;

std::string running_test() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  return std::string(info->test_suite_name()) + "." + info->name();
}

// Whether it was asked for, and nothing else is to be done.
bool replay(const Target& target, const scheduled::Options& options) {
  const auto trial = trial_to_replay(target);
  if (!trial) return false;
  const Failure shown = Explorer(target, options).show(*trial);
  std::cout << report(target, shown, running_test()) << "\n";
  EXPECT_EQ(shown.what, "");
  return true;
}

}  // namespace

void explore(const Target& target, const Hunt& how) {
  if (replay(target, how.options)) return;
  Tally tally(schedules);
  Hunt slice = how;
  for (slice.seed = tally.seed(); !tally.is_enough(); ++slice.seed) {
    const Hunted hunted = hunt(target, slice);
    tally.add(hunted.schedules);
    if (!hunted.failure) continue;
    ADD_FAILURE() << report(target, *hunted.failure, running_test());
    return;
  }
}

void explore_all(const Target& target, std::initializer_list<const char*> programs,
                 std::size_t preemptions) {
  if (replay(target, {})) return;
  Tally tally(schedules);
  for (const char* program : programs) {
    Explorer explorer(target);
    const std::vector<Verbs> parsed = parse(target, program).programs;
    static_cast<void>(explorer.attempt({parsed, {}}));  // initialises what is static
    const Searched searched = explorer.search(parsed, preemptions, most_searched);
    if (searched.failure) {
      ADD_FAILURE() << report(target, explorer.minimised(*searched.failure), running_test());
      return;
    }
    tally.add(searched.schedules);
    EXPECT_TRUE(searched.complete) << "too many schedules of " << program;
    std::cout << "all " << searched.schedules << " schedules with at most " << preemptions
              << " preemptions: " << program << "\n";
  }
}

}  // namespace tandem::conformance
