#!/usr/bin/env python3
"""Tries what the document claims: runs the snippet of every [[claim]] of spec/ under every CPython found.

  claims.py --check          does each print what the claim expects?
  claims.py --show ID        what it prints, version by version
  claims.py --table          the verdicts, as a table
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

import interpreters
import toml_subset
import twins

SNIPPET_SECONDS = 60


def all_claims():
    """Every claim, with the spec file it stands in, in the order of the document's checklist."""
    found = []
    for folder, folders, names in os.walk(twins.SPEC):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(".toml") and folder != twins.SPEC:
                file = "spec/" + os.path.relpath(path, twins.SPEC).replace(os.sep, "/")
                found += [dict(claim, file=file) for claim in toml_subset.load(path).get("claim", [])]
    return sorted(found, key=lambda claim: claim["rows"])


def printed(interpreter, claim):
    """What the snippet prints; an exception that leaves it counts by its last line."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "claim.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(claim["snippet"])
        with subprocess.Popen(
                [interpreter.command, path], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=dict(os.environ, PYTHONHASHSEED="0")) as child:
            try:
                said, errors = child.communicate(timeout=SNIPPET_SECONDS)
            except subprocess.TimeoutExpired:
                where = twins.where_it_hangs(child.pid, claim["id"], SNIPPET_SECONDS)
                return "(no end after %d s)\n%s" % (SNIPPET_SECONDS, where)
            finally:
                child.kill()
    text = said.decode("utf-8", "replace")
    if child.returncode != 0:
        text += "(exit code %d: %s)" % (child.returncode, errors.decode("utf-8", "replace").strip()[-2000:])
    return text.strip("\n")


def applies(interpreter, claim):
    return interpreters.holds_for(interpreter.version, claim.get("since"), claim.get("until"))


def outcomes(claims, found, jobs):
    """Yields (claim, interpreter, what was printed)."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        asked = [(claim, who, pool.submit(printed, who, claim))
                 for claim in claims for who in found if applies(who, claim)]
        for claim, who, answer in asked:
            yield claim, who, answer.result()


def check(claims, found, jobs):
    faults, tried, runs = 0, set(), 0
    for claim, who, text in outcomes(claims, found, jobs):
        tried.add(claim["id"])
        runs += 1
        if text != claim["expect"].strip("\n"):
            faults += 1
            print("%s (%s) under CPython %s\n  expected:\n%s\n  printed:\n%s" % (
                claim["id"], claim["file"], who, indented(claim["expect"]), indented(text)))
    untried = len(claims) - len(tried)
    print("CPython " + ", ".join(map(str, found)))
    print("%d claims, %d runs, %d not as expected, %d SKIP(version)" % (len(claims), runs, faults, untried))
    return 1 if faults or not runs else 0


def indented(text):
    return "\n".join("      " + line for line in text.strip("\n").splitlines())


def show(claims, found, id):
    claims = [claim for claim in claims if claim["id"] == id]
    for claim, who, text in outcomes(claims, found, 1):
        print("%s under CPython %s:\n%s" % (claim["id"], who, indented(text)))
    return 0 if claims else 1


def table(claims):
    print("| Row | Line | The document says | Verdict |\n| --- | --- | --- | --- |")
    for claim in claims:
        rows = ", ".join(map(str, claim["rows"]))
        print("| %s | %s | %s | %s |" % (rows, claim["place"], claim["says"], claim["verdict"]))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--show", metavar="ID")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    claims = all_claims()
    if arguments.table:
        return table(claims)
    found = interpreters.find()
    if not found:
        print("SKIP(no CPython >= 3.8): claims")
        return 0
    if arguments.show:
        return show(claims, found, arguments.show)
    return check(claims, found, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
