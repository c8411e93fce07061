"""CPython's queue.Queue in the rows of queue.cpp."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]  # not ourselves
import queue  # noqa: E402

sys.path.insert(0, HERE)
from flows import enter_flows, enter_open_loop, enter_quick, enter_shares  # noqa: E402
from scenario import main  # noqa: E402

INTS = {"int": (1, 2, 4)}

enter_flows("queue.bounded", lambda: queue.Queue(maxsize=1024),
            dict(INTS, str=(1, 2), ptr=(1, 2)))
enter_quick("queue", lambda: queue.Queue(maxsize=1024))
enter_flows("queue.unbounded", queue.Queue, INTS)
enter_open_loop("queue", lambda: queue.Queue(maxsize=1024))
enter_shares("queue", lambda: queue.Queue(maxsize=1024))

if __name__ == "__main__":
    sys.exit(main())
