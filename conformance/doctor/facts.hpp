// What a target is: sizes, clocks, how long things take there.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace doctor {

/// Names and values, the values as JSON: "unknown" where the system does not tell.
std::vector<std::pair<std::string, std::string>> facts();

/// A text as JSON.
std::string quoted(const std::string& text);

}  // namespace doctor
