// subprocess: what is executed, args and list2cmdline
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <list>
#include <ranges>
#include <string_view>

#include "conformance/subprocess/support.hpp"

using namespace tandem::conformance;
using namespace std::string_view_literals;
namespace subprocess = tandem::subprocess;
using subprocess::Command;
using subprocess::DEVNULL;
using subprocess::list2cmdline;
using subprocess::PIPE;
using subprocess::Popen;

namespace {

// What Popen remembers.
Command args_of(Command args, bool shell = false) {
  Popen process(std::move(args), {.stdout_ = DEVNULL, .stderr_ = DEVNULL, .shell = shell});
  process.wait();
  return process.args();
}

}  // namespace

CASE("subprocess.command.words.list", "a list is its words, whatever is in them") {
  const Command args = args_of({"printf", "a b", "", "-x"});
  log(args.words().size(), args.words()[0], repr(args.words()[1]), repr(args.words()[2]),
      args.is_string());
}

CASE("subprocess.command.words.string", "a string is one word") {
  const Command args = args_of("echo a b", true);
  log(to_string(args), args.is_string());
}

CASE("subprocess.command.words.sources", "any sequence of words will do") {
  log(args_of(std::vector<std::string>{"true", "a", "b"}));
  log(args_of(std::deque<std::string_view>{"true", "a", "b"}));
}

CASE("subprocess.command.words.kinds", "literals, strings, views, paths; braces and ranges") {
  const std::string string = "b";
  const Command mixed{"a", string, "c"sv, std::filesystem::path("d")};
  EXPECT_EQ(mixed.words(), (std::vector<std::string>{"a", "b", "c", "d"}));
  const char* const array[] = {"a", "b", "c", "d"};
  EXPECT_EQ(Command(array), mixed);
  EXPECT_EQ(Command(std::list<std::filesystem::path>{"a", "b", "c", "d"}), mixed);
  const auto doubled = std::views::transform([](const char* word) { return std::string(word); });
  EXPECT_EQ(Command(array | doubled), mixed);
  EXPECT_EQ(Command("a b"sv), Command(std::string("a b")));
  EXPECT_EQ(Command("a b"), Command(std::string("a b")));
}

CASE("subprocess.command.words.paths", "a path is the word that it spells") {
  log(args_of({std::filesystem::path("true"), std::filesystem::path("/a/b c")}).words());
}

CASE("subprocess.command.words.copied",
     "what becomes of the list afterwards is not seen by the child") {
  std::vector<std::string> words{"sh", "-c", "read -r line; echo $1", "sh", "as given"};
  Popen process(words, {.stdin_ = PIPE, .stdout_ = PIPE});
  words[4] = "changed";
  log(process.communicate().out.value());
}

CASE("subprocess.command.words.null", "a null pointer is no word") {
  const char* const null = nullptr;
  EXPECT_THROW(Command{null}, tandem::ValueError);
  EXPECT_THROW((Command{"true", null}), tandem::ValueError);
}

CASE("subprocess.command.equality.values", "equal are the same words in the same form") {
  const Command list{"true", "a"};
  log(list == Command{"true", "a"}, Command(std::vector{"true"}) == Command("true"),
      list == Command{"true", "b"}, Command("true") == Command("true"));
}

CASE("subprocess.command.text.string", "printed as the string that it is") {
  for (const char* args : {"exit 0", "echo 'it'", "true ü"}) log(to_string(args_of(args, true)));
}

CASE("subprocess.command.text.list", "printed as Python prints a list of strings") {
  log(to_string(args_of(std::vector{"true"})));
  log(args_of({"true", "", "a b", "it's", "say \"x\"", "both ' and \"", "back\\slash", "tab\t",
               "line\n", "\x01\x7f"}));
  log(args_of({"true", "ü", "\u20ac", "\u200b", "\U0001f600"}));
}

CASE("subprocess.command.text.surrogates", "a byte that is no text is its surrogate") {
  log(args_of({"true", "a\xff", "\x80"}));
}

CASE("subprocess.command.list2cmdline.separated", "words are separated by one space") {
  log(list2cmdline({"a", "b", "c"}));
  log(list2cmdline(std::vector{"alone"}));
  log(list2cmdline(std::vector<std::string>{}));
}

CASE("subprocess.command.list2cmdline.blanks",
     "a word with a blank or a tab is put between quotes") {
  log(list2cmdline({"a b c", "d", "e"}));
  log(list2cmdline({"a\tb", " ", "\t"}));
  log(list2cmdline({"a\nb", "c\vd"}));
}

CASE("subprocess.command.list2cmdline.empty-word", "so is an empty word") {
  log(list2cmdline({"ab", ""}));
  log(list2cmdline(std::vector{""}));
  log(list2cmdline({"", "", "x"}));
}

CASE("subprocess.command.list2cmdline.quotes", "a quote gets a backslash before it") {
  log(list2cmdline({"ab\"c", "\\", "d"}));
  log(list2cmdline({"\"", "\"a b\"", "'"}));
}

CASE("subprocess.command.list2cmdline.backslashes",
     "backslashes are themselves, but twice before a quote") {
  log(list2cmdline({"a\\\\\\b", "de fg", "h"}));
  log(list2cmdline({"a\\\"b", "c", "d"}));
  log(list2cmdline({"a\\\\b c", "d", "e"}));
  log(list2cmdline({"a\\\\b\\ c", "d", "e"}));
  log(list2cmdline({"a\\\\\"b", "\\\\"}));
}

CASE("subprocess.command.list2cmdline.last-backslashes", "twice before the closing quote, too") {
  log(list2cmdline({"ab\"c", " \\", "d"}));
  log(list2cmdline({"a b\\\\", "\\"}));
}

CASE("subprocess.command.list2cmdline.paths", "paths are words") {
  log(list2cmdline({std::filesystem::path("/a/b c"), "d"}));
}
