import pathlib
from subprocess import DEVNULL, Popen, list2cmdline

from case import case, log


def args_of(args, **options):
    """What Popen remembers."""
    with Popen(args, stdout=DEVNULL, stderr=DEVNULL, **options) as process:
        return process.args


@case("subprocess.command.words.list", "a list is its words, whatever is in them")
def _():
    args = args_of(["printf", "a b", "", "-x"])
    log(len(args), args[0], repr(args[1]), repr(args[2]), isinstance(args, str))


@case("subprocess.command.words.string", "a string is one word")
def _():
    args = args_of("echo a b", shell=True)
    log(args, isinstance(args, str))


@case("subprocess.command.words.sources", "any sequence of words will do")
def _():
    words = ["true", "a", "b"]
    for args in (words, tuple(words)):
        log(list(args_of(args)))


@case("subprocess.command.words.paths", "a path is the word that it spells")
def _():
    log([str(word) for word in args_of([pathlib.Path("true"), pathlib.Path("/a/b c")])])


@case("subprocess.command.words.copied", "what becomes of the list afterwards is not seen by the child")
def _():
    words = ["sh", "-c", "read -r line; echo $1", "sh", "as given"]
    process = Popen(words, stdin=-1, stdout=-1)
    words[4] = "changed"
    log(process.communicate()[0].decode())


@case("subprocess.command.equality.values", "equal are the same words in the same form")
def _():
    log(["true", "a"] == ["true", "a"], ["true"] == "true", ["true", "a"] == ["true", "b"], "true" == "true")


@case("subprocess.command.text.string", "printed as the string that it is")
def _():
    for args in ("exit 0", "echo 'it'", "true ü"):
        log(args_of(args, shell=True))


@case("subprocess.command.text.list", "printed as Python prints a list of strings")
def _():
    log(args_of(["true"]))
    log(args_of(["true", "", "a b", "it's", 'say "x"', "both ' and \"", "back\\slash", "tab\t", "line\n", "\x01\x7f"]))
    log(args_of(["true", "ü", "\u20ac", "\u200b", "\U0001f600"]))


@case("subprocess.command.text.surrogates", "a byte that is no text is its surrogate")
def _():
    log(args_of(["true", "a\udcff", "\udc80"]))


@case("subprocess.command.list2cmdline.separated", "words are separated by one space")
def _():
    log(list2cmdline(["a", "b", "c"]))
    log(list2cmdline(["alone"]))
    log(list2cmdline([]))


@case("subprocess.command.list2cmdline.blanks", "a word with a blank or a tab is put between quotes")
def _():
    log(list2cmdline(["a b c", "d", "e"]))
    log(list2cmdline(["a\tb", " ", "\t"]))
    log(list2cmdline(["a\nb", "c\vd"]))


@case("subprocess.command.list2cmdline.empty-word", "so is an empty word")
def _():
    log(list2cmdline(["ab", ""]))
    log(list2cmdline([""]))
    log(list2cmdline(["", "", "x"]))


@case("subprocess.command.list2cmdline.quotes", "a quote gets a backslash before it")
def _():
    log(list2cmdline(['ab"c', "\\", "d"]))
    log(list2cmdline(['"', '"a b"', "'"]))


@case("subprocess.command.list2cmdline.backslashes", "backslashes are themselves, but twice before a quote")
def _():
    log(list2cmdline(["a\\\\\\b", "de fg", "h"]))
    log(list2cmdline(['a\\"b', "c", "d"]))
    log(list2cmdline(["a\\\\b c", "d", "e"]))
    log(list2cmdline(["a\\\\b\\ c", "d", "e"]))
    log(list2cmdline(['a\\\\"b', "\\\\"]))


@case("subprocess.command.list2cmdline.last-backslashes", "twice before the closing quote, too")
def _():
    log(list2cmdline(['ab"c', " \\", "d"]))
    log(list2cmdline(["a b\\\\", "\\"]))


@case("subprocess.command.list2cmdline.paths", "paths are words")
def _():
    log(list2cmdline([pathlib.Path("/a/b c"), "d"]))
