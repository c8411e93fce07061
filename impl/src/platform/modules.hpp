// Neutral contract: the files that the code of this process comes from, and where they lie in
// memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tandem::inline v1::platform {

struct Range {
  std::uintptr_t begin, end;
  bool contains(std::uintptr_t address) const noexcept { return address >= begin && address < end; }
};

struct LoadedModule {
  std::string path;
  std::uintptr_t base;      // what its addresses are counted from
  std::uint64_t identity;   // the same for the same contents
  std::vector<Range> all;   // where it is
  std::vector<Range> code;  // where it can be executed; parts of the former
};

// The program itself comes first. What is no file is left out.
std::vector<LoadedModule> loaded_modules();
// How often modules have been loaded and unloaded: whether loaded_modules() would say something
// new.
std::uint64_t module_changes() noexcept;
// Loads a library, for as long as the process lives. Whether it could.
bool load_module(const std::string& path) noexcept;

// Whether there is memory at an address.
bool is_mapped(std::uintptr_t address) noexcept;

}  // namespace tandem::inline v1::platform
