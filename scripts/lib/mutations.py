"""Mechanical mutations of a source: a condition negated, a bound moved by one, a notification or a lock left out.

Each is a Fault as scripts/faults seeds them, so that all of a file are choices in one build.
"""

import re

import tree
from fault_files import Fault

# A statement of these words wakes somebody.
WAKES = re.compile(r"(?:(?<=[;{}\n])|(?<=\) )|(?<=else ))[ ]*(?P<text>(?:[\w.:]|->)*(?:unpark|wake|notify)\w*\([^;{}]*\);)")
COUNTS = re.compile(r"(?:(?<=[;{}\n])|(?<=\) ))[ ]*(?P<text>(?:\+\+|--)[\w.>-]+;)")
LOCKS = re.compile(r"std::(?:scoped|unique)_lock (?P<name>\w+)\((?P<mutex>[^;,]+)\);")
ONES = re.compile(r"(?<=[\w)\]]) [+-] (?P<text>1)\b(?!['.])")
CONDITIONS = re.compile(r"\b(?:if|while|for) \(")
RETURNS = re.compile(r"\breturn (?P<text>[^;{}]+);")
TERNARIES = re.compile(r" \? ")
RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
RELATION = re.compile(r" (<=|>=|==|!=|<|>) ")


def blanked(source):
    """Without comments and literals; every character keeps its place."""
    return tree._TOKEN.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)


def closing(code, start):
    """Where the parenthesis that is open at `start` is closed."""
    depth = 0
    for at in range(start, len(code)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(code[at], 0)
        if depth < 0:
            return at
    return len(code)


def beginning(code, end):
    """Where the statement, the parenthesis or the argument begins in which `end` is."""
    depth = 0
    for at in range(end - 1, -1, -1):
        if depth == 0 and code[at] in "([{};,":
            return at + 1
        depth += {")": 1, "]": 1, "(": -1, "[": -1}.get(code[at], 0)
    return 0


def top_level(code, start, end):
    """The piece with all that is in parentheses blanked, so that it can be searched."""
    depth, text = 0, ""
    for at in range(start, end):
        depth -= code[at] in ")]}"
        text += code[at] if depth == 0 else " "
        depth += code[at] in "([{"
    return text


def trimmed(code, start, end):
    while start < end and code[start].isspace():
        start += 1
    while end > start and code[end - 1].isspace():
        end -= 1
    return start, end


def atoms(code, start, end):
    """(start, end) of what && and || join."""
    flat, at = top_level(code, start, end), start
    for joint in re.finditer(r" (?:&&|\|\|)\s", flat):
        yield trimmed(code, at, start + joint.start())
        at = start + joint.end()
    yield trimmed(code, at, end)


def is_boolean(flat):
    return flat.lstrip().startswith("!") or re.search(r" (?:&&|\|\||<=|>=|==|!=|<|>)\s", flat) is not None


def conditions(code):
    """(start, end) of each expression that decides something."""
    for found in CONDITIONS.finditer(code):
        start, end = found.end(), closing(code, found.end())
        parts = [part.end() + start for part in re.finditer(";", top_level(code, start, end))]
        if found.group().startswith("for"):
            if len(parts) == 2:
                yield trimmed(code, parts[0], parts[1] - 1)
            continue
        start, end = trimmed(code, parts[-1] if parts else start, end)
        if not re.search(r"(?<![=!<>])=(?!=)", top_level(code, start, end)):  # a declaration
            yield start, end
    for found in RETURNS.finditer(code):
        flat = top_level(code, found.start("text"), found.end("text"))
        if is_boolean(flat) and "?" not in flat:
            yield found.span("text")
    for found in TERNARIES.finditer(code):
        start = beginning(code, found.start())
        head = re.match(r"\s*(?:return\b|[^=]*[^=!<>]=(?!=))?\s*", code[start:found.start()])
        yield trimmed(code, start + head.end(), found.start())


def pieces(code):
    """(what, start, end, replacement, kind)"""
    seen = set()
    for start, end in conditions(code):
        if start >= end or (start, end) in seen:
            continue
        seen.add((start, end))
        text = code[start:end]
        yield "negated", start, end, "!(%s)" % text, "condition"
        parts = list(atoms(code, start, end))
        for first, last in parts:
            flat = top_level(code, first, last)
            found = list(RELATION.finditer(flat))
            if len(parts) > 1 and (first, last) not in seen:
                seen.add((first, last))
                yield "negated", first, last, "!(%s)" % code[first:last], "condition"
            if len(found) == 1 and found[0].group(1) not in ("==", "!="):
                at = first + found[0].start(1)
                changed = code[first:at] + RELATIONS[found[0].group(1)] + code[first + found[0].end(1):last]
                yield "bound", first, last, changed, "condition"
    for found in WAKES.finditer(code):
        yield "not-woken", *found.span("text"), "", "statement"
    for found in COUNTS.finditer(code):
        yield "not-counted", *found.span("text"), "", "statement"
    for found in ONES.finditer(code):
        yield "one-as-zero", *found.span("text"), "0", "expression"
    for found in LOCKS.finditer(code):
        lock = "std::unique_lock %s = FAULT ? std::unique_lock(%s, std::defer_lock) : std::unique_lock(%s);" % (
            found["name"], found["mutex"], found["mutex"])
        yield "not-locked", *found.span(), lock, "written"


def how(fault):
    """negated, bound, …"""
    return re.search(r":\d+\.([\w-]+)", fault.id).group(1)


def of(path, source):
    """The mutations of a file, as faults in the order of their places."""
    code = blanked(source)
    found = sorted(pieces(code), key=lambda piece: (piece[1], -piece[2], piece[0]))
    made, known = [], {}
    for what, start, end, replacement, kind in found:
        line = code.count("\n", 0, start) + 1
        id = "%s:%d.%s" % (path, line, what)
        known[id] = known.get(id, 0) + 1
        if known[id] > 1:
            id += ".%d" % known[id]
        made.append(Fault(id, path, source[start:end], replacement, kind, (), "", start))
    return made
