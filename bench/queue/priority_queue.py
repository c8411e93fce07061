"""CPython's queue.PriorityQueue in the rows of priority_queue.cpp."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]  # has a queue.py
import queue  # noqa: E402

sys.path.insert(0, HERE)
from flows import ITEMS  # noqa: E402
from scenario import check, main, race, row  # noqa: E402


def shuffled(n):
    return (n * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 32


def flow(pairs, items):
    share = items // pairs
    q, put, got = queue.PriorityQueue(), [], []

    def produce(which):
        total = 0
        for n in range(share):
            item = shuffled(which * share + n)
            q.put(item)
            total += item
        put.append(total)

    def consume():
        got.append(sum(q.get() for _ in range(share)))

    seconds = race([lambda which=which: produce(which) for which in range(pairs)]
                   + [consume] * pairs)
    check(sum(got), sum(put))
    return seconds


for count in (1, 2):
    row("priority_queue.int.%dp%dc" % (count, count), ITEMS, count)(
        lambda items, count=count: flow(count, items))

if __name__ == "__main__":
    sys.exit(main())
