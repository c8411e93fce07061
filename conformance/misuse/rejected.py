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
import tempfile


MAX_LINES = 8
NOT_SAID = re.compile(r"^(In file included from|\s+from |\s*\d*\s*\||\d+ errors? generated)")


def cases_of(text):
    """Yields (number, words) for each case; a remark may follow the words after a colon."""
    for number, why in re.findall(r"^#ifdef CASE_(\d+)(?:\s*//\s*(?:WHY\s+([^:\n]*).*|.*))?$", text, re.M):
        yield number, why.strip()


def with_headers_ready(command, text, folder):
    """The command with the file's headers compiled beforehand, once for all cases."""
    headers = os.path.join(folder, "headers.hpp")
    with open(headers, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in text.splitlines() if line.startswith("#include <")))
    done = subprocess.run([*command, "-x", "c++-header", headers, "-o", headers + ".gch"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [*command, "-include", headers] if done.returncode == 0 else command


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
        text = file.read()
    cases = list(cases_of(text))
    if not cases:
        sys.exit("no case in %s" % path)
    with tempfile.TemporaryDirectory() as folder:
        return check(with_headers_ready(command, text, folder), path, cases, jobs)


def check(command, path, cases, jobs):
    status, said = compile_with(command, path)
    if status != 0:
        sys.exit("the plain file is rejected:\n%s" % said)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        said = pool.map(lambda case: complaint(command, path, *case), cases)
        complaints = [text for text in said if text]
    print("\n".join(complaints))
    print("%d misuses, %d rejected as they should be" % (len(cases), len(cases) - len(complaints)))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
