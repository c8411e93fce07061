// The finalizers of this process, for who ends it.
#pragma once
#include "multiprocessing/finalizer.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Calls those of this priority and above, the highest first.
void run_finalizers(int lowest_priority);
void run_remaining_finalizers();

}  // namespace tandem::inline v1::multiprocessing::detail
