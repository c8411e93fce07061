// Which files the code of a process comes from, since functions are sent by where they lie in them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::pickle {

// The program itself, or a shared library.
struct Module {
  std::string path;
  std::uint64_t identity;  // of its contents: from its build id, or its code
};

// Those of this process, the program first. Sent to a process that is not forked from this one.
TANDEM_API std::vector<Module> module_table();
// Whether this process has the same code; loads the libraries that are missing.
// Throws UnpicklingError: it has not. what() names the file.
// Spec   pickle.callable.foreign
TANDEM_API void check_module_table(const std::vector<Module>& table);

}  // namespace tandem::inline v1::pickle
