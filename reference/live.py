"""The live cross-check of one primitive: this Python runs the twins now, the C++ executable runs its cases now."""

import json
import os
import subprocess
import sys
import tempfile

import interpreters
import twins


def compare(twin, executable):
    primitive, this = twins.primitive_of(twin), interpreters.this()
    theirs = twins.run(this, twin)
    ours = _ours(executable, [id for id, result in theirs.items() if result["status"] != "not-for-this-version"])
    clauses, allowed = twins.clauses_of(primitive), _recorded(primitive)
    counts = {"equal": 0, "different": 0, "SKIP(version)": 0, "SKIP(no case)": 0, "SKIP(ours skipped)": 0}
    for id, result in theirs.items():
        verdict, why = _verdict(result, ours.get(id), clauses.get(id, {}), allowed.get(id, {}))
        counts[verdict] += 1
        if why:
            print("%s: %s" % (id, why))
    counted = ", ".join("%d %s" % (number, what) for what, number in counts.items() if number)
    print("live %s under CPython %s: %s" % (primitive, this, counted))
    if not counts["equal"] and not counts["SKIP(version)"]:
        print("nothing was compared")
        return 1
    return 1 if counts["different"] else 0


def _ours(executable, ids):
    """Of what this Python has answered: the other cases have been run elsewhere, and would be compared with nothing."""
    if not ids:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "transcripts.json")
        # In a filter "-" begins what is not wanted.
        command = [executable, "--dump-transcripts=" + path, "--gtest_filter=" + ":".join(ids).replace("-", "?")]
        child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if not os.path.exists(path):
            sys.exit("%s wrote no transcripts:\n%s" % (executable, child.stdout.decode(errors="replace")))
        with open(path, encoding="utf-8") as file:
            return json.load(file)["cases"]


def _recorded(primitive):
    path = twins.golden_of(primitive)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)["cases"]


def _verdict(theirs, ours, clause, golden):
    if theirs["status"] == "not-for-this-version":
        return "SKIP(version)", None
    if theirs["status"] != "done":
        return "different", "CPython: %s\n%s" % (theirs["status"], theirs["error"])
    if ours is None:
        return "SKIP(no case)", "no C++ case"
    if ours["status"] in ("SKIP", "UNSUPPORTED"):
        return "SKIP(ours skipped)", ours["message"]
    if ours["status"] in ("CRASH", "TIMEOUT"):
        return "different", "ours: %s %s" % (ours["status"], ours["message"])
    if clause.get("oracle") == "outcome-set":
        return _in_set(theirs["transcript"], ours["transcript"], golden)
    if theirs["transcript"] != ours["transcript"]:
        return "different", _difference(theirs["transcript"], ours)
    return "equal", None


def _in_set(theirs, ours, golden):
    outcomes = [outcome["transcript"] for outcome in golden.get("outcomes", [])]
    for who, transcript in (("CPython's", theirs), ("our", ours)):
        if transcript not in outcomes:
            return "different", "%s outcome is not in the recorded set: %s" % (who, json.dumps(transcript))
    return "equal", None


def _difference(theirs, ours):
    import difflib

    lines = difflib.unified_diff(theirs, ours["transcript"], "CPython now", "tandem", lineterm="")
    return "transcripts differ\n" + "\n".join(lines) + ("\n" + ours["message"] if not ours["transcript"] else "")
