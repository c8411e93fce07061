// shlex::quote and shlex::join
#include "tandem/shlex/quote.hpp"

#include <cstdio>
#include <ranges>
#include <set>
#include <string>
#include <vector>

#include "conformance/harness/case.hpp"
#include "tandem/shlex/split.hpp"

using namespace tandem::conformance;
namespace shlex = tandem::shlex;

using Words = std::vector<std::string>;

namespace {

// By the system's own popen(): what a shell makes of the command.
std::string output_of(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("no shell");
  std::string output;
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  ::pclose(pipe);
  return output;
}

Words every_character() {
  Words every;
  for (int code = 1; code < 128; ++code) every.emplace_back(1, static_cast<char>(code));
  return every;
}

}  // namespace

CASE("shlex.quote.safe", "what means nothing to a shell is left as it is") {
  log(
      shlex::quote("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789@%_-+=:,./"));
  log(shlex::quote("/usr/bin/python3.8"));
}

CASE("shlex.quote.unsafe", "all else is put into single quotes") {
  for (const char* text :
       {"test file name", "a\"b", "a`b", "a$b", "a\\b", "a!b", "a\nb", "~", "#", "*", " "})
    log(shlex::quote(text));
}

CASE("shlex.quote.empty", "the empty text is two single quotes") { log(shlex::quote("")); }

CASE("shlex.quote.single-quote", "a single quote is quoted by double ones") {
  for (const char* text : {"'", "it's", "''", "'name'", "a'b\"c", "test$'name'"})
    log(shlex::quote(text));
}

CASE("shlex.quote.not-ascii", "letters beyond ASCII are not safe") {
  for (const char* text : {"é", "naïve", "文件", "ß'ß"}) log(shlex::quote(text));
}

CASE("shlex.quote.every-character", "each character of ASCII alone") {
  for (const std::string& character : every_character()) log(repr(shlex::quote(character)));
}

CASE("shlex.quote.one-word-of-the-shell", "a hostile file name stays a word") {
  for (const std::string text : {"file; echo hacked", "$(echo hacked)", "`echo hacked`",
                                 "a' ; echo 'hacked", "&& echo hacked", "> x", "", "two  words",
                                 "line\nline", "\\", "!", "~", "*", "#", "\"", "$HOME", "é"})
    log(output_of("printf '<%s>' " + shlex::quote(text) + " end") == "<" + text + "><end>");
}

CASE("shlex.join.words", "the words quoted, with a space between them") {
  log(shlex::join({}));
  log(shlex::join({"a"}));
  log(shlex::join({"a ", "b"}));
  log(shlex::join({"a", " b"}));
  log(shlex::join({"a", " ", "b"}));
  log(shlex::join({"\"a", "b\""}));
  log(shlex::join({"", ""}));
  log(shlex::join({"ls", "-l", "it's"}));
}

CASE("shlex.join.ranges", "from a list, a set, a generator") {
  log(shlex::join(Words{"a b", "c"}));
  log(shlex::join(std::set<std::string>{"a b", "c"}));
  const Words letters{"a", "b"};
  log(shlex::join(letters |
                  std::views::transform([](const std::string& word) { return word + " "; })));
}

CASE("shlex.join.split-again", "split makes the same words again") {
  for (const Words& words :
       {Words{}, Words{""}, Words{"", ""}, Words{"a", "b c"}, Words{"it's", "a \"b\""},
        Words{"\\", "\n", "\t", "#"}, Words{"é", "'\"'"}, every_character()})
    log(shlex::split(shlex::join(words)) == words);
}
