"""CPython's threading.Lock in the rows of lock.cpp."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import check, cost_row, main, race, row  # noqa: E402

LOCKINGS = 100_000


@cost_row("lock.alone", LOCKINGS)
def alone(items):
    lock, count = threading.Lock(), 0
    start = time.perf_counter()
    for _ in range(items):
        with lock:
            count += 1
    seconds = time.perf_counter() - start
    check(count, items)
    return seconds


def contended(threads, items):
    lock, count, share = threading.Lock(), [0], items // threads

    def work():
        for _ in range(share):
            with lock:
                count[0] += 1

    seconds = race([work] * threads)
    check(count[0], share * threads)
    return seconds


for threads in (2, 4, 8):
    row("lock.contended.%dt" % threads, LOCKINGS, threads)(lambda items, n=threads: contended(n, items))

if __name__ == "__main__":
    sys.exit(main())
