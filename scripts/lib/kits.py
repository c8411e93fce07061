"""What a kit (conformance/kit) has written on a machine without Python: what its doctor says, its cases, which commit it is of."""

import collections
import json
import os
import re

import evidence
import ports
import results as lib

PREFIX, SUFFIX = "conformance_", ".jsonl"
TEXTS = ("id", "status", "level", "message", "command")
OWN = set(lib.STATUSES) - {"XFAIL", "XPASS"}  # those that need no expectations
PROGRAM = re.compile(r"((?:\w+=\S* )*)(.*/)bin/conformance_\w+ --case=")


class Unusable(Exception):
    """By what is there nothing can be said of a target."""


def doctor(folder):
    path = os.path.join(folder, "doctor.json")
    if not os.path.exists(path):
        raise Unusable("there is no %s, which run-conformance --results writes" % path)
    try:
        said = json.loads(evidence.read(path))
        ports.name_of(said, False), lib.lacking(said)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Unusable("%s is not what a doctor says" % path) from None
    return said


def cases(folder):
    """Of all files, as if they had been run here. Those of a suite that wrote none are a problem."""
    results, written = lib.Results(), _stems(folder, SUFFIX)
    if not written:
        raise Unusable("there are no results of cases in %s: %s*%s" % (folder, PREFIX, SUFFIX))
    for stem in written:
        _read(results, os.path.join(folder, stem + SUFFIX))
    for id, times in collections.Counter(case["id"] for case in results.cases).items():
        if times > 1:
            raise Unusable("%s has %d results in %s: which is it? Each run wants a folder of its own" % (id, times, folder))
    results.problems += ["%s wrote no results: see its log" % stem for stem in _stems(folder, ".log") if stem not in written]
    return results


def _read(results, path):
    before = len(results.cases)
    try:
        results.read(path)
        sound = not results.problems and all(map(_is_own, results.cases[before:]))
    except (ValueError, LookupError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise Unusable("%s is not what a suite writes%s" % (path, "".join(": " + problem for problem in results.problems)))
    for case in results.cases[before:]:
        _make_portable(case)


def _is_own(case):
    return all(isinstance(case.get(field), str) for field in TEXTS) and case["status"] in OWN


def _make_portable(case):
    """Where the kit was copied to is of no interest elsewhere."""
    program = PROGRAM.match(case["command"])
    if program:
        case["command"] = program[1] + "run-conformance " + case["id"]
        case["message"] = case["message"].replace(program[2], "")


def asked(folder):
    """What run-conformance was told to run: suites, or single cases. Nothing where it was all."""
    names = {stem[len(PREFIX):] for suffix in (SUFFIX, ".log") for stem in _stems(folder, suffix)}
    suites = {primitive.split("/")[-2] for primitive in evidence.specs()}
    return [] if suites <= names else sorted(name.partition(".")[2] or name for name in names)


def commit(folder):
    path = os.path.join(folder, "commit")
    return evidence.read(path).strip() if os.path.exists(path) else "unknown"


def _stems(folder, suffix):
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [name[:-len(suffix)] for name in names if name.startswith(PREFIX) and name.endswith(suffix)]
