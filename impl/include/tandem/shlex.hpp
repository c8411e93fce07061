// Python's `import shlex`: the words of a shell.
#pragma once
#include "tandem/shlex/quote.hpp"
#include "tandem/shlex/split.hpp"
