// What CPython said, and whether ours says the same.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/transcript.hpp"

namespace tandem::conformance {

struct Golden {
  std::vector<Transcript> outcomes;   ///< one, or the allowed set
  std::vector<std::string> versions;  ///< the CPythons that were asked
};

/// reference/ beside this source tree, or where TANDEM_REFERENCE_DIR says.
std::filesystem::path reference_directory();

/// What was recorded for the case, or nothing. Throws std::runtime_error for a file that cannot be
/// read.
std::optional<Golden> find_golden(const std::string& primitive, const std::string& id);

/// Nothing when ours is among the outcomes; else a text that shows the difference line by line.
std::optional<std::string> difference(const Golden& golden, const Transcript& ours);

}  // namespace tandem::conformance
