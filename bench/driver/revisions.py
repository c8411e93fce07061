"""Two commits side by side: both are built, and their programs run in turns. Called by scripts/compare --rev A --rev B."""
import argparse
import math
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import contenders
import environment
import show
from judge import claim, interval_entry, judge_ratios
from measure import FULL, QUICK, Session, second
from progress import Progress
from rows import chosen
from statistic import noise, speed_ratio

AFTER = "after"
ROUNDS = 12  # with fewer the procedure for many rows can hardly say anything


def git(root, *arguments):
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)


def commit_of(root, name):
    found = git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found.returncode:
        raise SystemExit(f"scripts/compare: {name} is no commit here")
    return found.stdout.strip()


@contextmanager
def worktree(root, commit, folder):
    """The commit's files, as long as it lasts."""
    _remove(root, folder)
    added = git(root, "worktree", "add", "--detach", "--force", str(folder), commit)
    if added.returncode:
        raise SystemExit(f"scripts/compare: {added.stderr.strip()}")
    try:
        yield folder
    finally:
        _remove(root, folder)


def _remove(root, folder):
    git(root, "worktree", "remove", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    git(root, "worktree", "prune")


def _cmake(folder, *arguments):
    """What it says."""
    done = subprocess.run(["cmake", *map(str, arguments)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"scripts/compare: {folder.name} does not build:\n{done.stdout[-3000:]}")
    return done.stdout


def build(folder, programs, jobs):
    """(where the programs are, those that the commit does not have). Its own presets say how it is built."""
    place = folder / "build/bench"
    _cmake(folder, "-S", folder, "--preset", "bench", "-B", place)
    known = set(re.findall(r"^(\w+): phony$", _cmake(folder, "--build", place, "--target", "help"), re.M))
    there = [program for program in programs if program in known]
    if there:
        _cmake(folder, "--build", place, "--parallel", jobs, "--target", *there)
    return place / "bench", set(programs) - known


def paired(rows, before, after):
    """{row id: [before, after, after]}: Session puts before at the end as well, which makes it A B B A."""
    first, last = (contenders.find(rows, place, []) for place in (before, after))

    def ours(found, row):
        return next((one for one in found[row.id] if one.kind == "ours"), None)

    pairs = {row.id: (ours(first, row), ours(last, row)) for row in rows}
    return {name: [one, replace(two, impl=AFTER, kind="peer"), replace(two, impl=second(AFTER), kind="peer")]
            for name, (one, two) in pairs.items() if one and two}


def _mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def compared(row, samples):
    """{interval, verdict, noise …} of after : before, or what went wrong."""
    rounds, errors = {}, []
    for one in samples:
        if one.row == row.id and one.ok:
            rounds.setdefault(one.round, {})[one.label] = one.value
        elif one.row == row.id:
            errors.append(f"{one.impl}: {one.error}")
    labels = (contenders.OURS, second(contenders.OURS), AFTER, second(AFTER))
    whole = [[values[label] for label in labels] for _, values in sorted(rounds.items()) if len(values) == 4]
    if errors or not whole:
        return {"id": row.id, "error": "; ".join(errors) or "not run"}
    delta = noise([speed_ratio(pair[0], pair[1], row.better)
                   for values in whole for pair in (values[:2], values[2:])])
    ratios = [speed_ratio(_mean(values[2:]), _mean(values[:2]), row.better) for values in whole]
    return {"id": row.id, "noise": delta, "ratio": judge_ratios(ratios, delta),
            "values": [interval_entry([_mean(values[part]) for values in whole])["median"]
                       for part in (slice(0, 2), slice(2, 4))], "unit": row.unit}


def judge(rows, samples):
    found = [compared(row, samples) for row in rows]
    claim([one["ratio"] for one in found if "ratio" in one])
    return found


def lines(found):
    for one in found:
        if "error" in one:
            yield f"{one['id']:32} failed: {one['error']}"
            continue
        before, after = (show.value(value, one["unit"]) for value in one["values"])
        ratio = one["ratio"]
        more = f", about {ratio['runs_needed']} rounds would decide" if ratio["verdict"] == "inconclusive" else ""
        yield (f"{one['id']:32} {show.interval(ratio):>24}  {ratio['verdict']:12} noise ±{one['noise']:.0%}  "
               f"{before} -> {after}{more}")
    yield show.verdicts([one["ratio"] for one in found if "ratio" in one])


def missing(rows, found, lacking):
    """Lines of the rows that cannot be compared. lacking: {what a commit was called: the programs that it does not have}"""
    for row in rows:
        if row.id not in found:
            whose = [name for name, programs in lacking.items() if row.program in programs]
            yield f"{row.id:32} is not in both" + (f": no {row.program} in {' and '.join(whose)}" if whose else "")


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/compare", description="builds two commits and measures them in turns, A B B A")
    parser.add_argument("--rev", action="append", required=True, metavar="COMMIT", help="twice: before, after")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only rows whose id matches")
    parser.add_argument("--full", action="store_true", help="as long as a full run measures")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args(argv)
    if len(options.rev) != 2:
        parser.error("--rev is given twice: the commit before and the one after")
    return options


def main(argv, root=contenders.ROOT):
    options = arguments(argv)
    commits = [commit_of(root, name) for name in options.rev]
    rows = chosen(options.filter, options.full)
    if not rows:
        raise SystemExit(f"scripts/compare: no row matches {options.filter}; they stand in bench/rows.toml")
    if commits[0] == commits[1]:
        print("one commit twice: every difference is noise")
    programs = sorted({row.program for row in rows})
    settings = replace(FULL if options.full else QUICK, rounds=options.rounds, budget=0, deadline=0)
    # The paths are of one length: that, too, can move what a program's memory looks like.
    first, last = (root / "build/compare" / name for name in "ab")
    with worktree(root, commits[0], first), worktree(root, commits[1], last):
        places, lacking = [], {}
        for name, folder in zip(options.rev, (first, last)):
            print(f"building {name}", file=sys.stderr)
            place, lacking[name] = build(folder, programs, options.jobs)
            places.append(place)
        found = paired(rows, *places)
        for line in missing(rows, found, lacking):
            print(line)
        rows = [row for row in rows if row.id in found]
        if not rows:
            raise SystemExit("scripts/compare: no row is in both")
        warning = show.busy({"load_before": environment.load(), "machine": {"topology": environment.topology()}})
        if warning:
            print(warning, file=sys.stderr)
        session = Session(rows, found, settings, Progress())
        results = judge(rows, session.run())
    print("\n".join(lines(results)))
    if session.interrupted:
        return 130
    return 0 if results and not any("error" in one for one in results) else 1
