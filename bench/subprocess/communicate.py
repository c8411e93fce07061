"""CPython's Popen.communicate in the rows of communicate.cpp."""
import os
import sys
import time
from subprocess import PIPE, Popen

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from payload import BLOCK, CAPTURED, WRITER, payload  # noqa: E402
from scenario import check, main, row  # noqa: E402


def capture(pipes, size):
    blocks = size // BLOCK
    words = [WRITER, str(pipes), str(blocks)]
    start = time.perf_counter()
    child = Popen(words, stdout=PIPE, stderr=PIPE if pipes == 2 else None)
    outputs = child.communicate()
    seconds = time.perf_counter() - start
    check(child.returncode, 0)
    for pipe in range(pipes):
        check(outputs[pipe] == payload(blocks, pipe, pipes), True)
    return seconds


row("subprocess.communicate.1pipe", CAPTURED, BLOCK)(lambda size: capture(1, size))
row("subprocess.communicate.2pipes", CAPTURED, 2 * BLOCK)(lambda size: capture(2, size))

if __name__ == "__main__":
    sys.exit(main())
