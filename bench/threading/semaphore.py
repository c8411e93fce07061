"""CPython's threading.Semaphore in the row of semaphore.cpp."""
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pingpong  # noqa: E402
from scenario import main  # noqa: E402


def make():
    there, back = threading.Semaphore(0), threading.Semaphore(0)

    def serve():
        there.release()
        back.acquire()

    def answer():
        there.acquire()
        back.release()

    return serve, answer


pingpong.enter("semaphore.pingpong", make)

if __name__ == "__main__":
    sys.exit(main())
