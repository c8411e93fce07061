"""CPython's os.popen in the rows of popen.cpp."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from payload import BLOCK, CAPTURED, WRITER, payload  # noqa: E402
from scenario import check, latency_row, main, row  # noqa: E402


def read_from(command):
    pipe = os.popen(command)
    text = pipe.read()
    return text, pipe.close()


@latency_row("os.popen.word", 200)
def word(items):
    times = []
    for number in range(items):
        start = time.perf_counter_ns()
        text, status = read_from("echo %d" % number)
        times.append(time.perf_counter_ns() - start)
        check((text, status), ("%d\n" % number, None))
    return times


@row("os.popen.read", CAPTURED, BLOCK)
def read(size):
    blocks = size // BLOCK
    start = time.perf_counter()
    text, status = read_from("'%s' 1 %d" % (WRITER, blocks))
    seconds = time.perf_counter() - start
    check(status, None)
    check(text.encode() == payload(blocks), True)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
