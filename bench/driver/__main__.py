"""Measures the table. Called by scripts/bench, which builds first."""
import argparse
import contextlib
import csv
import json
import os
import re
import shlex
import sys
import time
from pathlib import Path

import contenders
import environment
import history
import journal
import micro
import rows as table
import show
from judge import judge
from measure import FULL, QUICK, Session, Settings, rounds_of, whole_rounds
from progress import Progress, span

SCHEMA = 1


def regex(text):
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None


def count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="tandem beside its peers and CPython, interleaved")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--quick", action="store_true", help="indicative, within 3 minutes")
    how.add_argument("--full", action="store_true", help="what floors are judged by")
    how.add_argument("--resume", action="store_true",
                     help="go on with the run that was interrupted, as it was asked for")
    parser.add_argument("--filter", type=regex, metavar="REGEX", help="only rows whose id matches")
    parser.add_argument("--python", metavar="LIST", help='such as 3.11,3.13, or "all", or "none"')
    parser.add_argument("--rounds", type=count, help="instead of as many as usual")
    parser.add_argument("--save", action="store_true",
                        help="keep the result in bench/results/<machine>/ as well")
    parser.add_argument("--programs", type=Path, default=contenders.ROOT / "build/bench/bench",
                        help="where the built programs are")
    parser.add_argument("--output", type=Path, help="the result; default: results.json beside them")
    parser.add_argument("--check", action="store_true",
                        help="measure nothing; fail when an argument is wrong")
    options = parser.parse_args(argv)
    if options.resume and (options.filter or options.python or options.rounds):
        parser.error("--resume goes on with what was asked for: no --filter, --python or --rounds")
    options.output = options.output or options.programs / "results.json"
    return options


def rerun_with(settings):
    def rerun(contender):
        return shlex.join([*contender.shown, "--scale", f"{settings.scale:g}", "--min-time",
                           f"{settings.min_time:g}"])
    return rerun


def asked_for(options):
    """What is to be measured, as the head of a journal keeps it."""
    settings = QUICK if options.quick else FULL
    if options.rounds:
        settings.rounds, settings.budget, settings.deadline = options.rounds, 0, 0
    return {"kind": "quick" if options.quick else "full", "settings": vars(settings),
            "filter": options.filter.pattern if options.filter else "", "python": options.python,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "sittings": 1}


def go_on(asked, now):
    """The samples of the sittings before belong to this one, or it does not begin."""
    different = journal.differences(asked, now)
    if different:
        raise SystemExit("not resumed: it was begun with " + ", ".join(different)
                         + ". What it had measured stands in the result that it wrote.")
    return {**asked, "sittings": asked["sittings"] + 1}


def announce(rows, found, settings, counting):
    runs = sum(len(contenders) + 1 for contenders in found.values())
    all_runs = sum((len(found[row.id]) + 1) * rounds_of(row, settings.rounds) for row in rows)
    guess = all_runs * (settings.min_time * 1.5 + 0.1) + (0.2 * runs if counting else 0)
    guess = min(guess, settings.budget) if settings.budget else guess
    print(f"{len(rows)} rows, {runs} runs a round, up to {settings.rounds} rounds: about {span(guess)}",
          file=sys.stderr)


def counter(programs, settings):
    """What counts allocations; not where time is short, or where it was not built."""
    library = (programs / "bench_allocations.so").resolve()
    return library if library.exists() and not settings.budget else None


def write(result, options):
    name = f"{result['started'].replace(':', '')}-{result['kind']}"
    places = [options.output]
    if options.save:
        places.append(table.BENCH / "results" / result["environment"]["machine_id"] / f"{name}.json")
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        place.with_suffix(".md").write_text(show.markdown(result), encoding="utf-8")
        with open(place.with_suffix(".csv"), "w", newline="", encoding="utf-8") as sheet:
            csv.writer(sheet).writerows(show.table(result))
        print(f"written: {contenders.shown_path(place)}", file=sys.stderr)


def chosen(asked):
    rows = table.chosen(asked["filter"], asked["kind"] == "full")
    if not rows:
        raise SystemExit(f"no row matches {asked['filter']}; they stand in bench/rows.toml")
    return rows, contenders.pythons(asked["python"], asked["kind"] == "quick")


def main(argv=None):
    options = arguments(argv)
    asked, earlier = asked_for(options), []
    if options.resume:
        asked, earlier = journal.read(journal.place(options.output))
    rows, pythons = chosen(asked)
    if options.check:
        return 0
    os.environ["TANDEM_BENCH_PROGRAMS"] = str(options.programs.resolve())  # for CPython's twins
    kernels = table.kernels()
    peers = contenders.load_json(options.programs / "peers.json", [])
    uvloop = None
    if asked["python"] != "none":
        uvloop, more = contenders.find_uvloop(rows, pythons)
        peers += more
    found = {**contenders.find(rows, options.programs, pythons, uvloop), **contenders.kernel_contenders(kernels, options.programs)}
    described = environment.capture(
        contenders.ROOT, contenders.load_json(options.programs / "build.json", {}), peers, pythons)
    now = {"machine_id": described["machine_id"], "commit": described["commit"],
           "programs": journal.fingerprint(options.programs, (row.program for row in [*rows, *kernels]))}
    if options.resume:
        asked, earlier = go_on(asked, now), whole_rounds(earlier, found)
    settings = Settings(**asked["settings"])
    library = counter(options.programs, settings)
    announce(rows, found, settings, library)
    if show.busy(described):
        print(show.busy(described), file=sys.stderr)

    place = journal.place(options.output)
    aside = None if options.resume else journal.set_aside(place)
    if aside:
        print(f"an interrupted run is set aside: call {aside.name} {place.name}, and --resume goes on with it", file=sys.stderr)
    kept = journal.Journal(place, {**asked, **now}, earlier)
    session = Session([*rows, *kernels], found, settings, Progress(), earlier, kept.add, library)
    samples = session.run()
    # By itself, as it is no row; a filter asks for rows.
    small = None
    if not session.interrupted and not asked["filter"]:
        with contextlib.suppress(KeyboardInterrupt):  # the rows are kept
            small = micro.run(options.programs, asked["kind"] == "full")
    judged, summary = judge(rows, found, samples, rerun_with(settings), kernels, described["missing_peers"])
    result = {
        "schema": SCHEMA, "kind": asked["kind"], "started": asked["started"],
        "seconds": round(sum(sample.seconds for sample in samples), 1),
        "interrupted": session.interrupted, "sittings": asked["sittings"], "settings": vars(settings),
        "environment": {**described, "load_after": environment.load()},
        "summary": {**summary, **({"micro": small} if small else {})}, "rows": judged, "samples": [vars(sample) for sample in samples],
    }
    write(result, options)
    kept.close(complete=not session.interrupted)
    if session.interrupted:
        print("interrupted: scripts/bench --resume goes on", file=sys.stderr)
    else:
        history.append(result, options.programs / history.NAME)
    print(show.verdict_line(summary))
    # Only our own failures count: a peer that crashes is a red row.
    broken = [row for row, impl, _ in summary["failed"] if impl == contenders.OURS]
    return 130 if session.interrupted else 1 if broken else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # who reads ASCII only gets a ? for ±, not a failure in the end
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)  # what was measured is in the journal
