#!/usr/bin/env python3
"""Compiles a file of misuses once for each CASE_n in it: each must be rejected, the plain file accepted.

usage: rejected.py [--jobs N] <file> -- <compiler and its options>

"#ifdef CASE_7  // WHY some words" asks for these words in the diagnostics as well. Where they are in an assertion of
tandem's, nothing else may be said: one error, in no more than MAX_LINES lines that are neither code nor includes.
"""
import concurrent.futures
import os
import re
import subprocess
import sys


MAX_LINES = 8
NOT_SAID = re.compile(r"^(In file included from|\s+from |\s*\d*\s*\||\d+ errors? generated)")


def cases_of(text):
    """Yields (number, words) for each case; a remark may follow the words after a colon."""
    for number, why in re.findall(r"^#ifdef CASE_(\d+)(?:\s*//\s*(?:WHY\s+([^:\n]*).*|.*))?$", text, re.M):
        yield number, why.strip()


def compile_with(command, path, *options):
    done = subprocess.run(
        [*command, "-fsyntax-only", *options, path], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return done.returncode, done.stdout


def complaint(command, path, number, words):
    """What is wrong with the case, or None."""
    status, said = compile_with(command, path, "-DCASE_" + number)
    if status == 0:
        return "CASE_%s is accepted" % number
    if "internal compiler error" in said:
        return "CASE_%s: the compiler broke down" % number
    if words and words not in said:
        return "CASE_%s is rejected, but not for %r:\n%s" % (number, words, said[:2000])
    if re.search(r"static assertion failed[^:]*: .?tandem: ", said):
        errors = len(re.findall(r"\berror: ", said))
        lines = [line for line in said.splitlines() if line and not NOT_SAID.match(line)]
        if errors != 1 or len(lines) > MAX_LINES:
            return "CASE_%s: %d errors in %d lines:\n%s" % (number, errors, len(lines), said[:4000])
    return None


def main(arguments):
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1:]
    jobs = int(options[1]) if options[0] == "--jobs" else os.cpu_count()
    path = options[-1]
    with open(path, encoding="utf-8") as file:
        cases = list(cases_of(file.read()))
    if not cases:
        sys.exit("no case in %s" % path)

    status, said = compile_with(command, path)
    if status != 0:
        sys.exit("the plain file is rejected:\n%s" % said)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        complaints = [text for text in pool.map(
            lambda case: complaint(command, path, *case), cases) if text]
    print("\n".join(complaints))
    print("%d misuses, %d rejected as they should be" % (len(cases), len(cases) - len(complaints)))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
