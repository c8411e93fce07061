#include "tandem/shlex/quote.hpp"

#include <algorithm>

namespace tandem::inline v1::shlex {

namespace {

// Of ASCII alone: a shell of another locale might read more into other bytes.
bool means_nothing_to_a_shell(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

}  // namespace

std::string quote(std::string_view s) {
  if (!s.empty() && std::ranges::all_of(s, means_nothing_to_a_shell)) return std::string(s);
  // Nothing has a meaning inside single quotes, nor can anything there stand for one of them.
  std::string quoted = "'";
  for (const char c : s) {
    if (c == '\'')
      quoted += R"('"'"')";
    else
      quoted += c;
  }
  return quoted + '\'';
}

}  // namespace tandem::inline v1::shlex
