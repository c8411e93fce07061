"""What the rows of one thread that takes a lock share."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import check, cost_row  # noqa: E402

LOCKINGS = 100_000


def enter(family, make):
    @cost_row(family + ".alone", LOCKINGS)
    def alone(items):
        lock, count = make(), 0
        start = time.perf_counter()
        for _ in range(items):
            with lock:
                count += 1
        seconds = time.perf_counter() - start
        check(count, items)
        return seconds

    @cost_row(family + ".uncontended", LOCKINGS)
    def uncontended(items):
        end = threading.Event()
        bystander = threading.Thread(target=end.wait)
        bystander.start()
        seconds = alone(items)
        end.set()
        bystander.join()
        return seconds
