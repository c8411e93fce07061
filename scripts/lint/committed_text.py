#!/usr/bin/env python3
"""What is committed holds for every machine: no paths of the one it was written on."""
import re
import subprocess

import tree

# The pieces are apart so that this file does not find itself.
MACHINE_PATH = re.compile(
    r"(?<![\w.$}/-])/(?:" + "|".join(("home/" + r"\w", "root" + "/", "Users/" + r"\w", "work" + "/")) + ")")


def committed(root):
    """Tracked files, and new ones that are not ignored."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if listing.returncode == 0 and listing.stdout:
        return [path for path in listing.stdout.decode().split("\0") if path]
    return [path for path in tree.files(root, "", ("",)) if not path.startswith(("build/", ".git/"))]


def check(root):
    complaints, looked_at = [], 0
    for path in sorted(set(committed(root))):
        try:
            text = tree.read(root, path)
        except (UnicodeDecodeError, OSError):  # a picture, or deleted and not yet committed
            continue
        looked_at += 1
        complaints += ["%s:%d: a path of one machine: %s" % (path, number, match.group())
                       for number, match in tree.line_matches(MACHINE_PATH, text)]
    return complaints, looked_at


if __name__ == "__main__":
    tree.finish("committed text", *check(tree.ROOT))
