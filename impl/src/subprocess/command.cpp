#include "tandem/subprocess/command.hpp"

#include "tandem/core/repr.hpp"

namespace tandem::inline v1::subprocess {

std::string to_string(const Command& command) {
  return command.is_string() ? command.words()[0] : repr(command);
}

std::string repr(const Command& command) {
  if (command.is_string()) {
    const std::string text = detail::string_repr(command.words()[0]);
    return command.is_path() ? "PosixPath(" + text + ")" : text;
  }
  std::string text;
  for (const std::string& each : command.words())
    text += (text.empty() ? "" : ", ") + detail::string_repr(each);
  return "[" + text + "]";
}

namespace {

// Backslashes count only before a quote: there each is written twice.
std::string quoted(const std::string& word) {
  const bool in_quotes = word.empty() || word.find_first_of(" \t") != word.npos;
  std::string out = in_quotes ? "\"" : "";
  std::size_t backslashes = 0;
  for (const char each : word) {
    if (each == '"') out.append(backslashes + 1, '\\');
    backslashes = each == '\\' ? backslashes + 1 : 0;
    out += each;
  }
  if (in_quotes) out.append(backslashes, '\\') += '"';
  return out;
}

}  // namespace

std::string list2cmdline(const Command& words) {
  std::string line;
  bool first = true;
  for (const std::string& each : words.words()) {
    if (!first) line += ' ';
    first = false;
    line += quoted(each);
  }
  return line;
}

}  // namespace tandem::inline v1::subprocess
