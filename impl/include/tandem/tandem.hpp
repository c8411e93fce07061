// Everything there is, for those who do not mind what it costs to compile.
#pragma once
#include "tandem/asyncio.hpp"
#include "tandem/contextvars.hpp"
#include "tandem/futures.hpp"
#include "tandem/futures/process.hpp"
#include "tandem/multiprocessing.hpp"
#include "tandem/os.hpp"
#include "tandem/pickle.hpp"
#include "tandem/queue.hpp"
#include "tandem/shlex.hpp"
#include "tandem/subprocess.hpp"
#include "tandem/threading.hpp"
