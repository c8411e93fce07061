"""Ratios, their intervals, and what may be said of them. No assumption about distributions."""
import math
import random
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from statistics import median

RESAMPLES = 2000
WRONG = 0.05  # of the differences that are claimed, how many may be none
SMALLEST_DELTA = 0.02  # no difference below 2 % is worth a word, however quiet the machine
FEWEST_ROUNDS = 3  # what one or two have shown may be anything, and their interval has no width
LARGEST_SAME = 0.25  # where the noise is larger than this, nothing may be called the same


@dataclass
class Interval:
    middle: float
    low: float
    high: float
    count: int


def resampled(values, seed=1):
    """Medians of what the values might have been, sorted."""
    generator = random.Random(seed)
    return sorted(median(generator.choices(values, k=len(values))) for _ in range(RESAMPLES))


def interval_around(middle, medians, count):
    """The 95 % percentile interval of what the middle might have been, which is sorted."""
    return Interval(middle, medians[int(0.025 * len(medians))], medians[int(0.975 * len(medians)) - 1], count)


def interval_of(values, medians):
    """That of their median."""
    return interval_around(median(values), medians, len(values))


def bootstrap(values, seed=1):
    return interval_of(values, resampled(values, seed)) if values else None


def p_value(medians, delta):
    """How easily medians like these come about where no difference beyond ±δ is: two-sided."""
    not_faster = bisect_right(medians, 1 + delta)
    not_slower = len(medians) - bisect_left(medians, 1 / (1 + delta))
    return min(1.0, 2 * (1 + min(not_faster, not_slower)) / (1 + len(medians)))


def adjusted(p_values):
    """Benjamini and Hochberg's, in the order given: of all claims with at most 0.05, 5 % may be wrong."""
    count, smallest, found = len(p_values), 1.0, [1.0] * len(p_values)
    ranked = sorted(range(count), key=p_values.__getitem__)
    for rank in range(count, 0, -1):
        place = ranked[rank - 1]
        smallest = min(smallest, p_values[place] * count / rank)
        found[place] = smallest
    return found


def widest_coverage(count):
    """No interval within the values themselves holds the median oftener than this."""
    return 1 - 2.0 ** (1 - count)


def speed_ratio(ours, theirs, better):
    """More than 1: ours is faster."""
    return ours / theirs if better == "higher" else theirs / ours


def noise(same_ratios):
    """δ: what two labels of one binary differ by."""
    interval = bootstrap([math.log(ratio) for ratio in same_ratios])
    if interval is None:
        return SMALLEST_DELTA
    return max(SMALLEST_DELTA, math.exp(max(abs(interval.low), abs(interval.high))) - 1)


def verdict(interval, delta):
    """faster, slower, same (all of the interval within ±δ), or inconclusive."""
    if interval.count < FEWEST_ROUNDS:
        return "inconclusive"
    upper, lower = 1 + delta, 1 / (1 + delta)
    if interval.low > upper:
        return "faster"
    if interval.high < lower:
        return "slower"
    if delta <= LARGEST_SAME and interval.low >= lower and interval.high <= upper:
        return "same"
    return "inconclusive"


def runs_needed(interval, delta):
    """How many rounds would bring the interval to about ±δ: it shrinks with the square root."""
    width = math.log(interval.high / interval.low) / 2
    return min(999, max(interval.count + 1, math.ceil(interval.count * (width / delta) ** 2)))
