"""CPython's multiprocessing.Queue in the rows of queue.cpp."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]  # not ourselves
import multiprocessing  # noqa: E402

sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from scenario import Broken, check, main, row  # noqa: E402

CONTEXT = multiprocessing.get_context("fork")
BYTES = 1024
ITEMS = 10_000
REST = b"x" * (BYTES - 16)


def flow(queue, pairs, items):
    share = items // pairs
    line = CONTEXT.Barrier(2 * pairs + 1)
    results = CONTEXT.SimpleQueue()

    def produce(producer):
        line.wait()
        for n in range(share):
            stamp = (producer << 48 | n).to_bytes(8, "little")
            queue.put(stamp + REST + stamp)
        results.put((time.perf_counter(), 0))

    def consume():
        line.wait()
        total, following = 0, [0] * pairs
        for _ in range(share):
            item = queue.get()
            stamp = int.from_bytes(item[:8], "little")
            if len(item) != BYTES or item[-8:] != item[:8] or stamp & 0xFFFF_FFFF_FFFF < following[stamp >> 48]:
                raise Broken("an item arrived damaged, or out of order")
            following[stamp >> 48] = (stamp & 0xFFFF_FFFF_FFFF) + 1
            total += stamp
        results.put((time.perf_counter(), total))

    processes = [CONTEXT.Process(target=produce, args=(producer,)) for producer in range(pairs)]
    processes += [CONTEXT.Process(target=consume) for _ in range(pairs)]
    for process in processes:
        process.start()
    line.wait()
    start = time.perf_counter()  # the same clock in all processes
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise Broken("a process has failed")
    ends, sums = zip(*(results.get() for _ in processes))
    check(sum(sums), sum((producer << 48) * share + share * (share - 1) // 2 for producer in range(pairs)))
    return max(ends) - start


for count in (1, 2):
    made = CONTEXT.Queue(maxsize=1024)
    row("multiprocessing.queue.1k.%dp%dc" % (count, count), ITEMS, count)(
        lambda items, queue=made, pairs=count: flow(queue, pairs, items))

if __name__ == "__main__":
    sys.exit(main())
