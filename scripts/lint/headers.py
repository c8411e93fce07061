#!/usr/bin/env python3
"""Every public header compiles alone, and twice in a row.

usage: headers.py [--cache FILE] [--jobs N] -- <compiler and its options>

A header is compiled again only when it, or a header of ours that it reaches, has changed.
"""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys

import closure
import tree


def key_of(root, header, command):
    state = hashlib.sha256("\0".join(command).encode())
    for name in sorted(closure.closure(root, header)[0]):
        state.update(tree.read(root, closure.PUBLIC + name).encode())
    return state.hexdigest()


def complaint(root, header, command):
    """What the compiler says against the header alone, or None."""
    unit = '#include "%s"\n' % header * 2
    done = subprocess.run(
        [*command, "-I", os.path.join(root, closure.PUBLIC), "-fsyntax-only", "-x", "c++", "-"],
        input=unit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return "%s%s: does not compile alone" % (done.stdout, header) if done.returncode else None


def check(root, command, jobs, known):
    """Returns the complaints, how many headers there are, and the keys of the good ones."""
    headers = closure.public_headers(root)
    keys = {header: key_of(root, header, command) for header in headers}
    todo = [header for header in headers if known.get(header) != keys[header]]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        said = list(pool.map(lambda header: complaint(root, header, command), todo))
    bad = {header for header, text in zip(todo, said) if text}
    print("%d compiled, %d known from before" % (len(todo), len(headers) - len(todo)))
    return ([text for text in said if text], len(headers),
            {header: key for header, key in keys.items() if header not in bad})


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def main(arguments):
    if "--" not in arguments[:-1]:
        sys.exit(__doc__ + "\nSuch as: headers.py -- g++ -std=c++20")
    split = arguments.index("--")
    options = dict(zip(arguments[:split:2], arguments[1:split:2]))
    cache = options.get("--cache", os.devnull)
    complaints, looked_at, keys = check(
        tree.ROOT, arguments[split + 1:], int(options.get("--jobs", 2)), load(cache))
    with open(cache, "w", encoding="utf-8") as file:
        json.dump(keys, file, indent=0, sort_keys=True)
    tree.finish("headers", complaints, looked_at)


if __name__ == "__main__":
    main(sys.argv[1:])
