"""CPython's queue.SimpleQueue, which is written in C, in the rows of simple_queue.cpp."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]  # has a queue.py
import queue  # noqa: E402

sys.path.insert(0, HERE)
from flows import ITEMS, enter_flows, enter_quick  # noqa: E402
from scenario import main  # noqa: E402

enter_flows("simple_queue", queue.SimpleQueue, {"int": (1, 2, 4), "str": (1, 2), "ptr": (1, 2)},
            items=10 * ITEMS)
enter_quick("simple_queue", queue.SimpleQueue)

if __name__ == "__main__":
    sys.exit(main())
