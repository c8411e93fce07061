// Where something lies in the modules of this process: what is said of it to other processes.
#pragma once
#include <cstdint>

#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::pickle::detail {

enum class Part { ANY, CODE };

// Throws PicklingError: the address is in no module.
void write_place(Output& output, std::uintptr_t address);
// Throws UnpicklingError: there is no such module, or nothing of that part.
std::uintptr_t read_place(Input& input, Part part);

}  // namespace tandem::inline v1::pickle::detail
