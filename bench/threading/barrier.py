"""CPython's threading.Barrier in the rows of barrier.cpp."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import Broken, main, race, row  # noqa: E402

ROUNDS = 500


def meet(threads, rounds):
    barrier, notes = threading.Barrier(threads), [0] * threads
    late = []

    def work(own):
        for n in range(1, rounds + 1):
            if n % 2:
                notes[own] = n
            elif notes[(own + 1) % threads] != n - 1:
                late.append(own)
            barrier.wait()

    seconds = race([lambda own=own: work(own) for own in range(threads)])
    if late:
        raise Broken("a thread was left behind")
    return seconds


for threads in (2, 4, 8, 16):
    row("barrier.%dt" % threads, ROUNDS)(lambda rounds, n=threads: meet(n, rounds))

if __name__ == "__main__":
    sys.exit(main())
