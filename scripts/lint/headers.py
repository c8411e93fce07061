#!/usr/bin/env python3
"""Every public header compiles alone, and twice in a row.

usage: headers.py [--but-first-in FOLDER] [--cache FILE] [--jobs N] -- <compiler and its options>

A header is compiled again only when it, or a header of ours that it reaches, has changed. With a folder of sources that
something else compiles one by one, those that one of them includes first are left to it, if they say #pragma once.
"""
import concurrent.futures
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys

import closure
import tree

NOT_EVERYWHERE = re.compile(r"/platform/(annotated|scheduled)/|_linux\.cpp$")
ONCE = re.compile(r"^#pragma once$", re.M)


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


def first_in(root, folder):
    """The headers that are the first that a source of every build includes: it does not compile where they do not."""
    first = set()
    for path in tree.files(root, folder, (".cpp",)):
        if not NOT_EVERYWHERE.search(path):
            first |= {name for _, name, _ in itertools.islice(tree.includes(tree.read(root, path)), 1)}
    return {name for name in first & set(closure.public_headers(root))
            if ONCE.search(tree.without_comments(tree.read(root, closure.PUBLIC + name)))}


def check(root, command, jobs, known, left_out=frozenset()):
    """Returns the complaints, how many headers were looked at, and the keys of the good ones."""
    headers = [header for header in closure.public_headers(root) if header not in left_out]
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
    left_out = first_in(tree.ROOT, options["--but-first-in"]) if "--but-first-in" in options else set()
    complaints, looked_at, keys = check(
        tree.ROOT, arguments[split + 1:], int(options.get("--jobs", 2)), load(cache), left_out)
    with open(cache, "w", encoding="utf-8") as file:
        json.dump(keys, file, indent=0, sort_keys=True)
    tree.finish("headers", complaints, looked_at)


if __name__ == "__main__":
    main(sys.argv[1:])
