"""Two results side by side. Called by scripts/compare."""
import argparse
import json
import random
import re
from statistics import median

import revisions
import schema
import show
from contenders import MACHINE, OURS
from judge import claim, judge_medians, written
from rows import kernels
from statistic import RESAMPLES, interval_around, speed_ratio


def values(result, row, impl):
    """None where one of its runs failed: what the others took is no speed."""
    runs = [one for one in result["samples"] if one["row"] == row and one["impl"] == impl]
    return [one["value"] for one in runs] if all(one["ok"] for one in runs) else []


def ratio_of_medians(before, after, better, explained=None, seed=1):
    """(Interval, what it comes from) of after : before, more than 1 is faster. The runs are not paired, so each is resampled.

    explained: (before, after, better) of what the ratio is divided by.
    """
    generator = random.Random(seed)

    def once(first, second, kernels):
        return speed_ratio(median(second), median(first), better) / (
            speed_ratio(median(kernels[1]), median(kernels[0]), explained[2]) if explained else 1)

    def again(runs):
        return generator.choices(runs, k=len(runs))

    kernels = explained[:2] if explained else ()
    medians = sorted(once(again(before), again(after), [again(runs) for runs in kernels]) for _ in range(RESAMPLES))
    return interval_around(once(before, after, kernels), medians, min(map(len, (before, after, *kernels)))), medians


def _row(result, name):
    return next((row for row in result["rows"] if row["id"] == name), None)


def _against(row, impl):
    return (show.named(row, impl) or {}).get("ratio")


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


UNITS_OF_TIME = ("ns",)
RATES = "/s"


class Kernels:
    """What both machines do by themselves, and which rows that explains."""

    def __init__(self, before, after):
        self.all, self.pairs = kernels(), {}
        for kernel in self.all:
            runs = [values(result, kernel.id, MACHINE) for result in (before, after)]
            if all(runs):
                self.pairs[kernel] = runs
        self.ratios = {kernel.id: ratio_of_medians(*runs, kernel.better)[0] for kernel, runs in self.pairs.items()}

    def of(self, row):
        """The kernel of this row, if both have it; what is no time and no rate is the same on every machine, and what a sweep or a placement
        adds is there for its shape: eight threads take turns on one machine and not on the other, and two on one processor share no line."""
        if row.get("part") or row["unit"] not in UNITS_OF_TIME and not row["unit"].endswith(RATES):
            return None
        first = next((kernel for kernel in self.all if re.search(kernel.of, row["id"])), None)
        return first if first in self.pairs else None

    def explained(self, kernel):
        return (*self.pairs[kernel], kernel.better)


def compare_machines(before, after):
    """[(row, kernel, ratio of the values divided by the kernel's, δ)] of the rows that ours ran in both."""
    found, both = [], Kernels(before, after)
    for row in after["rows"]:
        old, kernel = _row(before, row["id"]), both.of(row)
        first, second = (values(result, row["id"], OURS) for result in (before, after))
        if old and kernel and first and second:
            delta = max(row["noise"], old["noise"])
            found.append((row, kernel, judge_medians(*ratio_of_medians(first, second, row["better"], both.explained(kernel)), delta),
                          delta))
    claim([ratio for *_, ratio, _ in found])
    return both, found


def tell_machines(before, after):
    """Prints it; whether there was anything."""
    both, found = compare_machines(before, after)
    print("Two machines: times are not comparable. What each does by itself, after : before:")
    for kernel in both.all:
        one = both.ratios.get(kernel.id)
        print(f"{kernel.id:32} {show.interval(written(one)) if one else 'not in both':>24}  {kernel.text}")
    if found:
        print("\nTandem, after : before, divided by the kernel that bounds the row: what the machine does not explain.")
    for row, kernel, ratio, delta in found:
        print(f"{row['id']:32} {show.interval(ratio):>24}  {ratio['verdict']:12} noise ±{delta:.0%}  by {kernel.id}")
    if found:
        print(show.verdicts([ratio for *_, ratio, _ in found]))
    leads = list(compare_leads(before, after))
    if leads:
        print("\nThe lead over the same peer:")
    for row, peer, first, second in leads:
        print(f"{row['id']:32} {peer:20} {show.interval(first)}  ->  {show.interval(second)}")
    return bool(found or leads)


def tell_failures(before, after):
    for name, result in (("before", before), ("after", after)):
        for row in result["rows"]:
            wrong = show.failure(row["contenders"])
            if wrong:
                print(f"{row['id']:32} FAILS {name}: {wrong}")


def tell_runs(before, after):
    compared = compare_values(before, after)
    for row, ratio, delta in compared:
        print(f"{row['id']:32} {show.interval(ratio):>24}  {ratio['verdict']:12} noise ±{delta:.0%}")
    print(show.verdicts([ratio for _, ratio, _ in compared]))
    return bool(compared)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
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
    scales = [one["settings"]["scale"] for one in (before, after)]
    if scales[0] != scales[1]:
        print("One has {:g} of the items of a full run, the other {:g}: that alone can be a difference.".format(*scales))
    same = before["environment"]["machine_id"] == after["environment"]["machine_id"]
    tell_failures(before, after)
    told = (tell_runs if same else tell_machines)(before, after)
    if not told:
        print("no row stands in both")
    return 0 if told else 1
