// Python's pickle: values, calls and exceptions as bytes, for other processes of the same program.
//
//   namespace pickle = tandem::pickle;
//   std::string bytes = pickle::dumps(std::map<std::string, int>{{"a", 1}});
//   auto map = pickle::loads<std::map<std::string, int>>(bytes);
#pragma once
#include "tandem/pickle/callable.hpp"
#include "tandem/pickle/dumps.hpp"
#include "tandem/pickle/exception.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/pickle/modules.hpp"
#include "tandem/pickle/output.hpp"
#include "tandem/pickle/reduce.hpp"
