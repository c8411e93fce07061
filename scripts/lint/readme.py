#!/usr/bin/env python3
"""README's C++ is cut from programs that are compiled and run. readme.py --fix writes it anew.

Before each block a comment names the program: <!-- example: conformance/examples/queue/readme.cpp -->
What stands there between the lines "// [example]" and "// [/example]" is the block.
"""
import os
import re
import sys
import textwrap

import tree

README = "README.md"
EXAMPLE = re.compile(r"^([ \t]*)// \[example\]\n(.*?)^[ \t]*// \[/example\]$", re.M | re.S)
BLOCK = re.compile(r"(?:<!-- example: (\S+) -->\n)?(```cpp\n)(.*?)(^```$)", re.M | re.S)


def cut(text):
    """The examples in a program, one after the other."""
    return "\n".join(textwrap.dedent(body) for _, body in EXAMPLE.findall(text))


def check(root):
    """Returns the complaints, how many blocks there are, and README as it should be."""
    complaints, count = [], 0
    readme = tree.read(root, README)

    def renew(match):
        nonlocal count
        count += 1
        path, fence, body, end = match.groups()
        line = readme.count("\n", 0, match.start(2)) + 1
        if not path:
            complaints.append("%s:%d: the block names no program" % (README, line))
            return match.group()
        if not os.path.exists(os.path.join(root, path)):
            complaints.append("%s:%d: there is no %s" % (README, line, path))
            return match.group()
        example = cut(tree.read(root, path))
        if not example:
            complaints.append("%s:%d: no example in %s" % (README, line, path))
        elif example != body:
            complaints.append("%s:%d: differs from %s" % (README, line, path))
        return "<!-- example: %s -->\n%s%s%s" % (path, fence, example, end)

    return complaints, BLOCK.sub(renew, readme), count


def main(arguments):
    complaints, renewed, count = check(tree.ROOT)
    if arguments == ["--fix"]:
        with open(os.path.join(tree.ROOT, README), "w", encoding="utf-8") as file:
            file.write(renewed)
        complaints, _, count = check(tree.ROOT)
    tree.finish("readme", complaints, count)


if __name__ == "__main__":
    main(sys.argv[1:])
