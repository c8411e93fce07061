"""Reads the part of TOML that this project's files use, where `tomllib` (Python 3.11) is missing.

Tables and arrays of tables with simple or dotted names, bare keys, strings of the four kinds, integers, floats,
booleans, arrays over several lines, inline tables. Anything else is an error, never a guess.
"""

import re

try:
    import tomllib
except ImportError:
    tomllib = None


class TomlError(ValueError):
    pass


def load(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return tomllib.loads(text) if tomllib else loads(text)
    except ValueError as error:
        raise TomlError("%s: %s" % (path, error))


def loads(text):
    return _Parser(text.replace("\r\n", "\n")).document()


_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*(\.[0-9_]+)?([eE][+-]?[0-9]+)?")


class _Parser:
    def __init__(self, text):
        self.text, self.at = text, 0

    def fail(self, what):
        raise TomlError("line %d: %s" % (self.text.count("\n", 0, self.at) + 1, what))

    def document(self):
        root = {}
        table = root
        while self.skip(lines=True):
            if self.take("[["):
                table = self.append_table(root, self.header("]]"))
            elif self.take("["):
                table = self.open_table(root, self.header("]"))
            else:
                self.pair(table)
            self.end_of_line()
        return root

    def skip(self, lines):
        """Passes blanks and comments (line ends too, where asked); says whether anything is left."""
        pattern = r"(?:[ \t\n]|#[^\n]*)*" if lines else r"[ \t]*(?:#[^\n]*)?"
        self.at = re.compile(pattern).match(self.text, self.at).end()
        return self.at < len(self.text)

    def take(self, token):
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token):
        if not self.take(token):
            self.fail("%r expected" % token)

    def end_of_line(self):
        if self.skip(lines=False):
            self.expect("\n")

    def header(self, close):
        names = [self.key()]
        while self.take("."):
            names.append(self.key())
        self.expect(close)
        return names

    def step(self, table, name):
        inner = table.setdefault(name, {})
        return inner[-1] if isinstance(inner, list) else inner

    def append_table(self, root, names):
        for name in names[:-1]:
            root = self.step(root, name)
        entries = root.setdefault(names[-1], [])
        if not isinstance(entries, list):
            self.fail("%s is no array of tables" % names[-1])
        entries.append({})
        return entries[-1]

    def open_table(self, root, names):
        for name in names:
            root = self.step(root, name)
        return root

    def key(self):
        self.skip_blanks()
        if self.text.startswith(('"', "'"), self.at):
            name = self.string()
        else:
            match = _BARE_KEY.match(self.text, self.at)
            if not match:
                self.fail("a key expected")
            self.at, name = match.end(), match.group()
        self.skip_blanks()
        return name

    def skip_blanks(self):
        while self.text.startswith((" ", "\t"), self.at):
            self.at += 1

    def pair(self, table):
        name = self.key()
        self.expect("=")
        self.skip_blanks()
        if name in table:
            self.fail("%s is set twice" % name)
        table[name] = self.value()

    def value(self):
        if self.text.startswith(('"', "'"), self.at):
            return self.string()
        if self.take("["):
            return self.array()
        if self.take("{"):
            return self.inline_table()
        for word, meaning in (("true", True), ("false", False)):
            if self.take(word):
                return meaning
        match = _NUMBER.match(self.text, self.at)
        if not match:
            self.fail("a value expected")
        self.at = match.end()
        digits = match.group().replace("_", "")
        return float(digits) if match.group(1) or match.group(2) else int(digits)

    def array(self):
        items = []
        self.skip(lines=True)
        while not self.take("]"):
            items.append(self.value())
            self.skip(lines=True)
            if not self.take(","):
                self.expect("]")
                break
            self.skip(lines=True)
        return items

    def inline_table(self):
        table = {}
        self.skip_blanks()
        while not self.take("}"):
            self.pair(table)
            self.skip_blanks()
            if not self.take(","):
                self.expect("}")
                break
            self.skip_blanks()
        return table

    def string(self):
        for quote in ('"""', "'''", '"', "'"):
            if self.take(quote):
                break
        if len(quote) == 3:
            self.take("\n")
        if quote[0] == "'":
            return self.literal(quote)
        return self.basic(quote)

    def literal(self, quote):
        end = self.text.find(quote, self.at)
        if end < 0 or (len(quote) == 1 and "\n" in self.text[self.at : end]):
            self.fail("string without an end")
        text, self.at = self.text[self.at : end], end + len(quote)
        return text

    def basic(self, quote):
        parts = []
        while not self.take(quote):
            if self.at >= len(self.text) or (len(quote) == 1 and self.text[self.at] == "\n"):
                self.fail("string without an end")
            if self.take("\\"):
                parts.append(self.escape(len(quote) == 3))
            else:
                parts.append(self.text[self.at])
                self.at += 1
        return "".join(parts)

    def escape(self, multiline):
        folded = re.compile(r"[ \t]*\n\s*").match(self.text, self.at)
        if multiline and folded:
            self.at = folded.end()
            return ""
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter in ("u", "U"):
            width = 4 if letter == "u" else 8
            self.at += width
            return chr(int(self.text[self.at - width : self.at], 16))
        if letter not in _ESCAPES:
            self.fail("unknown escape \\%s" % letter)
        return _ESCAPES[letter]
