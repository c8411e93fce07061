// Python's `import os`: processes and commands.
#pragma once
#include "tandem/os/popen.hpp"
#include "tandem/os/process.hpp"
#include "tandem/os/register_at_fork.hpp"
#include "tandem/os/system.hpp"
