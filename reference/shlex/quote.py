"""Twins of conformance/shlex/quote_test.cpp."""

import shlex
import string
import subprocess

from case import case, log


@case("shlex.quote.safe", "what means nothing to a shell is left as it is")
def _():
    log(shlex.quote(string.ascii_letters + string.digits + "@%_-+=:,./"))
    log(shlex.quote("/usr/bin/python3.8"))


@case("shlex.quote.unsafe", "all else is put into single quotes")
def _():
    for text in ["test file name", 'a"b', "a`b", "a$b", "a\\b", "a!b", "a\nb", "~", "#", "*", " "]:
        log(shlex.quote(text))


@case("shlex.quote.empty", "the empty text is two single quotes")
def _():
    log(shlex.quote(""))


@case("shlex.quote.single-quote", "a single quote is quoted by double ones")
def _():
    for text in ["'", "it's", "''", "'name'", "a'b\"c", "test$'name'"]:
        log(shlex.quote(text))


@case("shlex.quote.not-ascii", "letters beyond ASCII are not safe")
def _():
    for text in ["é", "naïve", "文件", "ß'ß"]:
        log(shlex.quote(text))


@case("shlex.quote.every-character", "each character of ASCII alone")
def _():
    for character in map(chr, range(1, 128)):
        log(repr(shlex.quote(character)))


@case("shlex.quote.one-word-of-the-shell", "a hostile file name stays a word")
def _():
    hostile = ["file; echo hacked", "$(echo hacked)", "`echo hacked`", "a' ; echo 'hacked", "&& echo hacked", "> x"]
    for text in hostile + ["", "two  words", "line\nline", "\\", "!", "~", "*", "#", '"', "$HOME", "é"]:
        command = "printf '<%s>' " + shlex.quote(text) + " end"
        log(subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE).stdout.decode() == "<" + text + "><end>")


@case("shlex.join.words", "the words quoted, with a space between them")
def _():
    for words in [[], ["a"], ["a ", "b"], ["a", " b"], ["a", " ", "b"], ['"a', 'b"'], ["", ""], ["ls", "-l", "it's"]]:
        log(shlex.join(words))


@case("shlex.join.ranges", "from a list, a set, a generator")
def _():
    log(shlex.join(["a b", "c"]))
    log(shlex.join({"a b": 1, "c": 2}))
    log(shlex.join(word + " " for word in ("a", "b")))


@case("shlex.join.split-again", "split makes the same words again")
def _():
    for words in [[], [""], ["", ""], ["a", "b c"], ["it's", 'a "b"'], ["\\", "\n", "\t", "#"], ["é", "'\"'"]]:
        log(shlex.split(shlex.join(words)) == words)
    every = [chr(code) for code in range(1, 128)]
    log(shlex.split(shlex.join(every)) == every)
