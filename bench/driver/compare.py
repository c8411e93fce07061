"""Two results side by side. Called by scripts/compare."""
import argparse
import json
import random
from statistics import median

import revisions
import schema
import show
from contenders import OURS
from judge import claim, judge_medians
from statistic import RESAMPLES, Interval, speed_ratio


def values(result, row, impl):
    return [one["value"] for one in result["samples"]
            if one["row"] == row and one["impl"] == impl and one["ok"]]


def ratio_of_medians(before, after, better, seed=1):
    """(Interval, what it comes from) of after : before, more than 1 is faster. The runs are not paired, so each is resampled."""
    generator = random.Random(seed)

    def once(first, second):
        return speed_ratio(median(second), median(first), better)

    medians = sorted(once(generator.choices(before, k=len(before)), generator.choices(after, k=len(after)))
                     for _ in range(RESAMPLES))
    low, high = (medians[int(share * RESAMPLES)] for share in (0.025, 0.975))
    return Interval(once(before, after), low, high, min(len(before), len(after))), medians


def _row(result, name):
    return next((row for row in result["rows"] if row["id"] == name), None)


def _against(row, impl):
    return next((one["ratio"] for one in row["contenders"]
                 if one["impl"] == impl and "ratio" in one), None)


def compare_values(before, after):
    """[(row, ratio, δ)] of the rows that ours ran in both; all of them together are one family of claims."""
    found = []
    for row in after["rows"]:
        old = _row(before, row["id"])
        first, second = (values(result, row["id"], OURS) for result in (before, after))
        if old and first and second:
            delta = max(row["noise"], old["noise"])
            found.append((row, judge_medians(*ratio_of_medians(first, second, row["better"]), delta), delta))
    claim([ratio for _, ratio, _ in found])
    return found


def compare_leads(before, after):
    """Yields (row, peer, lead before, lead after) against the peer that was best in `after`."""
    for row in after["rows"]:
        old, peer = _row(before, row["id"]), row["best_peer"]
        if not old or not peer:
            continue
        first, second = _against(old, peer), _against(row, peer)
        if first and second:
            yield row, peer, first, second


def read(path):
    try:
        with open(path) as file:
            result = json.load(file)
    except OSError as error:
        raise SystemExit(f"scripts/compare: {path}: {error.strerror}") from None
    except ValueError:
        raise SystemExit(f"scripts/compare: {path}: no result of scripts/bench") from None
    wrong = schema.complaints(result)
    if wrong:
        raise SystemExit(f"scripts/compare: {path}: no result of scripts/bench: {wrong[0]}")
    return result


def main(argv):
    if any(one.startswith("--rev") for one in argv):
        return revisions.main(argv)
    parser = argparse.ArgumentParser(prog="scripts/compare", epilog="--rev A --rev B: two commits instead")
    parser.add_argument("before")
    parser.add_argument("after")
    options = parser.parse_args(argv)
    before, after = read(options.before), read(options.after)
    same = before["environment"]["machine_id"] == after["environment"]["machine_id"]
    compared = compare_values(before, after) if same else list(compare_leads(before, after))
    if same:
        for row, ratio, delta in compared:
            print(f"{row['id']:32} {show.interval(ratio):>24}  {ratio['verdict']:12} noise ±{delta:.0%}")
        print(show.verdicts([ratio for _, ratio, _ in compared]))
    else:
        print("Two machines: times are not comparable; the lead over the same peer is.")
        for row, peer, first, second in compared:
            print(f"{row['id']:32} {peer:20} {show.interval(first)}  ->  {show.interval(second)}")
    if not compared:
        print("no row stands in both")
    return 0 if compared else 1
