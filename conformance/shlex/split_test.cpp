// shlex::split
#include "tandem/shlex/split.hpp"

#include <initializer_list>

#include "conformance/harness/case.hpp"

using namespace tandem::conformance;
namespace shlex = tandem::shlex;

namespace {

void show(std::initializer_list<const char*> texts, shlex::SplitOptions options = {}) {
  for (const char* text : texts) log(repr(text), "->", shlex::split(text, options));
}

void fail(std::initializer_list<const char*> texts, shlex::SplitOptions options = {}) {
  for (const char* text : texts)
    log(repr(text), "->", raised([&] { shlex::split(text, options); }));
}

}  // namespace

CASE("shlex.split.whitespace", "spaces, tabs and ends of lines separate words") {
  show({"foo bar", " foo bar", " foo bar ", "foo   bar    bla     fasel", "a\tb\rc\nd\r\ne",
        "a\vb\fc d"});
}

CASE("shlex.split.nothing", "no words") { show({"", " ", "\n\t \r"}); }

CASE("shlex.split.punctuation", "what else a shell looks at is a part of the word") {
  show({"x", ":-) ;-)", "a|b && c;d", "2>&1 >out <in", "(a) {b} [c]",
        "$HOME `pwd` *.? ~ ! ^ % a=b,c"});
}

CASE("shlex.split.not-ascii", "what is beyond ASCII is a part of the word") {
  show({"áéíóú", "ℙƴ☂ℌøἤ b", "naïve 文件", "'é è'"});
}

CASE("shlex.split.quotes", "quotes keep a word together") {
  show({"foo \"bar\" bla", "'foo' 'bar' bla", "'a b' \"c d\"", "\"it's\"", "'say \"no\"'",
        "'a\nb' \"c\td\"", "'#' \"#\""});
}

CASE("shlex.split.empty-quotation", "nothing in quotes is an empty word") {
  show({"\"\"", "''", "foo \"\" bar", "foo '' '' '' bar", "''\"\"", "a''", "\"\"a", "'' "});
}

CASE("shlex.split.parts", "what stands side by side is one word") {
  show({"blurb foo\"bar\"bar\"fasel\" baz", "blurb foo'bar'bar'fasel' baz", R"(a\ b'c d'"e f"g)",
        R"('a'"'"'b')", "'a''b'"});
}

CASE("shlex.split.escape", "a backslash takes the meaning from what follows") {
  show({R"(\x bar)", R"(\ x bar)", R"(\ bar)", R"(foo \x bar)", R"(foo\ xx)", R"(\"foo)",
        R"(don\'t)", R"(\\)", "a\\\nb", "a\\\tb\\\r", R"(\#)"});
}

CASE("shlex.split.escape-in-double-quotes", "but only from two characters between double quotes") {
  show({R"("\"")", R"("foo\ bar")", R"("foo\\ bar")", R"("foo\\ bar\"")", R"("foo\\" bar\")",
        R"("foo\\\x bar\" dfadf")", R"("\'")", "\"a\\\nb\"", R"("\$x")"});
}

CASE("shlex.split.no-escape-in-single-quotes", "and from none between single ones") {
  show({R"('foo\ bar')", R"('foo\\ bar')", R"('\')", R"('a\'b)", R"('\"')"});
}

CASE("shlex.split.no-closing-quotation", "a quotation has to end") {
  fail({"'", "\"", "a 'b c", "a \"b c", "'a\"", "a'b'\"", R"("\")", "''' "});
}

CASE("shlex.split.no-escaped-character", "a backslash has to be followed") {
  fail({R"(\)", R"(a\)", R"(a \)", R"("\)", R"("a\)", R"('a'\)", R"(\\\)"});
}

CASE("shlex.split.comments-off", "# is a character as any other") {
  show({"foo#bar", "# a b", "a #b\nc", "#"});
}

CASE("shlex.split.comments", "what follows # in a line is left out") {
  show({"foo#bar\nbaz", "# a b", "a #b\nc", "#", "#\n#\n a#\n#b\nc", "a # 'b\nc", R"('#'a\#"#"#b)",
        "''#", "a#b\\\nc", "a#b\rc"},
       {.comments = true});
}

CASE("shlex.split.not-posix", "quotes stay, backslashes too") {
  show({"foo 'bar' bla", "\"foo\" bar \"bla\"", R"(\x bar)", R"(\ x bar)", R"("foo\ bar")",
        "'it is'", R"(\'a b')", R"("a\"b)", "áéíóú"},
       {.posix = false});
}

CASE("shlex.split.not-posix-quotes", "a quotation is a word of its own only where one begins") {
  show({"\"\"", "foo '' bar", "'a''b'", "'a'b 'c'", "a'b c'd", "blurb foo\"bar\"bar\"fasel\" baz",
        "''a", "it's", "'a b'\"c d\""},
       {.posix = false});
}

CASE("shlex.split.not-posix-comments", "a word goes on after its comment") {
  show({"foo#bar\nbaz", "# a b", "a #b\nc", "a#b", "a#b\n#c\nd e", "a#\n b", "'#'#a\nb",
        "a#b\n'c d'"},
       {.comments = true, .posix = false});
}

CASE("shlex.split.not-posix-errors", "a quotation has to end, a backslash need not be followed") {
  fail({"'", "a \"b", "'a'\"", "it's", R"(\)", R"('\')", R"('\)"}, {.posix = false});
}
