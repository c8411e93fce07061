"""What each implementation does of the suite: every twin under every Python, and random programs behind the protocol."""

import concurrent.futures
import os
import random
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "reference"))

import interpreters  # noqa: E402
import record  # noqa: E402
import twins  # noqa: E402
from conformance_programs import COSTLY, GENERATORS, shrunk  # noqa: E402
from conformance_runner import Runner, RunnerError, alike, both, differ_as  # noqa: E402

REFERENCE_RUNNER = os.path.join(ROOT, "reference", "runner.py")
BATCH = 50
LONGEST_ANSWER = 600
MOST_SHRUNK = 25
# Hanging is an answer that many cases outside of their versions give.
CASE_SECONDS = 20
# What a twin's answer is to its clause.
EQUAL, DIFFERENT, BROKEN, OUTSIDE, ALIKE, ABSENT = "=", "x", "!", ".", "~", "-"
LETTERS = {
    EQUAL: "within since and until, and the answer is the golden's",
    DIFFERENT: "within, and another answer",
    BROKEN: "within, and it raised, hung or died",
    OUTSIDE: "outside of since and until, and indeed another answer",
    ALIKE: "outside, and yet the golden's answer",
    ABSENT: "the suite has no case for it, or was not run",
}
RED = (DIFFERENT, BROKEN)


def pypy():
    """Debian's PyPy, or None. It is asked as that CPython whose language it speaks."""
    command = shutil.which("pypy3")
    if command is None:
        return None
    asked = subprocess.run([command, "-c", "import sys; print(*sys.version_info[:3])"], stdout=subprocess.PIPE)
    return interpreters.Interpreter(command, tuple(map(int, asked.stdout.split()))) if asked.returncode == 0 else None


def pythons():
    """[(name, interpreter)]: the CPythons, oldest first, then PyPy."""
    found = [("CPython %s" % one, one) for one in interpreters.find()]
    one = pypy()
    return found + ([("PyPy %s" % one, one)] if one else [])


def within(version, clause):
    """Whether that Python has to do what the clause says."""
    return interpreters.holds_for(version, clause.get("since"), clause.get("until"))


def judged(version, result, clause, golden):
    """The letter, and the answer where it is one to look at."""
    done = result["status"] == "done"
    equal = done and result["transcript"] in outcomes(golden)
    if not within(version, clause):
        return (ALIKE if equal else OUTSIDE), None
    if equal:
        return EQUAL, None
    if not done:
        return BROKEN, "%s: %s" % (result["status"], last_line(result["error"]))
    return DIFFERENT, difference(golden, result["transcript"])


def outcomes(golden):
    return [one["transcript"] for one in golden["outcomes"]] if "outcomes" in golden else [golden.get("transcript")]


def last_line(text):
    return (text or "").strip().splitlines()[-1][-LONGEST_ANSWER:] if (text or "").strip() else ""


def difference(golden, said):
    """The lines that are not alike, in the order of the answer."""
    import difflib

    lines = [line for line in difflib.unified_diff(outcomes(golden)[0] or [], said, lineterm="", n=0)
             if not line.startswith(("---", "+++", "@@"))]
    text = "\n".join(lines)
    return text if len(text) <= LONGEST_ANSWER else text[:LONGEST_ANSWER] + "…"


def asked(interpreter, twin, only=None):
    """{id: (letter, answer)} of one twin file, or of `only` these cases; what does not load is BROKEN in all of its cases."""
    primitive = twins.primitive_of(twin)
    clauses, goldens = twins.clauses_of(primitive), (record.read_golden(twin) or {}).get("cases", {})
    try:
        said = twins.run(interpreter, twin, only, every_version=True, seconds=CASE_SECONDS)
    except RuntimeError as error:
        said = {id: {"status": "error", "transcript": [], "error": str(error)} for id in only or goldens}
    return {id: judged(interpreter.version, result, clauses.get(id, {}), goldens.get(id, {}))
            for id, result in said.items() if id in goldens}


def ask_twins(found, files, jobs, say):
    """{primitive: {id: {name: (letter, answer)}}}; `files`: {twin file: the cases to ask, or None for all}."""
    answers = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        pending = [(name, twin, pool.submit(asked, one, twin, only)) for twin, only in files.items() for name, one in found]
        for name, twin, answer in pending:
            primitive = twins.primitive_of(twin)
            for id, judged_as in answer.result().items():
                answers.setdefault(primitive, {}).setdefault(id, {})[name] = judged_as
            if name == found[-1][0]:
                say("%s: %d cases" % (primitive, len(answers.get(primitive, {}))))
    return answers


def from_results(path):
    """{id: letter} of what scripts/conformance wrote down about ours, and the name of the implementation."""
    import json

    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    header = next(one for one in records if one["record"] == "header")
    cases = [one for one in records if one["record"] == "case"]
    letters = {"PASS": EQUAL, "SKIP": ABSENT, "UNSUPPORTED": ABSENT, "CRASH": BROKEN, "TIMEOUT": BROKEN}
    return header["implementation"], {
        one["id"]: (letters.get(one["status"], DIFFERENT), one["message"][:LONGEST_ANSWER] or None) for one in cases}


def run_programs(command, against, seed, count, timeout, say):
    """{against, lacks, breaches, kinds: {kind: {programs, operations, different, smallest}}} of one runner beside another."""
    with Runner(command, timeout) as left, Runner(against, timeout) as right:
        lacks = sorted(right.features - left.features) + sorted(set(right.kinds) - set(left.kinds))
        kinds = {kind: compared(kind, left, right, seed, -(-count // COSTLY.get(kind, 1)))
                 for kind in GENERATORS if kind in left.kinds and kind in right.kinds}
        say("%s beside %s: %s" % (left.name, right.name, ", ".join(
            "%s %d" % (kind, one["different"]) for kind, one in kinds.items() if one["different"]) or "no difference"))
        return left.name, {"against": right.name, "lacks": lacks, "breaches": list(left.breaches()), "kinds": kinds}


def compared(kind, left, right, seed, count):
    """The same programs as those of scripts/conform; all that differ are counted, some of them made small."""
    generator, features = random.Random("%s/%s" % (seed, kind)), left.features & right.features
    programs = [GENERATORS[kind](generator, features) for _ in range(count)]
    different = []
    for start in range(0, count, BATCH):
        batch = programs[start:start + BATCH]
        seen = zip(batch, left.run(kind, batch), right.run(kind, batch))
        different += [(program, one, other) for program, one, other in seen if not alike(one, other)]
    smallest = {}
    for program, *first in different[:MOST_SHRUNK]:
        cell, seen = smaller(kind, program, first, left, right)
        smallest.setdefault(cell, seen)
    return {"programs": count, "operations": sum(len(program["operations"]) for program in programs),
            "different": len(different), "smallest": smallest}


def smaller(kind, program, first, left, right):
    """What to call the difference (the operations of the smallest program), and that program with both answers."""
    program = shrunk(program, lambda candidate: differ_as(first, both(kind, candidate, left, right)))
    one, other = both(kind, program, left, right)
    names = [next(part for part in operation if isinstance(part, str)) for operation in program["operations"]]
    return "%s/%s" % (kind, "+".join(names)), {"program": program, "says": one, "against": other}
