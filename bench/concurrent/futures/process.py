"""CPython's ProcessPoolExecutor in the rows of process.cpp."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]
import multiprocessing  # noqa: E402
from concurrent.futures import ProcessPoolExecutor  # noqa: E402

sys.path.insert(0, os.path.join(HERE, "..", "..", "harness"))
from scenario import check, latency_row, main, row  # noqa: E402

CALLS = 5_000  # CPython is that much slower than the 1e5 of the C++ rows
EXECUTORS = []


def tiny(x):
    return 3 * x + 1


def executor_of_two():
    if not EXECUTORS:
        EXECUTORS.append(ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")))
    return EXECUTORS[0]


def map_(calls, chunksize):
    executor, inputs = executor_of_two(), list(range(calls))
    start = time.perf_counter()
    total = sum(executor.map(tiny, inputs, chunksize=chunksize))
    seconds = time.perf_counter() - start
    check(total, 3 * calls * (calls - 1) // 2 + calls)
    return seconds


row("process_executor.map.chunk1", CALLS)(lambda calls: map_(calls, 1))
row("process_executor.map.chunk100", 20 * CALLS)(lambda calls: map_(calls, 100))


@row("process_executor.submit", CALLS)
def submit(calls):
    executor = executor_of_two()
    start = time.perf_counter()
    total = sum(future.result() for future in [executor.submit(tiny, x) for x in range(calls)])
    seconds = time.perf_counter() - start
    check(total, 3 * calls * (calls - 1) // 2 + calls)
    return seconds


@latency_row("process_executor.roundtrip", 1000)
def round_trips(count):
    executor, times = executor_of_two(), []
    for x in range(count):
        start = time.perf_counter_ns()
        result = executor.submit(tiny, x).result()
        times.append(time.perf_counter_ns() - start)
        check(result, tiny(x))
    return times


def starts(method, count):
    """From the start of one of two workers to its first result."""
    times = []
    for _ in range(count):
        begin = time.perf_counter_ns()
        executor = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method))
        result = executor.submit(tiny, 1).result()
        times.append(time.perf_counter_ns() - begin)
        executor.shutdown()
        check(result, tiny(1))
    return times


for name in "fork", "spawn", "forkserver":
    latency_row("start.process_executor." + name, 20 if name == "fork" else 10)(lambda count, method=name: starts(method, count))

if __name__ == "__main__":
    status = main()
    for each in EXECUTORS:
        each.shutdown()
    sys.exit(status)
