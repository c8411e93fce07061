#!/usr/bin/env python3
"""What goes wrong with coroutines while everything compiles.

A coroutine's parameter must not refer to what may be gone when it runs: no `const T&`, `T&&`, string_view, span,
initializer_list or subrange. (An lvalue reference to what cannot be copied is somebody's affair who reads it, and a
reference_wrapper takes no temporary.)

g++ 12 destroys twice what stands within an expression with co_await: a lambda that captures by value, and the temporary
of an aggregate with a destructor, however it is written: `Item{1, "x"}`, `Item(1, "x")`, in braces without a name, in
another aggregate, or as a default argument. What a constructor makes, a copy too, is safe. Give such a thing a name first.

Types are not known here: an aggregate is a struct without constructors that our files define, and its destructor does
something when there is one, or when a base or a member is one of std's classes or of ours whose destructor does. Braces
without a name are an aggregate unless it is known that the function takes a class.
"""
import re

import tree

ROOMS = ("impl", "conformance", "bench")
KEYWORD = re.compile(r"\bco_(?:await|return|yield)\b")
AWAIT = re.compile(r"\bco_await\b")
# Before the `{` of statements; all other blocks are functions, classes and the like.
PLAIN = re.compile(r"(?:(?:if|for|while|switch|catch|else|do|try)\b.*)?", re.S)
LAMBDA_BODY = re.compile(r"\]\s*(?:\(|$|mutable\b|->|<)")
TYPE = re.compile(r"\b(?:struct|class|union|enum|namespace|extern|concept)\b[^()]*$")
RETURNS_TRAILING = re.compile(r"->\s*(?:\w+::)*Coroutine\s*<[^;]*>\s*$")
RETURNS = re.compile(r"(?:^|[\s;{}:>\]])Coroutine\s*<")
AFTER_PARAMETERS = re.compile(r"(?:\s*(?:const|noexcept|override|final|mutable|&&?))*\s*$")
CAPTURES = re.compile(r"(?<![\w\)\]\[])\[(?!\[)([^\[\]]*)\](?=\s*(?:\(|\{|<|mutable\b|->|noexcept\b))")
HARMLESS_CAPTURE = re.compile(r"\s*(?:&\s*[\w.]*(?:\s*=.*)?|this)?\s*", re.S)
VIEW = re.compile(r"\b(?:\w*string_view|span|initializer_list|subrange)\b")

STRUCT = re.compile(r"\b(?:struct|class)\s+(?:TANDEM_API\s+)?(\w+)(?:\s+final)?\s*(?::([^;{}()=]*))?\{")
MEMBER = re.compile(r"^(?:mutable\s+)?(?:const\s+)?([\w:]+(?:<.*>)?)(?:\s*const)?\s+(\w+)\s*(?:\[\w*\])*\s*(?:\{.*\}|=.*)?$", re.S)
# Members whose destructors do nothing, though they are std's.
HARMLESS = re.compile(
    r"std::(?:u?int\w+_t|size_t|ptrdiff_t|byte|nullptr_t|string_view|chrono::\w+(?:<.*>)?|"
    r"(?:optional|atomic|array)<(?:bool|char|int|long|double|std::size_t|std::string_view)\b[^<>]*>)")
# Whose braces become a class, or something without a destructor.
TAKE_BRACES = ("wait", "create_subprocess_exec", "subprocess_exec")
AWAITABLE = re.compile(r"\b(?:Coroutine|Future|Task|Attempt)\s*<[^;{}()]*>\s*[\w:]+\s*\($")


class Statement:
    """The text since the last `;`, `{` or `}`; blocks inside it are left out."""

    def __init__(self, line):
        self.text, self.line, self.depth = "", line, 0

    def add(self, char, line):
        if not self.text.strip():
            self.text, self.line = "", line
        self.text += char


class Block:
    def __init__(self, header, line):
        self.header, self.line = header, line
        self.statement, self.is_coroutine = Statement(line), False

    def is_plain(self):
        """Of a statement, and so of the function around it."""
        return PLAIN.fullmatch(self.header) is not None and not LAMBDA_BODY.search(self.header)


def is_block(before):
    """Is the `{` behind this text one of a block? Else it is one of an initializer."""
    before = before.rstrip()
    if not before or before[-1] in ");{}:" or TYPE.search(before) or RETURNS_TRAILING.search(before):
        return True
    if re.search(r"->[^;(){}]*$", before) or re.search(r"\]$", before) and CAPTURES.search(before + "{"):
        return True
    return re.search(r"\b(?:else|do|try|const|noexcept|override|final|mutable)$", before) is not None


def parse(code):
    """Yields ("block", Block) for each that ends, and ("statement", Statement) for each."""
    blocks, braces, line = [Block("", 1)], [], 1
    for char in code:
        statement = blocks[-1].statement
        line += char == "\n"
        if char == "{":
            braces.append(is_block(statement.text))
            if braces[-1]:
                blocks.append(Block(statement.text, statement.line))
                continue
        elif char == "}":
            if braces and braces.pop():
                yield from ended(blocks)
                continue
        elif char in "([":
            statement.depth += 1
        elif char in ")]":
            statement.depth -= 1
        elif char == ";" and statement.depth <= 0:
            yield "statement", statement
            note(blocks[-1], statement)
            blocks[-1].statement = Statement(line)
            continue
        statement.add(char, line)


def note(block, statement):
    block.is_coroutine = block.is_coroutine or KEYWORD.search(statement.text) is not None


def ended(blocks):
    block = blocks.pop()
    note(block, block.statement)
    yield "statement", block.statement
    yield "block", block
    outer = blocks[-1] if blocks else None
    if outer is None:
        blocks.append(Block("", block.line))
        return
    if block.is_plain():
        outer.is_coroutine = outer.is_coroutine or block.is_coroutine or KEYWORD.search(block.header) is not None
    if outer.statement.depth <= 0 and not LAMBDA_BODY.search(block.header):
        yield "statement", outer.statement  # what stood before the block: a condition, a signature
        outer.statement = Statement(block.line)
    else:
        outer.statement.text += "{}"  # the body of a lambda, in an expression that goes on


def parameters(header):
    """Those of the coroutine whose body follows; None: it is none."""
    trailing = RETURNS_TRAILING.search(header)
    signature = header[:trailing.start()] if trailing else header
    signature = AFTER_PARAMETERS.sub("", signature)
    if not signature.endswith(")"):
        return [] if trailing else None
    begin = opening(signature)
    if not trailing and not RETURNS.search(signature[:begin]):
        return None
    return split(signature[begin + 1:-1])


def opening(text):
    """Where the parenthesis opens that closes at the end."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] == ")") - (text[at] == "(")
        if depth == 0:
            return at
    return 0


def split(text):
    """At the commas that are in no brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "(<[{") - (char in ")>]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def wrong_parameter(parameter):
    kind = parameter.split("=")[0]
    if VIEW.search(kind):
        return "a view"
    if "&&" in kind:
        return "an rvalue reference"
    outer = re.sub(r"\([^()]*\)$", "", re.sub(r"<[^<>]*>", "", re.sub(r"<[^<>]*>", "", kind))).rpartition("*")[2]
    return "a reference to const" if "&" in outer and re.search(r"\bconst\b", outer) else None


class Kind:
    """A class that our files define."""

    def __init__(self, name, bases, body):
        members = [MEMBER.match(part.strip()) for part in re.sub(r"\b(?:public|protected|private)\s*:", "", body).split(";")]
        self.name, self.members = name, {member.group(2): member.group(1) for member in members if member}
        self.parts = set(self.members.values()) | {re.sub(r"\b(?:public|protected|private|virtual)\b", "", base).strip()
                                                   for base in split(bases or "")}
        made = re.search(r"(?<![~\w])(?:explicit\s+)?%s\s*\(" % name, body)
        self.is_aggregate = not made and not re.search(r"\b(?:private|protected)\s*:|\bvirtual\b", body)
        self.works = "~" + name in body  # does its destructor do anything, as far as one can see?


def kinds(code):
    for match in STRUCT.finditer(code):
        yield Kind(match.group(1), match.group(2), top_level(code[match.end():]))


class Known:
    """All of them. A name that several have is what all are."""

    def __init__(self, all_kinds):
        self.kinds = {}
        for kind in all_kinds:
            self.kinds.setdefault(kind.name, []).append(kind)
        while any([self.finds_out(kind) for kind in all_kinds if not kind.works]):
            pass

    def finds_out(self, kind):
        kind.works = any(map(self.works, kind.parts))
        return kind.works

    def works(self, part):
        """Of a type, as it is written."""
        if part.startswith("std::"):
            return not HARMLESS.fullmatch(part)
        named = self.kinds.get(re.sub(r"<.*", "", part, flags=re.S).rpartition("::")[2])
        return bool(named) and all(kind.works for kind in named)

    def aggregates(self):
        """The names of those that must not stand in such an expression."""
        return [name for name, named in self.kinds.items() if all(kind.is_aggregate and kind.works for kind in named)]

    def options(self, names):
        """Which ones have members of these names?"""
        return [kind for named in self.kinds.values() for kind in named if kind.is_aggregate and names <= set(kind.members)]


def top_level(code):
    """Of a class's body what stands in no other braces."""
    text, depth = "", 0
    for char in code:
        if char == "}" and depth == 0:
            return text
        depth += (char == "{") - (char == "}")
        if depth == 0:
            text += ";" if char == "}" else char
    return text


def braces(text):
    """Yields (the function, what stands in them) of the braces without a name that are arguments of a call."""
    for match in re.finditer(r"[(,]\s*\{", text):
        depth, at = 0, match.start() + (text[match.start()] == "(")
        while at > 0:
            at -= 1
            depth += (text[at] in ")]}") - (text[at] in "([{")
            if depth < 0:
                break
        function = re.search(r"(\w+)\s*(?:<[^;{}()]*>)?\s*$", text[:at])
        if depth < 0 and text[at] == "(" and function:
            yield function.group(1), top_level(text[match.end():]).strip()


class Expressions:
    """What is wrong within a statement that awaits, and with functions that such a one calls."""

    def __init__(self, known):
        self.known = known
        names = "|".join(sorted(known.aggregates()) or ["array"])
        self.temporary = re.compile(r"\b(%s|array)\s*(?:<[^;{}]*>)?(?:(?:\s+\w+)?\s*\{|\((?!\s*\)))" % names)
        self.default = re.compile(r"[(,]\s*(?:const\s+)?(?:\w+::)*(%s)(?:\s*<[^;{}()]*>)?[\s&]*\w*\s*=[^=]" % names)

    def wrong(self, text):
        for captures in CAPTURES.findall(text):
            if not all(HARMLESS_CAPTURE.fullmatch(capture) for capture in split(captures)):
                yield "a lambda that captures by value within an expression with co_await: name it first"
        for match in self.temporary.finditer(text):
            yield "a temporary %s within an expression with co_await: name it first" % match.group(1)
        for function, inside in braces(text):
            names = set(re.findall(r"\.(\w+)\s*=", inside)) if inside.startswith(".") else None
            fitting = self.known.options(names) if names else []
            if fitting and all(kind.works for kind in fitting):
                yield "options {.%s = …} with a destructor within an expression with co_await: name them first" % min(names)
            if names is None and function not in TAKE_BRACES and (inside or function == "put"):
                yield "%s({…}) within an expression with co_await: name what it gets first" % function

    def wrong_defaults(self, text):
        for match in self.default.finditer(text):
            if AWAITABLE.search(text[:opening_of(text, match.start())]):
                yield "a default argument %s, which callers have within an expression with co_await: overload" % match.group(1)


def opening_of(text, at):
    """Behind the parenthesis in which the place is; 0: none."""
    depth = 0
    for at in range(at, -1, -1):
        depth += (text[at] in ")]}") - (text[at] in "([{")
        if depth < 0:
            return at + 1
    return 0


def check_file(text, known):
    """Yields (line number, what is wrong)."""
    expressions = Expressions(known)
    for kind, found in parse(code_of(text)):
        if kind == "statement":
            wrongs = expressions.wrong(found.text) if AWAIT.search(found.text) else expressions.wrong_defaults(found.text)
            for wrong in wrongs:
                yield found.line, wrong
        if kind == "block" and found.is_coroutine:
            for parameter in parameters(found.header) or []:
                wrong = wrong_parameter(parameter)
                if wrong:
                    yield found.line, "%s as a coroutine's parameter: %s" % (wrong, parameter)


def code_of(text):
    """Without comments, the contents of literals, and directives."""
    code = tree.without_comments(text)
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda match: "\n" * match.group().count("\n"), code, flags=re.M)


def check(root):
    paths = [path for room in ROOMS for path in tree.files(root, room, tree.SOURCES)]
    texts = {path: tree.read(root, path) for path in paths}
    ours = {path: text for path, text in texts.items() if "Coroutine" in text}
    known = Known([kind for path, text in texts.items() if path in ours or path.startswith("impl/include/")
                   for kind in kinds(code_of(text))])
    complaints = ["%s:%d: %s" % (path, line, wrong)
                  for path, text in ours.items() for line, wrong in sorted(set(check_file(text, known)))]
    return complaints, len(paths)


if __name__ == "__main__":
    tree.finish("coroutines", *check(tree.ROOT))
