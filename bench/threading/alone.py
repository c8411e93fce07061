"""What the rows of one thread that takes a lock share."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import check, cost_row  # noqa: E402

LOCKINGS = 100_000


def enter(name, make):
    @cost_row(name, LOCKINGS)
    def alone(items):
        lock, count = make(), 0
        start = time.perf_counter()
        for _ in range(items):
            with lock:
                count += 1
        seconds = time.perf_counter() - start
        check(count, items)
        return seconds
