"""From samples to the table: values, ratios with intervals, verdicts, floors."""
import math
import re
from statistics import median

from contenders import OURS
from measure import second
from scaling import grids, placements, sweeps
from show import FAILED, NOT_RUN, failure, named, ours_of
from stability import again, grade
from statistic import (WRONG, adjusted, bootstrap, interval_of, noise, p_value, resampled, runs_needed,
                       speed_ratio, verdict)


class _Row:
    """The samples of one row, by label and round."""

    def __init__(self, row, samples):
        self.row = row
        self.good, self.errors = {}, {}
        for sample in samples:
            if sample.row != row.id:
                continue
            if sample.ok:
                self.good.setdefault(sample.label, {})[sample.round] = sample
            else:
                self.errors.setdefault(sample.impl, sample.error)

    def values(self, label):
        return [sample.value for sample in self.good.get(label, {}).values()]

    def ours(self, number):
        """Both of ours in one round: a drift between them cancels against what ran in between."""
        both = [self.good[label][number].value for label in (OURS, second(OURS))
                if number in self.good.get(label, {})]
        return math.exp(sum(map(math.log, both)) / len(both)) if both else None

    def ratios(self, label):
        if OURS in self.errors:
            return []  # what was fast while it lost nothing, or did not crash yet, has no lead over anyone
        pairs = [(self.ours(number), sample.value)
                 for number, sample in sorted(self.good.get(label, {}).items())]
        return [speed_ratio(ours, theirs, self.row.better) for ours, theirs in pairs if ours]

    def same_ratios(self):
        again = self.good.get(second(OURS), {})
        return [speed_ratio(sample.value, again[number].value, self.row.better)
                for number, sample in self.good.get(OURS, {}).items() if number in again]


def written(interval):
    return {"median": interval.middle, "low": interval.low, "high": interval.high,
            "runs": interval.count}


def interval_entry(values):
    return written(bootstrap(values))


def _medians(dictionaries):
    return {key: median(one[key] for one in dictionaries) for key in dictionaries[0]}


def _latency(samples):
    """Percentiles: the median over the runs of each."""
    found = [sample.details["latency"] for sample in samples if "latency" in sample.details]
    return _medians(found) if found else None


def _loads(samples):
    """Of an open loop, at each load: the median over the runs of its rate and of each percentile."""
    found = [sample.details["loads"] for sample in samples if "loads" in sample.details]
    return {"loads": [_medians(same) for same in zip(*found)]} if found else {}


def _shares(samples):
    found = [sample.details["shares"] for sample in samples if "shares" in sample.details]
    return {"shares": _medians(found)} if found else {}


def _per_item(samples, key):
    found = [sample.details[key] / sample.details["items"] for sample in samples
             if sample.details.get("items") and key in sample.details]
    return median(found) if found else None


def _price(samples):
    """What an item costs beside time; None and left out: nobody said."""
    cpu = _per_item(samples, "cpu_s")
    switches = {key: _per_item(samples, key) for key in ("voluntary", "involuntary")}
    found = {name: [sample.details[name] for sample in samples if name in sample.details]
             for name in ("allocations_per_item", "peak_kib")}
    return {"cpu_ns_per_item": None if cpu is None else cpu * 1e9,
            **({"switches_per_item": switches} if None not in switches.values() else {}),
            **{name: median(values) for name, values in found.items() if values}}


def _contender(data, contender, delta, rerun):
    label, error = contender.impl, data.errors.get(contender.impl)
    entry = {"impl": label, "kind": contender.kind, "command": rerun(contender)}
    if error:
        return {**entry, "error": error}
    values = data.values(label) + (data.values(second(label)) if contender.kind == "ours" else [])
    if not values:
        return {**entry, "error": NOT_RUN}
    samples = list(data.good[label].values())
    entry.update(value=interval_entry(values), latency=_latency(samples))
    entry.update(_price(samples), **_loads(samples), **_shares(samples))
    if contender.kind != "ours":
        ratios = data.ratios(label)
        if ratios:
            entry["ratio"] = judge_ratios(ratios, delta)
    return entry


def judge_ratios(ratios, delta):
    medians = resampled(ratios)
    return judge_medians(interval_of(ratios, medians), medians, delta)


def judge_medians(interval, medians, delta):
    """medians: what the one in the interval might have been, sorted."""
    return {**written(interval), "verdict": verdict(interval, delta),
            "runs_needed": runs_needed(interval, delta), "p": p_value(medians, delta)}


def _best(entries, kind, of=()):
    """The one that we are least far ahead of."""
    eligible = [entry for entry in entries if entry["kind"] == kind and "ratio" in entry
                and (not of or entry["impl"] in of)]
    return min(eligible, key=lambda entry: entry["ratio"]["median"], default=None)


GROUP_NAMES = {"peers": "best peer", "cpython": "CPython", "at_most": "itself"}


def _floor(floor, entries):
    entry = {"against": floor.against, "needed": floor.needed, "of": floor.of, "text": floor.text,
             "name": GROUP_NAMES[floor.against], "met": None}
    if failure(entries):
        return {**entry, "met": False}
    if floor.against == "at_most":
        ours = next((one for one in entries if one["kind"] == "ours" and "value" in one), None)
        if ours:
            got = ours["value"]
            entry.update(got=got, met=got["median"] <= floor.needed,
                         sure=got["high"] <= floor.needed or got["low"] > floor.needed)
        return entry
    best = _best(entries, "peer" if floor.against == "peers" else "cpython", floor.of)
    if best:
        got = best["ratio"]
        entry.update(got=got, impl=best["impl"], met=got["median"] >= floor.needed,
                     sure=got["low"] >= floor.needed or got["high"] < floor.needed)
    return entry


def _missing(row, peers):
    """Those that would run the row as well, but are not here."""
    return [one["peer"] for one in peers if one.get("rows") and re.search(one["rows"], row.runs or row.id)]


def judge_row(row, contenders, samples, rerun, missing=()):
    data = _Row(row, samples)
    same_ratios = data.same_ratios()
    delta = noise(same_ratios)
    entries = [_contender(data, one, delta, rerun) for one in contenders]
    bounding = [entry for one, entry in zip(contenders, entries) if one.bounds]
    best = _best(entries, "peer")
    standing = FAILED if failure(entries) else best["ratio"]["verdict"] if best else None
    return {
        "id": row.id, "group": row.group, "text": row.text, "unit": row.unit, "better": row.better,
        **({"part": row.part} if row.part else {}), "never_below": row.never_below, "noise": delta, "again": again(same_ratios), "contenders": entries,
        "best_peer": best["impl"] if best else None, "standing": standing, "missing": _missing(row, missing),
        "floors": [_floor(floor, bounding) for floor in row.floors],
        "command": f"scripts/bench --quick --filter '^{row.id}$'",
    }


def claim(ratios):
    """Who looks at many rows finds differences that are none: those that are too easily come by are not claimed."""
    for ratio, q in zip(ratios, adjusted([ratio["p"] for ratio in ratios])):
        ratio["q"] = q
        if q > WRONG and ratio["verdict"] in ("faster", "slower"):
            ratio["verdict"] = "inconclusive"


def correct(rows):
    """What the rows of the table are judged by, their best peers, is one family; all other comparisons are another."""
    standings, others = [], []
    for row in rows:
        for entry in row["contenders"]:
            if "ratio" in entry:
                best = entry["impl"] == row["best_peer"] and not row.get("part")
                (standings if best else others).append(entry["ratio"])
    claim(standings)
    claim(others)
    for row in rows:
        if row["best_peer"]:
            row["standing"] = next(one["ratio"]["verdict"] for one in row["contenders"]
                                   if one["impl"] == row["best_peer"])


def summary(all_rows):
    """Of the table: what is only in a sweep or a grid is counted nowhere."""
    rows = [row for row in all_rows if not row.get("part")]
    floors = [floor for row in rows for floor in row["floors"]]
    ran = [row for row in rows if row["standing"] == FAILED or ours_of(row)]
    beside = [row for row in ran if _is_beside(row)]
    deltas = [row["noise"] for row in rows]
    standings = [row["standing"] for row in rows]
    missed = [row["id"] for row in rows if any(floor["met"] is False for floor in row["floors"])]
    behind = [row["id"] for row in rows if _is_behind(row)]
    return {
        "rows": len(rows),
        **{name: standings.count(name) for name in ("faster", "same", "inconclusive", "slower")},
        "without_ours": len(rows) - len(beside),
        "without_peer": len(ran) - len(beside),
        "ahead": len(beside) - len(behind),
        "behind_rows": behind,
        "broken_rows": [row["id"] for row in all_rows if row["standing"] == FAILED],
        "floors": len(floors),
        "floors_met": sum(1 for floor in floors if floor["met"]),
        "floors_open": sum(1 for floor in floors if floor["met"] is None),
        "rows_below_floor": missed,
        "never_below_missed": [row["id"] for row in rows
                               if row["never_below"] and row["id"] in missed],
        "failed": [(row["id"], one["impl"], one["error"]) for row in all_rows
                   for one in row["contenders"] if "error" in one],
        "noise_median": median(deltas) if deltas else None,
        "noise_worst": max(deltas, default=None),
        "stability": grade([row["again"] for row in rows]),
    }


def _is_beside(row):
    """Whether a peer ran it as well; who fails has no ratio to any."""
    return bool(row["best_peer"]) or row["standing"] == FAILED and any(one["kind"] == "peer" and "value" in one for one in row["contenders"])


def _is_behind(row):
    """Of the best peer; who fails is behind whoever does not."""
    if row["standing"] == FAILED:
        return _is_beside(row)
    best = named(row, row["best_peer"])
    return bool(best) and best["ratio"]["median"] < 1


def calibration(kernels, samples):
    """{kernel: what it is and what it took}, or why it did not; what was not tried is left out."""
    found = {}
    for kernel in kernels:
        tried = [one for one in samples if one.row == kernel.id]
        values, errors = [one.value for one in tried if one.ok], [one.error for one in tried if not one.ok]
        described = {"text": kernel.text, "unit": kernel.unit, "better": kernel.better}
        if values:
            found[kernel.id] = {**described, "value": interval_entry(values)}
        elif errors:
            found[kernel.id] = {**described, "error": errors[0]}
    return found


def judge(rows, contenders, samples, rerun, kernels=(), missing=()):
    """missing: as environment.capture() has those peers that are not here."""
    judged = [judge_row(row, contenders[row.id], samples, rerun, missing) for row in rows]
    correct(judged)
    return judged, {**summary(judged), "scaling": sweeps(rows, samples), "grids": grids(rows), "placements": placements(rows),
                    "calibration": calibration(kernels, samples)}
