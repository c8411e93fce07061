"""CPython's ThreadPoolExecutor in the rows of thread.cpp.

Executor.map has no use for a chunk size with threads; multiprocessing.pool.ThreadPool has, and is
much faster for it: that is the one that stands in the row.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from multiprocessing.pool import ThreadPool  # noqa: E402

sys.path.insert(0, os.path.join(HERE, "..", "..", "harness"))
from scenario import arrive, check, latency_row, main, open_loop_row, race, row  # noqa: E402

TASKS = 20_000  # CPython is that much slower than the 1e6 of the C++ rows


def sum_below(count):
    return count * (count - 1) // 2


@row("thread_pool.submit.2w", TASKS)
def submit(tasks):
    with ThreadPoolExecutor(2) as executor:
        start = time.perf_counter()
        futures = [executor.submit(lambda n=n: n) for n in range(tasks)]
        total = sum(future.result() for future in futures)
        seconds = time.perf_counter() - start
    check(total, sum_below(tasks))
    return seconds


def forget(workers, producers, tasks):
    share, seen = tasks // producers, []
    with ThreadPoolExecutor(workers) as executor:
        def produce():
            for n in range(share):
                executor.submit(seen.append, n)

        start = time.perf_counter()
        if producers == 1:
            produce()
        else:
            race([produce] * producers)
        executor.shutdown()
        seconds = time.perf_counter() - start
    check(sum(seen), producers * sum_below(share))
    return seconds


row("thread_pool.forget.2w", TASKS)(lambda tasks: forget(2, 1, tasks))
row("thread_pool.forget.4w", TASKS)(lambda tasks: forget(4, 1, tasks))
row("thread_pool.forget.4p2w", TASKS, 4)(lambda tasks: forget(2, 4, tasks))


def round_trips(count, pause):
    times = []
    with ThreadPoolExecutor(2) as executor:
        for n in range(count):
            if pause:
                time.sleep(pause)
            start = time.perf_counter_ns()
            result = executor.submit(lambda n=n: n).result()
            times.append(time.perf_counter_ns() - start)
            check(result, n)
    return times


@latency_row("start.thread_pool", 500)
def starts(count):
    times = []
    for n in range(count):
        start = time.perf_counter_ns()
        with ThreadPoolExecutor(2) as executor:
            result = executor.submit(lambda n=n: n).result()
        times.append(time.perf_counter_ns() - start)
        check(result, n)
    return times


latency_row("thread_pool.roundtrip.hot", 4000)(lambda count: round_trips(count, 0))
latency_row("thread_pool.roundtrip.parked", 300)(lambda count: round_trips(count, 0.001))


@open_loop_row("thread_pool.open_loop", TASKS)
def open_posts(per_second, count):
    took, seen = [], []

    def task(start, due):
        took.append(max(0, time.perf_counter_ns() - start - due))
        seen.append(due)

    with ThreadPoolExecutor(2) as executor:
        start, sent = time.perf_counter_ns(), []

        def send(due):
            executor.submit(task, start, due)
            sent.append(due)

        arrive(start, per_second, count, send)
    check(sum(seen), sum(sent))
    return took


def tiny(x):
    return 3 * x + 1


@row("thread_pool.map", 200_000)
def map_(count):
    with ThreadPool(2) as pool:
        start = time.perf_counter()
        total = sum(pool.map(tiny, range(count), chunksize=max(1, count // 40)))
        seconds = time.perf_counter() - start
    check(total, 3 * sum_below(count) + count)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
