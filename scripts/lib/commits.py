"""Which commit a result is of."""

import functools
import re
import subprocess


def git(root, *arguments):
    """What it says; nothing where it fails, or is not here."""
    try:
        asked = subprocess.run(["git", "-C", str(root), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    return asked.stdout.decode().strip() if asked.returncode == 0 else ""


def head(root, *paths, digits=12):
    """Its first digits, and whether any of these paths has been changed since; nothing where nobody says."""
    commit = git(root, "rev-parse", "--short=%d" % digits, "HEAD")
    changed = commit and git(root, "status", "--porcelain", "--", *paths)
    return commit + (" with changes" if changed else "")


@functools.lru_cache(maxsize=None)
def since(root, commit, *paths):
    """How many later ones touch these paths; None where nobody says, as in a checkout without its history."""
    counted = git(root, "rev-list", "--count", "%s..HEAD" % re.split(" |-dirty", commit)[0], "--", *paths) if commit else ""
    return int(counted) if counted else None


def age(root, commit):
    """It, and how many came after it. A history that was written anew no longer has it."""
    later = since(str(root), commit)
    if later is None:
        return commit + ", which is not in this history" if commit and git(root, "rev-parse", "HEAD") else commit
    return "%s + %d" % (commit, later) if later else commit
