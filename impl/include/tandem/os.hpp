// Python's `import os`.
#pragma once
#include "tandem/os/register_at_fork.hpp"
