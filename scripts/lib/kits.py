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
ALIKE = ("target", "toolchain", "sanitizer", "time_scale")  # in all that one kit writes on one machine
OWN = set(lib.STATUSES) - {"XFAIL", "XPASS"}  # those that need no expectations
PROGRAM = re.compile(r"((?:\w+=\S* )*)(.*/)bin/conformance_\w+ --case=")


class Unusable(Exception):
    """By what is there nothing can be said of a target."""


def _read(folder, name):
    path = os.path.join(folder, name)
    try:
        return evidence.read(path)
    except FileNotFoundError:
        raise Unusable("there is no %s, which run-conformance --results writes" % path) from None
    except (OSError, ValueError) as error:
        raise Unusable("%s cannot be read: %s" % (path, error)) from None


def doctor(folder):
    text = _read(folder, "doctor.json")
    try:
        said = json.loads(text)
        lib.lacking(said)
        sound = ports.NAME.fullmatch(ports.name_of(said, False))
    except (ValueError, LookupError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise Unusable("%s is not what a doctor says" % os.path.join(folder, "doctor.json"))
    return said


def cases(folder):
    """Of all files, as if they had been run here. Those of a suite that wrote none are a problem."""
    results, written = lib.Results(), _stems(folder, SUFFIX)
    if not written:
        raise Unusable("there are no results of cases in %s: %s*%s" % (folder, PREFIX, SUFFIX))
    for stem in written:
        _take(results, os.path.join(folder, stem + SUFFIX))
    for field in ALIKE:
        said = sorted({str(header.get(field)) for header in results.headers})
        if len(said) > 1:
            raise Unusable("of two kinds, by their %s, are the results in %s: %s" % (field, folder, " and ".join(said)))
    for id, times in collections.Counter(case["id"] for case in results.cases).items():
        if times > 1:
            raise Unusable("%s has %d results in %s: which is it? Each run wants a folder of its own" % (id, times, folder))
    results.problems += ["%s wrote no results: see its log" % stem for stem in _stems(folder, ".log") if stem not in written]
    results.problems += _unended(folder, len(results.cases))
    return results


def _take(results, path):
    before = len(results.cases), len(results.headers)
    try:
        results.read(path)
        sound = not results.problems and all(map(_is_own, results.cases[before[0]:])) and all(
            map(_is_header, results.headers[before[1]:])) and len(results.headers) == before[1] + 1
    except OSError as error:
        raise Unusable("%s cannot be read: %s" % (path, error)) from None
    except (ValueError, LookupError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise Unusable("%s is not what a suite writes%s" % (path, "".join(": " + problem for problem in results.problems)))
    for case in results.cases[before[0]:]:
        _make_portable(case)


def _is_own(case):
    logged = case.get("transcript")
    return all(isinstance(case.get(field), str) for field in TEXTS) and case["status"] in OWN and \
        isinstance(logged, list) and all(isinstance(line, str) for line in logged)


def _is_header(header):
    return all(isinstance(header.get(field), str) for field in ALIKE[:3]) and isinstance(header.get("time_scale"), (int, float))


def _make_portable(case):
    """Where the kit was copied to is of no interest elsewhere."""
    program = PROGRAM.match(case["command"])
    if program:
        case["command"] = program[1] + "run-conformance " + case["id"]
        case["message"] = case["message"].replace(program[2], "")
        case["transcript"] = [line.replace(program[2], "") for line in case["transcript"]]


def _runs(folder):
    """[(what was asked for, how many cases there were in the end)] of each time that run-conformance was given this folder. Asked for
    is nothing where it was all; and there is no number where it did not come to its end."""
    found = []
    for line in _read(folder, "runs").splitlines():
        word, _, rest = line.partition(" ")
        if word == "asked":
            found.append((rest.split(), None))
        elif word == "ended" and found and found[-1][1] is None and rest.isdecimal():
            found[-1] = found[-1][0], int(rest)
        else:
            raise Unusable("%s is not what run-conformance writes" % os.path.join(folder, "runs"))
    if not found:
        raise Unusable("%s tells of no run" % os.path.join(folder, "runs"))
    return found


def _unended(folder, cases):
    """What did not come to its end there, and was not run once more; and what has been lost since."""
    runs, problems = _runs(folder), []
    for place, (names, there) in enumerate(runs):
        later = (others for others, ended in runs[place + 1:] if ended is not None)
        if there is None and not any(not others or names and set(names) <= set(others) for others in later):
            problems.append("run-conformance did not come to its end there: %s" % (" ".join(names) or "all suites"))
    if not problems and runs[-1][1] != cases:
        problems.append("there were %s cases in the end, and here are %d" % (runs[-1][1], cases))
    return problems


def asked(folder):
    """What run-conformance was told to run: suites, or single cases. Nothing where it was all."""
    runs = [names for names, _ in _runs(folder)]
    return [] if [] in runs else sorted({name for names in runs for name in names})


def commit(folder):
    return _read(folder, "commit").strip()


def _stems(folder, suffix):
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [name[:-len(suffix)] for name in names if name.startswith(PREFIX) and name.endswith(suffix)]
