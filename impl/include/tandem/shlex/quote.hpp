// Python's shlex.quote and shlex.join.
#pragma once
#include <concepts>
#include <initializer_list>
#include <ranges>
#include <string>
#include <string_view>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::shlex {

// `s` so that a POSIX shell reads it as one word and takes nothing in it for its own: what makes
// text from elsewhere safe in a command line. As it is, where the shell means nothing by any of
// its characters; else in single quotes.
//   s  any bytes. A zero is not looked at, but no command can have one.
// Threads  any number at once.
// Spec     shlex.quote
TANDEM_API std::string quote(std::string_view s);

// The command line of which split() makes these words again: each quoted, a space between them.
//   split_command  the words: any range of what is convertible to std::string_view
// Threads  any number at once, as far as the range allows it.
// Spec     shlex.join
template <std::ranges::input_range R>
requires std::convertible_to<std::ranges::range_reference_t<R>, std::string_view> std::string join(
    R&& split_command) {
  std::string command;
  bool first = true;
  for (auto&& word : split_command) {
    if (!first) command += ' ';
    first = false;
    command += quote(word);
  }
  return command;
}
inline std::string join(std::initializer_list<std::string_view> split_command) {
  return join<const std::initializer_list<std::string_view>&>(split_command);
}

}  // namespace tandem::inline v1::shlex
