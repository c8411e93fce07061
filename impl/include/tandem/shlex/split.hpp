// Python's shlex.split.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::shlex {

// Python's keyword arguments of split().
struct SplitOptions {
  bool comments = false;  // "#" begins a comment, even inside a word; it ends with the line
  bool posix = true;      // quotes and backslashes mean what they mean to a POSIX shell
};

// The words of a command line, as a shell would find them: separated by spaces, tabs and ends of
// lines. In POSIX mode quotes keep a word together and are left out of it, and a backslash takes
// the meaning from what follows. Otherwise quotes stay, and the backslash is a character as any
// other. What is beyond ASCII has no meaning in either.
// Throws   ValueError (no closing quotation; nothing after a backslash).
// Threads  any number at once.
// Spec     shlex.split
TANDEM_API std::vector<std::string> split(std::string_view s, SplitOptions options = {});
std::vector<std::string> split(std::nullptr_t, SplitOptions = {}) = delete;

}  // namespace tandem::inline v1::shlex
