#include "smaller.hpp"

#include <algorithm>

namespace tandem::conformance {
namespace {

std::ptrdiff_t offset(std::size_t index) { return static_cast<std::ptrdiff_t>(index); }

void without_threads(const Trial& trial, std::vector<Trial>& found) {
  for (std::size_t thread = 0; trial.programs.size() > 1 && thread < trial.programs.size();
       ++thread) {
    found.push_back(trial);
    found.back().programs.erase(found.back().programs.begin() + offset(thread));
  }
}

void without_operations(const Trial& trial, std::vector<Trial>& found) {
  for (std::size_t thread = 0; thread < trial.programs.size(); ++thread)
    for (std::size_t index = trial.programs[thread].size(); index-- > 0;) {
      found.push_back(trial);
      Verbs& program = found.back().programs[thread];
      program.erase(program.begin() + offset(index));
    }
}

void trim(Schedule& schedule) {
  while (!schedule.empty() && schedule.back() == 0) schedule.pop_back();
}

}  // namespace

std::vector<Trial> smaller_schedules(const Trial& trial) {
  std::vector<Trial> found;
  const Schedule& schedule = trial.schedule;
  const auto add = [&](auto change) {
    Trial next = trial;
    change(next.schedule);
    trim(next.schedule);
    if (next.schedule != schedule) found.push_back(std::move(next));
  };
  for (std::size_t keep = 0; keep < schedule.size(); keep += keep + 1)
    add([&](Schedule& next) { next.resize(keep); });
  for (std::size_t i = 0; i < schedule.size(); ++i)
    if (schedule[i] != 0) add([&](Schedule& next) { next[i] = 0; });
  for (std::size_t length = schedule.size() / 2; length > 0; length /= 2)
    for (std::size_t from = 0; from + length <= schedule.size(); from += length)
      add([&](Schedule& next) {
        next.erase(next.begin() + offset(from), next.begin() + offset(from + length));
      });
  for (std::size_t i = 0; i < schedule.size(); ++i)
    if (schedule[i] > 1) add([&](Schedule& next) { next[i] = 1; });
  return found;
}

std::vector<Trial> smaller(const Trial& trial) {
  std::vector<Trial> found;
  without_threads(trial, found);
  without_operations(trial, found);
  for (Trial& next : smaller_schedules(trial)) found.push_back(std::move(next));
  return found;
}

}  // namespace tandem::conformance
