// Python's module asyncio.
#pragma once
#include "tandem/asyncio/contextvars.hpp"
#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/asyncio/exceptions.hpp"
#include "tandem/asyncio/future.hpp"
#include "tandem/asyncio/runner.hpp"
#include "tandem/asyncio/sleep.hpp"
#include "tandem/asyncio/task.hpp"
