"""CPython's threading.Event in the row of event.cpp."""
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pingpong  # noqa: E402
from scenario import main  # noqa: E402


def make():
    there, back = threading.Event(), threading.Event()

    def serve():
        there.set()
        back.wait()
        back.clear()

    def answer():
        there.wait()
        there.clear()
        back.set()

    return serve, answer


pingpong.enter("event.pingpong", make)

if __name__ == "__main__":
    sys.exit(main())
