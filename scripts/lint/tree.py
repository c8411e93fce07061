"""What the lints share: the project's files, and how a lint ends."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = (".hpp", ".cpp")

# From the bottom up; each may use what stands before it.
LAYERS = ("platform", "core", "threading", "queue", "shlex", "subprocess", "os", "pickle",
          "multiprocessing", "concurrent/futures", "asyncio")
MODULES = LAYERS[2:]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
_TOKEN = re.compile(
    r'R"([^ ()\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/',
    re.S)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def files(root, under, suffixes):
    """The files below a folder, as paths from the root with "/" in them, in order."""
    found = []
    for folder, folders, names in os.walk(os.path.join(root, under)):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [os.path.join(folder, name) for name in names if name.endswith(suffixes)]
    return sorted(os.path.relpath(path, root).replace(os.sep, "/") for path in found)


def without_comments(text):
    """The code alone; every line keeps its number, literals lose their contents."""
    def blank(match):
        return '""' * (match.group()[0] != "/") + "\n" * match.group().count("\n")
    # An apostrophe inside a number is no literal.
    return _TOKEN.sub(blank, re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text))


def includes(text):
    """Yields (line number, header, is in angle brackets)."""
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match.group(2), match.group(1) == "<"


def line_matches(pattern, text):
    """Yields (line number, match)."""
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match


def finish(name, complaints, looked_at):
    """Prints what is wrong and leaves. A lint that saw nothing is wrong as well."""
    for complaint in complaints:
        print(complaint)
    print("%s: %d looked at, %d wrong" % (name, looked_at, len(complaints)))
    if not looked_at:
        print("nothing to look at: is this the project?")
    sys.exit(1 if complaints or not looked_at else 0)
