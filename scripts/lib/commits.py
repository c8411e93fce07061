"""Which commit a result is of."""

import functools
import os
import re
import subprocess

HASH = re.compile(r"[0-9a-f]{7,40}(?=$| |-dirty)")


def git(root, *arguments):
    """What it says; nothing where it fails, or is not here. What it only looks at stays as it is: else it may write the index."""
    try:
        asked = subprocess.run(["git", "--no-optional-locks", "-C", str(root), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    return asked.stdout.decode().strip() if asked.returncode == 0 else ""


def _has_history(root):
    """Sources that were unpacked within another's repository have none of their own."""
    top = git(root, "rev-parse", "--show-toplevel")
    return bool(top) and os.path.realpath(top) == os.path.realpath(root)


def head(root, *paths, digits=12, changed=" with changes"):
    """Its first digits, and whether any of these paths has been changed since; nothing where nobody says."""
    commit = _has_history(root) and git(root, "rev-parse", "--short=%d" % digits, "HEAD")
    if not commit:
        return ""
    return commit + (changed if git(root, "status", "--porcelain", "--", *paths) else "")


@functools.lru_cache(maxsize=None)
def _told(root, commit):
    """Its hash where the whole history can be asked about it: a shallow clone has only its end."""
    named = HASH.match(commit)
    known = named and _has_history(root) and git(root, "rev-parse", "--is-shallow-repository") == "false"
    return named[0] if known else None


@functools.lru_cache(maxsize=None)
def since(root, commit, *paths):
    """How many later ones touch these paths; None where nobody says, and of one that HEAD does not come after: one that was
    amended is still in the repository for a while."""
    name = _told(root, commit)
    whole = name and git(root, "rev-parse", "--verify", "--quiet", name + "^{commit}")
    if not whole or git(root, "merge-base", whole, "HEAD") != whole:
        return None
    return int(git(root, "rev-list", "--count", whole + "..HEAD", "--", *paths))


def age(root, commit):
    """It, and how many came after it. A history that was written anew no longer has it."""
    root = str(root)
    if not _told(root, commit):
        return commit
    later = since(root, commit)
    if later is None:
        return commit + ", which is not in this history"
    return "%s + %d" % (commit, later) if later else commit
