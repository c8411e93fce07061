"""CPython's threading.Lock in the rows of lock.cpp."""
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import alone  # noqa: E402
from scenario import check, main, race, row, shares_row  # noqa: E402

alone.enter("lock", threading.Lock)


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
    row("lock.contended.%dt" % threads, alone.LOCKINGS, threads)(lambda items, n=threads: contended(n, items))


@shares_row("lock.shares.4t")
def lock_shares(stop):
    lock, count, counts = threading.Lock(), [0], []

    def work():
        mine = 0
        while not stop():
            with lock:
                count[0] += 1
            mine += 1
        counts.append(mine)

    race([work] * 4)
    check(count[0], sum(counts))
    return counts


if __name__ == "__main__":
    sys.exit(main())
