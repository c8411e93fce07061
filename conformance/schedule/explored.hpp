// The real primitives under every kind of schedule.
//
//   TANDEM_REPLAY   instead: this program under this schedule, as a failure printed them
//   the others      property.hpp
//
// A new target: its verbs, how to perform one, and a model (calls.hpp) that says what may come of
// it; then explore() and explore_all().
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "calls.hpp"
#include "hunt.hpp"

namespace tandem::conformance {

// Longer than anything that a run does without waiting for it: time is virtual.
inline constexpr std::chrono::milliseconds virtual_timeout{1};

// Random programs under random schedules, 1e6 of them in a soak.
void explore(const Target& target, const Hunt& how = {});

// Every schedule with at most so many preemptions, for each of the programs: "put get / put".
void explore_all(const Target& target, std::initializer_list<const char*> programs,
                 std::size_t preemptions = 2);

// A target whose objects are made as T(target, arguments...).
template <class T, class... A>
Target target_of(const char* name, std::vector<std::string> verbs, A... arguments) {
  Target target{name, std::move(verbs), {}};
  // A copy, without a way to make objects: those only want its verbs, as long as they live.
  auto named = std::make_shared<const Target>(target);
  target.make = [named, arguments...] { return std::make_unique<T>(*named, arguments...); };
  return target;
}

// What a call that may throw E comes to.
template <class E, class F>
std::int64_t result_or_raised(F function) {
  try {
    return function();
  } catch (const E&) {
    return raised;
  }
}

}  // namespace tandem::conformance
