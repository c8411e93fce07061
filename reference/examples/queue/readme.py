"""The README's queue: the twin of conformance/examples/queue/readme.cpp.

Since 3.13: a queue can be shut down.
"""

import queue
import threading

tasks = queue.Queue(10)  # at most ten inside: put() waits for room


def work():
    try:
        while True:
            task = tasks.get()
            print('working on', task)
            tasks.task_done()
    except queue.ShutDown:
        print('nothing left')


worker = threading.Thread(target=work)
worker.start()

for task in range(1, 4):
    tasks.put(task)
tasks.join()  # until task_done() has been said for each
tasks.shutdown()  # ends the worker's get()
worker.join()
