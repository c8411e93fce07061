#!/usr/bin/env python3
"""What goes wrong with coroutines while everything compiles.

A coroutine's parameter must not refer to what may be gone when it runs: no `const T&`, `T&&`, string_view or span. (An
lvalue reference to what cannot be copied is somebody's affair who reads it.) g++ 12 destroys twice what stands within
an expression with co_await: a lambda that captures by value, and the temporary of an aggregate with a destructor.
Give such a thing a name first.

Types are not known here: an aggregate is a struct without constructors that our files define, and its destructor does
something when a member is one of std's classes or a handle.
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
VIEW = re.compile(r"\b(?:w?string_view|span)\b")

STRUCT = re.compile(r"\b(?:struct|class)\s+(?:TANDEM_API\s+)?(\w+)[^;{}()=]*\{")
MEMBER = re.compile(r"^(?:const\s+)?([\w:]+(?:<.*>)?)(?:\s*const)?\s+(\w+)\s*(?:\{.*\}|=.*)?$", re.S)
# Members whose destructors do nothing, though they are std's; and those of ours that do something.
HARMLESS = re.compile(
    r"std::(?:u?int\w+_t|size_t|ptrdiff_t|byte|nullptr_t|string_view|chrono::\w+(?:<.*>)?|"
    r"(?:optional|atomic|array)<(?:bool|char|int|long|double|std::size_t|std::string_view)\b[^<>]*>)")
HANDLES = re.compile(r"(?:\w+::)*(?:(?:Any)?(?:Future|Task)|Coroutine|(?:Timer)?Handle|EventLoop|Context)(?:<.*>)?")


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


def aggregates(code):
    """Yields (name, its members, does its destructor do anything) of the structs without constructors."""
    for match in STRUCT.finditer(code):
        body = top_level(code[match.end():])
        name = match.group(1)
        if re.search(r"(?<![~\w])(?:explicit\s+)?%s\s*\(" % name, body) or re.search(r"\b(?:private|protected)\s*:", body):
            continue
        members = [MEMBER.match(part.strip()) for part in body.replace("public:", "").split(";")]
        members = {member.group(2): member.group(1) for member in members if member}
        works = "~" + name in body or any(map(works_at_its_end, members.values()))
        if members:
            yield name, set(members), works


def works_at_its_end(kind):
    """Does the destructor of a member of this type do anything, as far as one can see?"""
    return HANDLES.fullmatch(kind) is not None or kind.startswith("std::") and not HARMLESS.fullmatch(kind)


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


class Expressions:
    """What is wrong within a statement that awaits."""

    def __init__(self, known):
        self.known = known
        names = sorted({name for name, _, works in known if works} - {name for name, _, works in known if not works})
        self.temporary = re.compile(r"\b(%s|array)\s*(?:<[^;{}]*>)?(?:\s+\w+)?\s*\{(?!\s*\})" % "|".join(names or ["array"]))

    def wrong(self, text):
        for captures in CAPTURES.findall(text):
            if not all(HARMLESS_CAPTURE.fullmatch(capture) for capture in split(captures)):
                yield "a lambda that captures by value within an expression with co_await: name it first"
        for match in self.temporary.finditer(text):
            yield "a %s{…} within an expression with co_await: name it first" % match.group(1)
        for braces in re.findall(r"[(,]\s*\{\s*(\.\w+\s*=[^{}]*)", text):
            names = set(re.findall(r"\.(\w+)\s*=", braces))
            fitting = [works for _, members, works in self.known if names <= members]
            if fitting and all(fitting):
                yield "options {.%s = …} with a destructor within an expression with co_await: name them first" % min(names)


def check_file(text, known):
    """Yields (line number, what is wrong)."""
    expressions = Expressions(known)
    for kind, found in parse(code_of(text)):
        if kind == "statement" and AWAIT.search(found.text):
            for wrong in expressions.wrong(found.text):
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
    known = [found for path, text in texts.items() if path in ours or path.startswith("impl/include/")
             for found in aggregates(code_of(text))]
    complaints = ["%s:%d: %s" % (path, line, wrong)
                  for path, text in ours.items() for line, wrong in sorted(set(check_file(text, known)))]
    return complaints, len(paths)


if __name__ == "__main__":
    tree.finish("coroutines", *check(tree.ROOT))
