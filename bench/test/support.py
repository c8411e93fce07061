"""Puts the driver on the path, and makes samples whose truth is known."""
import random
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH / "driver"))

from contenders import Contender  # noqa: E402
from measure import Sample, second  # noqa: E402
from rows import Floor, Row  # noqa: E402


def a_row(**changes):
    usual = dict(id="test.flow", group="Test", text="a row", unit="items/s", better="higher",
                 program="bench_faulty", python="")
    return Row(**{**usual, **changes})


def contender(impl, kind, **more):
    return Contender(impl, kind, [impl], [impl], **more)


CONTENDERS = [contender("tandem", "ours"), contender("peer", "peer")]


def synthetic(speeds, rounds=15, spread=0.01, seed=7, row="test.flow"):
    """Samples of {label: true speed}, each off by about `spread`; the machine drifts by 20 %."""
    generator = random.Random(seed)
    samples = []
    for number in range(rounds):
        drift = 1 + 0.2 * number / rounds
        for label, speed in speeds.items():
            value = speed * drift * generator.lognormvariate(0, spread)
            samples.append(Sample(row, label.rstrip("′"), label, number, True, value, 0.1))
    return samples


def both(speed):
    return {"tandem": speed, second("tandem"): speed}


def floor(**fields):
    return Floor(**fields)
