// Python's `import subprocess`.
#pragma once
#include "tandem/subprocess/call.hpp"
#include "tandem/subprocess/command.hpp"
#include "tandem/subprocess/exceptions.hpp"
#include "tandem/subprocess/getoutput.hpp"
#include "tandem/subprocess/pipe_file.hpp"
#include "tandem/subprocess/popen.hpp"
#include "tandem/subprocess/run.hpp"
