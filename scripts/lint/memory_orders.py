#!/usr/bin/env python3
"""A weak memory order names its partner.

On the line of every acquire, release or acq_rel, or at most four lines above it, a comment says
"pairs with …" or "no partner …"; for a relaxed one "relaxed …" with a reason will do.
"""
import re

import tree

ORDER = re.compile(r"\bmemory_order(?:_|::)(relaxed|acquire|release|acq_rel|consume)\b")
COMMENT = re.compile(r"//(.*)")
REASON = {
    "acquire": re.compile(r"\b(pairs|no partner)\b.*\w{2}"),
    "relaxed": re.compile(r"\b(pairs|no partner|relaxed)\b.*\w{2}"),
}
REACH = 4


def check_file(text):
    """Yields (line number, what is wrong)."""
    lines = text.split("\n")
    code = tree.without_comments(text).split("\n")
    comments = [" ".join(COMMENT.findall(line)) for line in lines]
    for index, line in enumerate(code):
        for order in ORDER.findall(line):
            if order == "consume":
                yield index + 1, "memory_order_consume: nobody knows what it means"
                continue
            reason = REASON["relaxed" if order == "relaxed" else "acquire"]
            near = " ".join(comments[max(0, index - REACH):index + 1])
            if not reason.search(near):
                yield index + 1, "memory_order_%s: no comment names its partner" % order


def check(root):
    paths = tree.files(root, "impl/include", tree.SOURCES) + tree.files(root, "impl/src", tree.SOURCES)
    complaints = ["%s:%d: %s" % (path, number, wrong)
                  for path in paths for number, wrong in check_file(tree.read(root, path))]
    return complaints, len(paths)


if __name__ == "__main__":
    tree.finish("memory orders", *check(tree.ROOT))
