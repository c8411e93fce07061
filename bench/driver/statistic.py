"""Ratios, their intervals, and what may be said of them. No assumption about distributions."""
import math
import random
from dataclasses import dataclass
from statistics import median

RESAMPLES = 2000
SMALLEST_DELTA = 0.02  # no difference below 2 % is worth a word, however quiet the machine
LARGEST_SAME = 0.25  # where the noise is larger than this, nothing may be called the same


@dataclass
class Interval:
    middle: float
    low: float
    high: float
    count: int


def bootstrap(values, seed=1):
    """The median, and the 95 % percentile interval of it."""
    if not values:
        return None
    generator = random.Random(seed)
    medians = sorted(median(generator.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return Interval(median(values), medians[int(0.025 * RESAMPLES)],
                    medians[int(0.975 * RESAMPLES) - 1], len(values))


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
