"""Measures the table. Called by scripts/bench, which builds first."""
import argparse
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
import show
from judge import judge
from measure import FULL, QUICK, Session
from progress import Progress, span
from rows import BENCH, load

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
    parser.add_argument("--filter", type=regex, default="", metavar="REGEX", help="only rows whose id matches")
    parser.add_argument("--python", metavar="LIST", help='such as 3.11,3.13, or "all", or "none"')
    parser.add_argument("--rounds", type=count, help="instead of as many as usual")
    parser.add_argument("--save", action="store_true",
                        help="keep the result in bench/results/<machine>/ as well")
    parser.add_argument("--programs", type=Path, default=contenders.ROOT / "build/bench/bench",
                        help="where the built programs are")
    parser.add_argument("--output", type=Path, help="the result; default: results.json beside them")
    parser.add_argument("--check", action="store_true",
                        help="measure nothing; fail when an argument is wrong")
    return parser.parse_args(argv)


def rerun_with(settings):
    def rerun(contender):
        return shlex.join([*contender.shown, "--scale", f"{settings.scale:g}", "--min-time",
                           f"{settings.min_time:g}"])
    return rerun


def settings_for(options):
    settings = QUICK if options.quick else FULL
    if options.rounds:
        settings.rounds, settings.budget, settings.deadline = options.rounds, 0, 0
    return settings


def announce(rows, found, settings):
    runs = sum(len(contenders) + 1 for contenders in found.values())
    guess = runs * (settings.min_time * 1.5 + 0.1) * settings.rounds
    guess = min(guess, settings.budget) if settings.budget else guess
    print(f"{len(rows)} rows, {runs} runs a round, up to {settings.rounds} rounds: about {span(guess)}",
          file=sys.stderr)


def write(result, options):
    name = f"{result['started'].replace(':', '')}-{result['kind']}"
    places = [options.output or options.programs / "results.json"]
    if options.save:
        places.append(BENCH / "results" / result["environment"]["machine_id"] / f"{name}.json")
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        place.with_suffix(".md").write_text(show.markdown(result))
        with open(place.with_suffix(".csv"), "w", newline="") as table:
            csv.writer(table).writerows(show.table(result))
        print(f"written: {contenders.shown_path(place)}", file=sys.stderr)


def main(argv=None):
    options = arguments(argv)
    rows = [row for row in load() if options.filter.search(row.id)]
    if not rows:
        raise SystemExit(f"no row matches {options.filter.pattern}; they stand in bench/rows.toml")
    settings = settings_for(options)
    pythons = contenders.pythons(options.python, options.quick)
    if options.check:
        return 0
    os.environ["TANDEM_BENCH_PROGRAMS"] = str(options.programs.resolve())  # for CPython's twins
    found = contenders.find(rows, options.programs, pythons)
    described = environment.capture(
        contenders.ROOT, contenders.load_json(options.programs / "build.json", {}),
        contenders.load_json(options.programs / "peers.json", []), pythons)
    announce(rows, found, settings)
    if show.busy(described):
        print(show.busy(described), file=sys.stderr)

    session = Session(rows, found, settings, Progress())
    started, start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), time.monotonic()
    samples = session.run()
    judged, summary = judge(rows, found, samples, rerun_with(settings))
    result = {
        "schema": SCHEMA, "kind": "quick" if options.quick else "full", "started": started,
        "seconds": round(time.monotonic() - start, 1), "interrupted": session.interrupted,
        "settings": vars(settings), "environment": {**described, "load_after": environment.load()},
        "summary": summary, "rows": judged, "samples": [vars(sample) for sample in samples],
    }
    write(result, options)
    print(show.verdict_line(summary))
    # Only our own failures count: a peer that crashes is a red row.
    broken = [row for row, impl, _ in summary["failed"] if impl == contenders.OURS]
    return 130 if session.interrupted else 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
