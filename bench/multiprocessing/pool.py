"""CPython's multiprocessing.Pool in the rows of pool.cpp."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]  # not ourselves
import multiprocessing  # noqa: E402

sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from scenario import check, cost_row, latency_row, main, row  # noqa: E402

CALLS = 20_000  # CPython is that much slower than the 1e5 of the C++ rows
POOLS = []


def tiny(x):
    return 3 * x + 1


def pool_of_two():
    if not POOLS:
        POOLS.append(multiprocessing.get_context("fork").Pool(2))
    return POOLS[0]


def map_(calls, chunksize):
    pool, inputs = pool_of_two(), list(range(calls))
    start = time.perf_counter()
    total = sum(pool.map(tiny, inputs, chunksize))
    seconds = time.perf_counter() - start
    check(total, 3 * calls * (calls - 1) // 2 + calls)
    return seconds


row("process_pool.map.chunk1", CALLS)(lambda calls: map_(calls, 1))
row("process_pool.map.chunk100", 10 * CALLS)(lambda calls: map_(calls, 100))
row("process_pool.map.default", 10 * CALLS)(lambda calls: map_(calls, None))


@row("process_pool.apply_async", CALLS)
def apply_async(calls):
    pool = pool_of_two()
    start = time.perf_counter()
    total = sum(result.get() for result in [pool.apply_async(tiny, (x,)) for x in range(calls)])
    seconds = time.perf_counter() - start
    check(total, 3 * calls * (calls - 1) // 2 + calls)
    return seconds


@latency_row("process_pool.roundtrip", 2000)
def round_trips(count):
    pool, times = pool_of_two(), []
    for x in range(count):
        start = time.perf_counter_ns()
        result = pool.apply(tiny, (x,))
        times.append(time.perf_counter_ns() - start)
        check(result, tiny(x))
    return times


def start(method):
    begin = time.perf_counter()
    pool = multiprocessing.get_context(method).Pool(2)
    result = pool.apply(tiny, (1,))
    seconds = time.perf_counter() - begin
    pool.terminate()
    pool.join()
    check(result, tiny(1))
    return seconds


for name in "fork", "spawn", "forkserver":
    cost_row("process_pool.start." + name, 20)(
        lambda starts, method=name: sum(start(method) for _ in range(starts)))

if __name__ == "__main__":
    status = main()
    for each in POOLS:
        each.terminate()
        each.join()
    sys.exit(status)
