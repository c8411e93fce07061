"""CPython's threading.Condition, over a Lock, in the row of condition.cpp."""
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pingpong  # noqa: E402
from scenario import main  # noqa: E402


def make():
    changed, turn = threading.Condition(threading.Lock()), [False]

    def end_turn(of):
        with changed:
            changed.wait_for(lambda: turn[0] is of)
            turn[0] = not of
            changed.notify()

    return lambda: end_turn(False), lambda: end_turn(True)


pingpong.enter("condition.pingpong", make)

if __name__ == "__main__":
    sys.exit(main())
