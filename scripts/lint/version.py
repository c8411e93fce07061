#!/usr/bin/env python3
"""The version that is built is the one that the changelog begins with."""
import re

import tree

BUILT = re.compile(r"^\s*VERSION (\d+\.\d+\.\d+)$", re.M)
TOLD = re.compile(r"^## (?:Unreleased \((\d+\.\d+\.\d+)\)|(\d+\.\d+\.\d+), \d{4}-\d\d-\d\d)$", re.M)


def check(root):
    built = BUILT.search(tree.read(root, "CMakeLists.txt"))
    heading = re.search(r"^## .*$", tree.read(root, "CHANGELOG.md"), re.M)
    told = heading and TOLD.match(heading.group())
    if not told:
        return ["CHANGELOG.md: begins with neither \"## Unreleased (X.Y.Z)\" nor \"## X.Y.Z, YYYY-MM-DD\""], 1
    version = told.group(1) or told.group(2)
    if not built or built.group(1) != version:
        return ["CHANGELOG.md: begins with %s, CMakeLists.txt says %s" % (version, built and built.group(1))], 1
    return [], 1


if __name__ == "__main__":
    tree.finish("version", *check(tree.ROOT))
