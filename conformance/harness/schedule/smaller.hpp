// How a trial is made smaller: both for RapidCheck and for what a search has found.
#pragma once
#include <vector>

#include "trial.hpp"

namespace tandem::conformance {

// Smaller ones, the boldest first: without a thread, without an operation, without some of the
// decisions, with a preemption less.
std::vector<Trial> smaller(const Trial& trial);
// The same without touching the programs.
std::vector<Trial> smaller_schedules(const Trial& trial);

}  // namespace tandem::conformance
