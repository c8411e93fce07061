"""CPython's threading.Thread in the row of thread.cpp."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import check, latency_row, main  # noqa: E402


@latency_row("start.thread", 1000)
def starts(count):
    times, ran = [], []
    for n in range(count):
        start = time.perf_counter_ns()
        thread = threading.Thread(target=ran.append, args=(n,))
        thread.start()
        thread.join()
        times.append(time.perf_counter_ns() - start)
    check(ran, list(range(count)))
    return times


if __name__ == "__main__":
    sys.exit(main())
