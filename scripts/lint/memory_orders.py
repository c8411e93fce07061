#!/usr/bin/env python3
"""A weak memory order names its partner.

On the line of every acquire, release or acq_rel, or at most four lines above it, a comment says
"pairs with …" or "no partner …"; for a relaxed one "relaxed …" with a reason will do. A comment
"All relaxed: …" holds down to the next empty line.
"""
import re

import tree

ORDER = re.compile(r"\bmemory_order(?:_|::)(relaxed|acquire|release|acq_rel|consume)\b")
COMMENT = re.compile(r"//(.*)")
PARTNER = re.compile(r"\b(pairs|no partner)\b.*\w{2}")
RELAXED = re.compile(r"\brelaxed\b.*\w{2}")
ALL_RELAXED = re.compile(r"\bAll relaxed: *\w{2}")
REACH = 4


def check_file(text):
    """Yields (line number, what is wrong)."""
    lines = text.split("\n")
    comments = [" ".join(COMMENT.findall(line)) for line in lines]
    all_relaxed = False
    for index, line in enumerate(tree.without_comments(text).split("\n")):
        near = " ".join(comments[max(0, index - REACH):index + 1])
        all_relaxed = bool(lines[index].strip() and (all_relaxed or ALL_RELAXED.search(near)))
        for order in ORDER.findall(line):
            if order == "consume":
                yield index + 1, "memory_order_consume: nobody knows what it means"
            elif order == "relaxed" and (all_relaxed or RELAXED.search(near)):
                continue
            elif not PARTNER.search(near):
                yield index + 1, "memory_order_%s: no comment names its partner" % order


def check(root):
    paths = tree.files(root, "impl/include", tree.SOURCES) + tree.files(root, "impl/src", tree.SOURCES)
    complaints = ["%s:%d: %s" % (path, number, wrong)
                  for path in paths for number, wrong in check_file(tree.read(root, path))]
    return complaints, len(paths)


if __name__ == "__main__":
    tree.finish("memory orders", *check(tree.ROOT))
