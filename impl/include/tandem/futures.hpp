// concurrent.futures under a short name: tandem::futures.
#pragma once
#include "tandem/concurrent/futures.hpp"
#include "tandem/core/callable.hpp"

namespace tandem::inline v1 {
namespace futures = concurrent::futures;
}
