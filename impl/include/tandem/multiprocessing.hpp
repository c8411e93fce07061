// Python's `import multiprocessing`.
#pragma once
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/exceptions.hpp"
#include "tandem/multiprocessing/pool.hpp"
#include "tandem/multiprocessing/process.hpp"
