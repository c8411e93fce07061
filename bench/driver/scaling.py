"""Gunther's Universal Scalability Law, X(N) = λN / (1 + σ(N − 1) + κN(N − 1)): or the reason why it is not fitted."""
import itertools
import math
import random
from statistics import median

from contenders import OURS
from environment import processors
from rows import running

FEWEST_COUNTS = 5  # of threads: the curve has three numbers of its own, and something has to be left to contradict it
FEWEST_RUNS = 3
WORST_MISS = 0.10  # by which the curve may miss the medians, as a root of mean squares
WIDEST_SIGMA = 0.5  # an interval of σ that is wider says nothing
RESAMPLES = 400
FARTHEST = 2  # a peak beyond so many times the largest measured number of threads is not told


class Refused(Exception):
    """Why there is no fit."""


def rate(threads, rate_of_one, sigma, kappa):
    return rate_of_one * threads / (1 + sigma * (threads - 1) + kappa * threads * (threads - 1))


def _solve(matrix, right):
    """Gauss with pivots; None where there is no single solution."""
    size = len(right)
    lines = [[*line, value] for line, value in zip(matrix, right)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda line: abs(lines[line][column]))
        if abs(lines[pivot][column]) < 1e-12:
            return None
        lines[column], lines[pivot] = lines[pivot], lines[column]
        for other in range(size):
            if other != column:
                factor = lines[other][column] / lines[column][column]
                lines[other] = [a - factor * b for a, b in zip(lines[other], lines[column])]
    return [lines[one][size] / lines[one][one] for one in range(size)]


def _least_squares(design):
    """Non-negative x with the smallest |design·x − 1|²: with three unknowns every choice of zeros can be tried."""
    width, best = len(design[0]), None
    for size in range(1, width + 1):
        for used in itertools.combinations(range(width), size):
            normal = [[sum(line[a] * line[b] for line in design) for b in used] for a in used]
            found = _solve(normal, [sum(line[a] for line in design) for a in used])
            if found is None or min(found) < 0:
                continue
            full = [0.0] * width
            for place, value in zip(used, found):
                full[place] = value
            miss = sum((sum(a * b for a, b in zip(line, full)) - 1) ** 2 for line in design)
            if best is None or miss < best[0]:
                best = (miss, full)
    return best


def _curve(rates):
    """(λ, σ, κ, miss) of {threads: rate}; N/X is linear in 1/λ, σ/λ and κ/λ, and each point weighs the same."""
    design = [[rate / n, (n - 1) * rate / n, (n - 1) * rate] for n, rate in sorted(rates.items())]
    miss, (first, second, third) = _least_squares(design)
    if first <= 0:
        raise Refused("the law does not hold: no rate of one thread fits")
    return 1 / first, second / first, third / first, math.sqrt(miss / len(design))


def _check(runs):
    if len(runs) < FEWEST_COUNTS:
        raise Refused(f"{len(runs)} numbers of threads: {FEWEST_COUNTS} are needed at least")
    if 1 not in runs:
        raise Refused("one thread alone was not measured")
    fewest = min(map(len, runs.values()))
    if fewest < FEWEST_RUNS:
        raise Refused(f"{fewest} runs of one number of threads: {FEWEST_RUNS} are needed at least")


def _interval(values):
    ordered = sorted(values)
    return {"low": ordered[int(0.025 * len(ordered))], "high": ordered[int(0.975 * len(ordered)) - 1]}


def _peak(sigma, kappa):
    return math.sqrt(max(0.0, 1 - sigma) / kappa) if kappa > 0 else math.inf


def fit(runs, seed=1):
    """{threads: [rates]} to {lambda, sigma, kappa, miss, peak}, with 95 % bootstrap intervals. Raises Refused."""
    _check(runs)
    one, sigma, kappa, miss = _curve({n: median(values) for n, values in runs.items()})
    if miss > WORST_MISS:
        raise Refused(f"the curve misses what was measured by {miss:.0%}")
    generator = random.Random(seed)
    again = [_curve({n: median(generator.choices(values, k=len(values))) for n, values in runs.items()})
             for _ in range(RESAMPLES)]
    found = {name: {"median": value, **_interval([curve[place] for curve in again])}
             for place, (name, value) in enumerate((("lambda", one), ("sigma", sigma), ("kappa", kappa)))}
    if found["sigma"]["high"] - found["sigma"]["low"] > WIDEST_SIGMA:
        raise Refused("the runs differ too much among themselves: σ may be anything")
    return {**found, "miss": miss, "peak": _peak_of(found, again, max(runs))}


def _peak_of(found, again, largest):
    """From how many threads on more of them are slower; None where what was measured does not say."""
    middle = _peak(found["sigma"]["median"], found["kappa"]["median"])
    if found["kappa"]["low"] <= 0 or middle > FARTHEST * largest:
        return None
    ends = _interval([_peak(sigma, kappa) for _, sigma, kappa, _ in again])
    return {"median": middle, "low": ends["low"], "high": ends["high"] if math.isfinite(ends["high"]) else None}


def _together(rows, what):
    """The rows of each sweep or grid."""
    found = {}
    for row in rows:
        if getattr(row, what):
            found.setdefault(getattr(row, what), []).append(row)
    return found.items()


def sweeps(rows, samples):
    """[{id, title, of, rows, threads, fit or refused}]; of ours is what is fitted, as far as each thread has a processor."""
    return [_sweep(sweep, sorted(members, key=lambda row: row.threads), samples)
            for sweep, members in _together(rows, "sweep")]


def _sweep(sweep, rows, samples):
    broken = {one.row for one in samples if not one.ok and one.impl == OURS}
    runs = {row.threads: [one.value if row.better == "higher" else row.threads / one.value
                          for one in samples if one.row == row.id and one.impl == OURS]
            for row in rows if row.id not in broken}
    runs = {threads: values for threads, values in runs.items() if values}
    described = {"id": sweep.id, "title": sweep.title, "of": sweep.of, "threads": list(runs), "processors": processors(),
                 "rows": [row.id for row in rows if row.threads in runs]}
    # Threads that take turns would look like threads that wait for each other.
    alone = {count: values for count, values in runs.items() if running(sweep.of, count) <= described["processors"]}
    try:
        return {**described, "fit": fit(alone)}
    except Refused as reason:
        return {**described, "refused": f"{reason}; the others take turns" if len(alone) < len(runs) else str(reason)}


def grids(rows):
    """[{id, title, down, across, cells: [{down, across, row}]}] of those that have two lines or columns at least."""
    found = [{**vars(grid), "cells": [{"down": row.cell[0], "across": row.cell[1], "row": row.id} for row in members]}
             for grid, members in _together(rows, "grid")]
    return [one for one in found if len(one["cells"]) > 1]


def placements(rows):
    """[{id, title, places: [{place, text, and processors and row, or why there are none}]}]"""
    found = []
    for placement, members in _together(rows, "placement"):
        here = {row.place: row.id for row in members}
        found.append({"id": placement.id, "title": placement.title, "places": [
            {"place": name, "text": text, **({"processors": list(processors), "row": here[name]} if name in here else {"why": why})}
            for name, text, processors, why in placement.places if name in here or why]})
    return found
