"""Which commit a result is of."""

import functools
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
    counted = git(root, "rev-list", "--count", "%s..HEAD" % commit.partition(" ")[0], "--", *paths) if commit else ""
    return int(counted) if counted else None
