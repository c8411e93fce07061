"""How to wait until what was put is done: the twin of conformance/examples/queue/working.cpp.

The worker, the thirty items and the lines printed are those of the example in CPython's documentation of queue.
"""

import queue
import threading

q = queue.Queue()


def worker():
    while True:
        item = q.get()
        print('Working on', item)
        print('Finished', item)
        q.task_done()


threading.Thread(target=worker, daemon=True).start()

for item in range(30):
    q.put(item)

q.join()
print('All work completed')
