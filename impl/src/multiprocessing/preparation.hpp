// All that a process is told that is no copy of the one that starts it: CPython's preparation data.
//
//   start_by_spawn, start_by_server                     freeze_support, or the server's child
//     write_preparation() ──► a file in memory ──────────► run_prepared()
//                             open files, under numbers that the file names or in the order sent
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "multiprocessing/process_state.hpp"
#include "platform/handle.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Throws   PicklingError.
void write_preparation(pickle::Output& output, const std::shared_ptr<ProcessState>& state,
                       const std::shared_ptr<multiprocessing::Process>& object, StartMethod method);

// Becomes that process and runs it; what goes wrong with it is printed as CPython does.
//   object  becomes what it is an object of; null: a plain Process
// Returns the exit code.
int run_prepared(pickle::Input& input) noexcept;

// The bytes, in a file that can be read from its beginning.
// Throws   OSError.
platform::Handle to_memory_file(std::span<const std::span<const std::byte>> pieces);
std::string read_memory_file(int handle);

// A process that was started to do something has to do that before it executes the program anew:
// else there would be no end to it.
// Throws   RuntimeError (it has not come to freeze_support() yet).
void check_bootstrapped();

// What a process that was started so is given in its command line: `--multiprocessing-fork
// data=5`, or server=5.
inline constexpr const char* marker = "--multiprocessing-fork";

// Executes a program with these words behind the name of this one.
//   kept  open files that it has under the same numbers
// Throws   OSError.
platform::Process execute(const std::string& path, const std::vector<std::string>& words,
                          std::vector<int> kept);
// Executes this program anew: the one that set_executable() names.
platform::Process execute_again(const std::string& task, std::vector<int> kept);

}  // namespace tandem::inline v1::multiprocessing::detail
