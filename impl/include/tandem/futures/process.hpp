// concurrent.futures with processes, under a short name: tandem::futures.
#pragma once
#include "tandem/concurrent/futures/process.hpp"
#include "tandem/futures.hpp"
