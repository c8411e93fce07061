"""CPython's subprocess.run in the rows of run.cpp."""
import mmap
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import Broken, check, latency_row, main, race, row  # noqa: E402

TRUE = ["/bin/true"]
CHILDREN, CHILDREN_OF_LARGE = 200, 20
LARGE = 2 << 30
THREADS = 4
memory = []


def one_by_one(children):
    times = []
    for _ in range(children):
        start = time.perf_counter_ns()
        done = subprocess.run(TRUE)
        times.append(time.perf_counter_ns() - start)
        check(done.returncode, 0)
    return times


def make_resident():
    """In small pages, as resident.hpp does."""
    with open("/proc/meminfo") as file:
        available = int(re.search(r"MemAvailable:\s*(\d+)", file.read()).group(1)) << 10
    needed = LARGE + (256 << 20)
    if available < needed:
        raise Broken("not enough memory for this row: %d MiB are available, %d needed"
                     % (available >> 20, needed >> 20))
    block = mmap.mmap(-1, LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block.madvise(mmap.MADV_NOHUGEPAGE)
    for at in range(0, LARGE, mmap.PAGESIZE):
        block[at] = 1
    memory.append(block)


latency_row("subprocess.run.small", CHILDREN)(one_by_one)


@latency_row("subprocess.run.2gib", CHILDREN_OF_LARGE)
def large(children):
    if not memory:
        make_resident()
    return one_by_one(children)


@row("subprocess.run.4t", CHILDREN, THREADS)
def at_once(children):
    return race([lambda: one_by_one(children // THREADS)] * THREADS)


if __name__ == "__main__":
    sys.exit(main())
