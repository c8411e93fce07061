"""CPython's threading.RLock in the rows of rlock.cpp."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import alone  # noqa: E402
from scenario import check, cost_row, main  # noqa: E402

alone.enter("rlock", threading.RLock)


@cost_row("rlock.nested", alone.LOCKINGS)
def nested(items):
    lock, count = threading.RLock(), 0
    start = time.perf_counter()
    for _ in range(items):
        with lock:
            with lock:
                with lock:
                    count += 1
    seconds = time.perf_counter() - start
    check(count, items)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
