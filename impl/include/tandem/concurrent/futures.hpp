// Python's module concurrent.futures, as far as it needs no other process.
#pragma once
#include "tandem/concurrent/futures/as_completed.hpp"
#include "tandem/concurrent/futures/exceptions.hpp"
#include "tandem/concurrent/futures/executor.hpp"
#include "tandem/concurrent/futures/future.hpp"
#include "tandem/concurrent/futures/future_set.hpp"
#include "tandem/concurrent/futures/thread.hpp"
#include "tandem/concurrent/futures/wait.hpp"
