"""How still a machine is, by what one binary differs from itself: the grade of a run."""
import math
from statistics import median

# Grade; what two runs of one binary differ by in the middle row, and in the worst row of ten.
GRADES = (("A", 0.02, 0.06), ("B", 0.05, 0.15), ("C", 0.10, 0.30), ("D", 0.20, 0.60))
WORST = "E"
UNKNOWN = "unknown"
FEWEST_PAIRS = 3
FEWEST_ROWS = 5


def again(same_ratios):
    """What a run differs by from the next of the same binary, the median; None: too few. Unlike δ, more rounds
    do not make it smaller."""
    if len(same_ratios) < FEWEST_PAIRS:
        return None
    return math.exp(median(abs(math.log(ratio)) for ratio in same_ratios)) - 1


def grade(rows):
    """rows: again() of each."""
    known = sorted(one for one in rows if one is not None)
    if len(known) < FEWEST_ROWS:
        return {"grade": UNKNOWN, "typical": None, "worst_tenth": None, "rows": len(known)}
    typical, tenth = median(known), known[math.ceil(0.9 * len(known)) - 1]
    letter = next((name for name, middle, worst in GRADES if typical <= middle and tenth <= worst), WORST)
    return {"grade": letter, "typical": typical, "worst_tenth": tenth, "rows": len(known)}
