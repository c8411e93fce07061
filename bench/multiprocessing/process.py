"""CPython's multiprocessing.Process in the rows of process.cpp."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]  # not where queue.py is ours
import multiprocessing  # noqa: E402

sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from scenario import check, latency_row, main  # noqa: E402


def nothing():
    pass


def starts(method, count):
    context, times = multiprocessing.get_context(method), []
    for _ in range(count):
        start = time.perf_counter_ns()
        process = context.Process(target=nothing)
        process.start()
        process.join()
        times.append(time.perf_counter_ns() - start)
        check(process.exitcode, 0)
    return times


for name, most in (("fork", 100), ("spawn", 10), ("forkserver", 20)):
    latency_row("start.process." + name, most)(lambda count, method=name: starts(method, count))

if __name__ == "__main__":
    sys.exit(main())
