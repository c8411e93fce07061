"""Twins of conformance/shlex/split_test.cpp."""

import shlex

from case import case, log, raised


def show(*texts, **options):
    for text in texts:
        log(repr(text), "->", shlex.split(text, **options))


def fail(*texts, **options):
    for text in texts:
        log(repr(text), "->", raised(lambda: shlex.split(text, **options)))


@case("shlex.split.whitespace", "spaces, tabs and ends of lines separate words")
def _():
    show("foo bar", " foo bar", " foo bar ", "foo   bar    bla     fasel", "a\tb\rc\nd\r\ne", "a\vb\fc d")


@case("shlex.split.nothing", "no words")
def _():
    show("", " ", "\n\t \r")


@case("shlex.split.punctuation", "what else a shell looks at is a part of the word")
def _():
    show("x", ":-) ;-)", "a|b && c;d", "2>&1 >out <in", "(a) {b} [c]", "$HOME `pwd` *.? ~ ! ^ % a=b,c")


@case("shlex.split.not-ascii", "what is beyond ASCII is a part of the word")
def _():
    show("áéíóú", "ℙƴ☂ℌøἤ b", "naïve 文件", "'é è'")


@case("shlex.split.quotes", "quotes keep a word together")
def _():
    show('foo "bar" bla', "'foo' 'bar' bla", "'a b' \"c d\"", '"it\'s"', "'say \"no\"'", "'a\nb' \"c\td\"", "'#' \"#\"")


@case("shlex.split.empty-quotation", "nothing in quotes is an empty word")
def _():
    show('""', "''", 'foo "" bar', "foo '' '' '' bar", "''\"\"", "a''", '""a', "'' ")


@case("shlex.split.parts", "what stands side by side is one word")
def _():
    show('blurb foo"bar"bar"fasel" baz', "blurb foo'bar'bar'fasel' baz", "a\\ b'c d'\"e f\"g", "'a'\"'\"'b'", "'a''b'")


@case("shlex.split.escape", "a backslash takes the meaning from what follows")
def _():
    show("\\x bar", "\\ x bar", "\\ bar", "foo \\x bar", "foo\\ xx", "\\\"foo", "don\\'t", "\\\\", "a\\\nb", "a\\\tb\\\r", "\\#")


@case("shlex.split.escape-in-double-quotes", "but only from two characters between double quotes")
def _():
    show('"\\""', '"foo\\ bar"', '"foo\\\\ bar"', '"foo\\\\ bar\\""', '"foo\\\\" bar\\"', '"foo\\\\\\x bar\\" dfadf"', '"\\\'"', '"a\\\nb"', '"\\$x"')


@case("shlex.split.no-escape-in-single-quotes", "and from none between single ones")
def _():
    show("'foo\\ bar'", "'foo\\\\ bar'", "'\\'", "'a\\'b", "'\\\"'")


@case("shlex.split.no-closing-quotation", "a quotation has to end")
def _():
    fail("'", '"', "a 'b c", 'a "b c', "'a\"", "a'b'\"", '"\\"', "''' ")


@case("shlex.split.no-escaped-character", "a backslash has to be followed")
def _():
    fail("\\", "a\\", "a \\", '"\\', '"a\\', "'a'\\", "\\\\\\")


@case("shlex.split.comments-off", "# is a character as any other")
def _():
    show("foo#bar", "# a b", "a #b\nc", "#")


@case("shlex.split.comments", "what follows # in a line is left out")
def _():
    show("foo#bar\nbaz", "# a b", "a #b\nc", "#", "#\n#\n a#\n#b\nc", "a # 'b\nc", "'#'a\\#\"#\"#b", "''#", "a#b\\\nc", "a#b\rc", comments=True)


@case("shlex.split.not-posix", "quotes stay, backslashes too")
def _():
    show("foo 'bar' bla", '"foo" bar "bla"', "\\x bar", "\\ x bar", '"foo\\ bar"', "'it is'", "\\'a b'", '"a\\"b', "áéíóú", posix=False)


@case("shlex.split.not-posix-quotes", "a quotation is a word of its own only where one begins")
def _():
    show('""', "foo '' bar", "'a''b'", "'a'b 'c'", "a'b c'd", "blurb foo\"bar\"bar\"fasel\" baz", "''a", "it's", "'a b'\"c d\"", posix=False)


@case("shlex.split.not-posix-comments", "a word goes on after its comment")
def _():
    show("foo#bar\nbaz", "# a b", "a #b\nc", "a#b", "a#b\n#c\nd e", "a#\n b", "'#'#a\nb", "a#b\n'c d'", posix=False, comments=True)


@case("shlex.split.not-posix-errors", "a quotation has to end, a backslash need not be followed")
def _():
    fail("'", "a \"b", "'a'\"", "it's", "\\", "'\\'", "'\\", posix=False)
